"""Write what an index knows in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import Json, Quiet, Revision, app, log_to_stderr, print_result
from .index_source import IndexSource


@app.command(epilog="Example:  hf-exbert export woz-bert --headvis exports/bert/headvis/woz")
def export(
    index: Annotated[str, typer.Argument(help="Folder of an index, its repository on the Hub, or demo.")],
    headvis: Annotated[
        Path, typer.Option(help="Folder to write for the front end of HeadVis; a new one.", show_default=False)
    ],
    sentences: Annotated[int, typer.Option(help="Sentences of the corpus at most, spread evenly.", min=1)] = 2000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an export in that folder.")] = False,
    revision: Revision = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the attention heads of an index as the static files that HeadVis shows."""
    log_to_stderr(quiet)
    from exbert_hub.index.export.headvis import write_headvis

    opened = IndexSource((index,), revision, quiet=quiet).open()
    written = write_headvis(opened, headvis, sentences=sentences, overwrite=overwrite)
    print_result({"folder": str(written)}, lambda: str(written), as_json)
