"""`hf-exbert`: the verbs of the Python API on the command line.

Results go to stdout (`--json` for machines), progress and messages to stderr. Exit code 0; 1 for a failure, reported
in one line; 2 for wrong usage.
"""

from __future__ import annotations

import typer

from exbert_hub.errors import ExbertError

from . import compare, deploying, exporting, heads, indexing, local, sharing  # noqa: F401  # commands register themselves
from .common import app


def main() -> int:
    """Run the command line; failures that the user can fix are reported in one line."""
    try:
        app()
    except (ExbertError, OSError) as error:  # a full disk, a folder without write permission
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        return 1
    return 0
