"""`make bench`: every figure against a limit or a peer, measured in the same run, into docs/benchmarks.md.

`--quick` prints, in about a minute, those that need no browser, no cluster and no growing; each section can be asked
for by its name, quick or not.

A section is a module with `quick()` and `full()`. One that fails is reported on the page, and the others still run.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from . import measure

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SECTIONS = {
    "building": "Building",
    "heads": "The head finder",
    "searching": "Searching",
    "factories": "Coarse stages to choose from",
    "storage": "Storage",
    "growth": "Growth",
    "peers": "Peers",
    "browser": "The page",
    "serving": "Serving",
    "distributed": "On a cluster",
}
QUICK = ("building", "searching", "factories", "peers")


def section(name: str, quick: bool) -> str:
    """The rows of one section as Markdown, or why there are none."""
    start = time.perf_counter()
    try:
        module = importlib.import_module(f"{__package__}.{name}")
        body = measure.table(module.quick() if quick else module.full())
    except Exception as error:  # the page says so; the other sections are measured all the same
        logging.exception("%s failed", name)
        body = f"**Failed**: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}\n"
    return f"## {SECTIONS[name]}\n\n{body}\n{time.perf_counter() - start:.0f} s, `benchmarks/{name}.py`\n"


def page(names: list[str], quick: bool) -> str:
    if names == chosen("all", quick):
        command = "make bench" + (" QUICK=1" if quick else "")
    else:
        command = f"python -m benchmarks.run {' '.join(names)}" + (" --quick" if quick else "")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PAGE.parent, capture_output=True, text=True, check=False
    )
    return (
        f"# Benchmarks\n\nWritten by `{command}` on {date.today()}, at commit {commit.stdout.strip() or 'unknown'}. "
        "Values are medians, spreads are interquartile ranges; the two sides of a ratio ran in turns, in one process "
        "where they can. Figures without a limit are for orientation."
        f"{' The limits are meant for the sizes of a full run.' if quick else ''}\n\n"
        f"{measure.machine()}\n" + "\n".join(section(name, quick) for name in names)
    )


def chosen(sections: str | list[str], quick: bool) -> list[str]:
    """The names of what was asked for."""
    return list(QUICK if quick else SECTIONS) if sections == "all" else list(sections)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=["all", *SECTIONS], default="all", help="all writes the page")
    parser.add_argument("--quick", action="store_true", help="smaller; all of it in about a minute")
    arguments = parser.parse_args()
    written = page(chosen(arguments.sections, arguments.quick), arguments.quick)
    sys.stdout.write(written)
    if arguments.sections == "all" and not arguments.quick:
        PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
