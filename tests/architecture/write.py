"""Goes every way and writes its files into docs/architecture.md: `python -m tests.architecture.write`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import tests.conftest  # noqa: F401  # sets up caches of its own before any library reads where they are

from .page import PAGE, read_leaves
from .ways import WAYS, gone


def main() -> None:
    leaves = read_leaves()
    for name in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            way = gone(name, Path(folder))
        files = [file for file in way.files if not leaves.match(file)]
        beside = sorted(file for file in way.beside if not leaves.match(file))
        lines = [f"{number}. `{file}`" for number, file in enumerate(files, 1)]
        if beside:
            lines += ["", "In other threads: " + ", ".join(f"`{file}`" for file in beside)]
        body = "\n".join(lines)
        text = PAGE.read_text("utf-8")
        pattern = re.compile(rf"(<!-- way: {re.escape(name)} -->\n).*?(<!-- end of way -->)", re.DOTALL)
        assert pattern.search(text), f"the page has no place for {name}"
        PAGE.write_text(pattern.sub(rf"\g<1>\n{body}\n\n\g<2>", text), "utf-8")


if __name__ == "__main__":
    main()
