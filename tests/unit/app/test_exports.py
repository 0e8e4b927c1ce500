"""Tables to take away: complete, typed, and harmless in a spreadsheet."""

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from exbert_hub.app.wire import exports


@pytest.fixture(scope="module")
def matches(index, inspector):
    return index.search(inspector.inspect("She ran to escape - at last."), "escape", layer=2, k=20)


def forged(matches, **labels):
    """The same matches, the first with labels of our choice."""
    first = replace(matches[0], labels={**matches[0].labels, **labels})
    return replace(matches, matches=(first, *matches[1:]))


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_csv_has_every_match_and_column(matches, index):
    frame = pd.read_csv(io.BytesIO(exports.to_csv(matches, index)), keep_default_na=False)
    assert len(frame) == 20
    assert list(frame.columns) == list(matches.to_pandas().columns)
    assert frame["score"].tolist() == pytest.approx([round(match.score, 6) for match in matches])
    assert frame["sentence_text"].tolist() == [match.context.text for match in matches]


def test_numbers_stay_numbers_also_below_zero(matches, index):
    offsets = [row["offset"] for row in read_csv(exports.to_csv(matches, index))]
    assert offsets == [str(match.offset) for match in matches]
    assert any(offset.startswith("-") for offset in offsets)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")', "＝1", "－1"]
)
def test_no_cell_is_a_formula(matches, index, cell):
    rows = read_csv(exports.to_csv(forged(matches, text=cell), index))
    assert rows[0]["text"] == f"'{cell}"


@pytest.mark.parametrize("cell", ["escape", "a=b", "'quoted'", 'say "no", please', "two\nlines", "", "日本語", "3-1"])
def test_other_text_comes_through_as_it_is(matches, index, cell):
    assert read_csv(exports.to_csv(forged(matches, text=cell), index))[0]["text"] == cell


def test_names_of_columns_are_text_of_the_corpus_too(matches, index):
    assert "'=cmd()" in read_csv(exports.to_csv(forged(matches, **{"=cmd()": "x"}), index))[0]


def test_json_is_what_python_says_and_where_it_comes_from(matches, index):
    told = json.loads(exports.to_json(matches, index))
    source = told.pop("source")
    assert told == json.loads(json.dumps(matches.to_dict()))
    assert source["corpus"] == index.manifest.corpus.name and source["model"] == index.manifest.model_id


def test_parquet_keeps_types_and_the_query(matches, index):
    table = pq.read_table(io.BytesIO(exports.to_parquet(matches, index)))
    assert table.to_pylist() == matches.to_pandas().to_dict("records")
    assert str(table.schema.field("offset").type) == "int64" and str(table.schema.field("score").type) == "double"
    about = json.loads(table.schema.metadata[b"exbert"])
    assert about["query"]["word"] == "escape" and about["source"]["index"] == index.name_or_path


def test_matches_without_attention_leave_cells_empty(matches, index):
    bare = replace(matches, matches=tuple(replace(m, max_attention=None, offset=None) for m in matches))
    assert read_csv(exports.to_csv(bare, index))[0]["offset"] == ""
    assert pq.read_table(io.BytesIO(exports.to_parquet(bare, index)))["offset"].null_count == 20


def test_file_names_are_names(matches, index):
    assert exports.file_name(matches.query, "csv") == "exbert-escape-2.csv"
    heads = replace(matches.query, by="heads", heads=(6, 9), word="../a b?")
    assert exports.file_name(heads, "json") == "exbert-a-b-2-6-9.json"
    assert exports.file_name(replace(matches.query, word="???"), "csv") == "exbert-2.csv"
