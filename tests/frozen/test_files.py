"""What lies on the disk is what earlier code wrote, and what today's code writes has the same names and columns."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from .exports import SEARCH, exported
from .files import described_files, names
from .same import assert_same
from .stored import EXPECTED, FROZEN, INDEXES, Stored

MOST_BYTES = 2_000_000


def test_nothing_of_the_fixture_was_changed(expected: Callable[[str], Any]) -> None:
    assert_same(expected("files"), described_files())
    folders = [path.parent for path in FROZEN.glob("**/exbert.json")]
    assert len(folders) == len(INDEXES) - 1 + len(list(FROZEN.glob("shards/shard-*")))
    for folder in folders:
        listed = json.loads((folder / "exbert.json").read_text(encoding="utf-8"))["files"]
        assert sorted([*listed, "exbert.json"]) == names(folder)
        for name, entry in listed.items():
            content = (folder / name).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["size"], entry["sha256"]), name


def test_the_fixture_is_small() -> None:
    assert sum(path.stat().st_size for path in FROZEN.rglob("*") if path.is_file()) <= MOST_BYTES


def test_the_list_of_the_shards_names_their_manifests() -> None:
    listed = json.loads((FROZEN / "shards" / "shards.json").read_text(encoding="utf-8"))["shards"]
    manifests = sorted((FROZEN / "shards").glob("*/exbert.json"))
    assert listed == {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in manifests}


def export(stored: Stored, format: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.chdir(FROZEN)
    return exported(SEARCH.find(stored), stored.index(*SEARCH.index), format)


def before(format: str) -> bytes:
    return Path(EXPECTED / f"search.{format}").read_bytes()


def test_the_csv_of_a_search(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, found = (
        [row.split(",", 2) for row in content.decode().split("\r\n")]
        for content in (before("csv"), export(stored, "csv", monkeypatch))
    )
    assert [[row[0], *row[2:]] for row in found] == [[row[0], *row[2:]] for row in expected]  # all but the scores
    assert found[0][1] == "score" and found[-1] == [""]
    assert_same(*([{"score": float(row[1])} for row in rows[1:-1]] for rows in (expected, found)))


def test_the_json_of_a_search(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, found = before("json"), export(stored, "json", monkeypatch)
    for content in (expected, found):
        assert json.dumps(json.loads(content), ensure_ascii=False, indent=1).encode() == content
    assert_same(settled(json.loads(expected)), settled(json.loads(found)))


def test_the_parquet_of_a_search(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, found = (
        pq.read_table(io.BytesIO(content)) for content in (before("parquet"), export(stored, "parquet", monkeypatch))
    )
    assert found.schema.equals(expected.schema)
    assert_same(expected.to_pylist(), found.to_pylist())
    about = [settled(json.loads(table.schema.metadata[b"exbert"])) for table in (expected, found)]
    assert_same(*about)


def settled(content: dict[str, Any]) -> dict[str, Any]:
    """Without the version that wrote it, and the folder that it was written in."""
    place = Path(content["source"]["index"]).name
    return content | {"source": content["source"] | {"exbert_hub": "", "index": place}}
