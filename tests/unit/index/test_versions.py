"""Older and newer minor versions are read, another major version is refused."""

import json
import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exbert_hub import demo
from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of
from exbert_hub.index import CorpusIndex
from exbert_hub.index.build.plan import make_plan, same_build
from exbert_hub.index.format import head_table, tables
from exbert_hub.index.format.head_schema import HEADS_TABLE
from exbert_hub.index.format.head_table import HeadScore
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.versions import FORMAT_MINOR, FORMAT_VERSION, TableColumn, TableFormat
from exbert_hub.index.store.coarse import add_coarse_stages


@pytest.fixture
def copy(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
    return tmp_path / "copy"


def change(folder, **changes):
    path = folder / "exbert.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def rewrite(folder, name, edit):
    """Change a table; the manifest says so."""
    path = folder / name
    pq.write_table(edit(pq.read_table(path)), path)
    files = json.loads((folder / "exbert.json").read_text())["files"]
    change(folder, files=files | {name: {"size": path.stat().st_size, "sha256": sha256_of(path)}})


def with_column(table):
    return table.append_column("later", pa.array(["x" * 50] * len(table)))


TABLES = ["heads.parquet", "tokens/part-00000.parquet", "sentences/part-00000.parquet"]


def answers(folder, inspector):
    opened = CorpusIndex.from_pretrained(folder)
    matches = opened.search(inspector.inspect(demo.SENTENCE, mask=["escape"]), "escape", by="heads", layer=5, k=5)
    return opened.heads().to_dict(), matches.to_dict(), opened.tokens.column_names, opened.sentences.column_names


def test_what_a_newer_minor_version_adds_is_ignored(copy, index, inspector):
    for name in TABLES:
        rewrite(copy, name, with_column)
    (copy / "later.bin").write_bytes(b"later")
    files = json.loads((copy / "exbert.json").read_text())["files"]
    change(
        copy,
        format_minor=FORMAT_MINOR + 1,
        later={"a": 1},
        files=files | {"later.bin": {"size": 5, "sha256": "0" * 64}, "../up": {"size": 1, "sha256": "0" * 64}},
    )
    assert answers(copy, inspector) == answers(index.folder, inspector)
    assert Manifest.load(copy).files.keys() == files.keys()


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_column_is_refused_where_no_newer_version_is_claimed(copy, name):
    rewrite(copy, name, with_column)
    with pytest.raises(IndexFormatError, match="columns besides"):
        CorpusIndex.from_pretrained(copy).heads()


def test_a_newer_version_may_not_add_columns_without_end(copy):
    def widened(table):
        for number in range(65):
            table = table.append_column(f"later_{number}", pa.nulls(len(table), pa.int8()))
        return table

    rewrite(copy, "heads.parquet", widened)
    change(copy, format_minor=FORMAT_MINOR + 1)
    with pytest.raises(IndexFormatError, match="65 columns more"):
        CorpusIndex.from_pretrained(copy).heads()


@pytest.mark.parametrize("minor", [FORMAT_MINOR, FORMAT_MINOR + 1])
def test_what_every_version_has_is_required_whatever_version_is_claimed(copy, minor):
    change(copy, format_minor=minor)
    rewrite(copy, "heads.parquet", lambda table: with_column(table).drop_columns(["q"]))
    with pytest.raises(IndexFormatError, match="not have the columns of a table of heads"):
        CorpusIndex.from_pretrained(copy).heads()
    rewrite(copy, "tokens/part-00000.parquet", lambda table: table.rename_columns(["token", *table.column_names[1:]]))
    with pytest.raises(IndexFormatError, match="not have the columns of a tokens table"):
        CorpusIndex.from_pretrained(copy)


def test_a_column_of_ours_that_an_older_index_lacks_is_filled_in(index, inspector, monkeypatch):
    before = answers(index.folder, inspector)
    effect = TableColumn("effect", pa.float64(), nullable=True, since=FORMAT_MINOR + 1)
    monkeypatch.setattr(head_table, "HEADS_TABLE", replace(HEADS_TABLE, columns=(*HEADS_TABLE.columns, effect)))
    plain = tables.tokens_format

    def wider(extra):
        added = TableColumn("language", pa.string(), since=FORMAT_MINOR + 1, default="en")
        return replace(plain(extra), columns=(*plain(extra).columns, added))

    monkeypatch.setattr("exbert_hub.index.store.store.tokens_format", wider)
    opened = CorpusIndex.from_pretrained(index.folder)
    assert set(opened.tokens["language"]) == {"en"}
    assert opened.head_catalog._measured.column("effect").null_count == len(opened.head_catalog._measured)
    heads, matches, columns, sentences = answers(index.folder, inspector)
    assert (heads, matches, sentences) == (before[0], before[1], before[3])
    assert columns == [*before[2], "language"]


def test_another_major_version_is_refused_whatever_else_it_says(copy):
    (copy / "exbert.json").write_text(json.dumps({"format_version": FORMAT_VERSION + 1, "everything": "else"}))
    with pytest.raises(IndexFormatError, match=r"format version 2, this exbert_hub reads 1: upgrade exbert_hub"):
        CorpusIndex.from_pretrained(copy)


@pytest.mark.parametrize("changes", [{"codec": "pq"}, {"labels": 3}])
def test_a_newer_version_that_cannot_be_read_says_upgrade(copy, changes):
    change(copy, format_minor=7, **changes)
    with pytest.raises(IndexFormatError, match="upgrade"):
        CorpusIndex.from_pretrained(copy)


def test_an_index_of_a_newer_version_is_not_written_into(copy):
    change(copy, format_minor=FORMAT_MINOR + 1)
    opened = CorpusIndex.from_pretrained(copy)
    with pytest.raises(IndexFormatError, match="upgrade"):
        opened.annotate("capital", ["x"] * len(opened))
    with pytest.raises(IndexFormatError, match="upgrade"):
        add_coarse_stages(copy)


def test_the_first_minor_version_goes_without_saying(index):
    assert "format_minor" not in json.loads((index.folder / "exbert.json").read_text())
    assert replace(index.manifest, format_minor=3).to_dict()["format_minor"] == 3


def test_scores_of_heads_have_the_columns_of_their_table():
    assert HeadScore._fields == tuple(HEADS_TABLE.schema.names)


def test_a_table_knows_its_columns_by_name_and_type():
    table = TableFormat("a table", (TableColumn("a", pa.int32()), TableColumn("b", pa.string(), since=2)))
    assert table.missing_from(pa.schema([("a", pa.int32())]), 1) == table.columns[1:]
    for schema in ([("a", pa.int64())], [("b", pa.string()), ("a", pa.int32())], [("a", pa.int32())] * 2, []):
        with pytest.raises(IndexFormatError):
            table.missing_from(pa.schema(schema), 1)
    with pytest.raises(IndexFormatError, match="a, b"):
        table.missing_from(pa.schema([("a", pa.int32())]), 2)  # of that version, so it must be there


def test_a_plan_of_an_older_version_is_resumed_and_one_that_says_more_is_not(inspector, corpus):
    plan = make_plan(inspector.model_info, corpus.info)
    written = json.loads(plan.to_json())
    assert same_build(plan.to_json(), plan)
    del written["corpus"]["skipped"], written["model"]["dtype"]  # which have defaults
    assert same_build(json.dumps(written), plan)
    assert not same_build(json.dumps(written | {"later": 1}), plan)
    assert not same_build(json.dumps(written | {"window": 12}), plan)
    assert not same_build("{", plan) and not same_build("{}", plan)
