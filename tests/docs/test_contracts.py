"""docs/contracts.md names every field of the manifest, every column of the tables, every parameter of an address."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import exbert_hub

from .pages import ROOT

PAGE = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
STATIC = Path(exbert_hub.__file__).parent / "app/static"


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/contracts.md has no section {title!r}"
    return found[1]


def first_cells(text: str) -> set[str]:
    """What stands in code in the first column of the tables."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_field_of_the_manifest() -> None:
    from exbert_hub.index.format.manifest import Manifest

    fields = {name for name in inspect.signature(Manifest).parameters}
    assert first_cells(section("Manifest: `exbert.json`")) == fields


def test_every_column_of_the_tables() -> None:
    from exbert_hub.corpus.types import WORD_LABELS

    text = section("Tables")
    for name in ("piece", "piece_id", "sentence", "position", "word", *WORD_LABELS):
        assert f"`{name}`" in text


def test_every_parameter_of_an_address() -> None:
    (script,) = [path for path in STATIC.rglob("*.js") if re.search(r"\bFIELDS = \{\n", path.read_text("utf-8"))]
    body = script.read_text("utf-8").partition("FIELDS = {\n")[2]
    indent = re.match(r" *", body)[0]  # type: ignore[index]
    fields = set(re.findall(rf"^{indent}(\w+): ", body.partition(f"\n{indent[2:]}}};")[0] + "\n", re.MULTILINE))
    assert first_cells(section("The page")) == fields


def test_every_name_of_the_package() -> None:
    text = section("Python")
    for name in exbert_hub.__all__:
        assert name == "__version__" or f"`{name}`" in text
