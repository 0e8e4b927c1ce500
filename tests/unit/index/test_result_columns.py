"""The columns of results are listed once: tables, JSON, exports and the names that labels may not have follow."""

import csv
import io
from dataclasses import replace

import pandas as pd
import pytest

from exbert_hub import demo
from exbert_hub.app.wire.exports import to_csv, to_json, to_parquet
from exbert_hub.errors import AnnotationError, BuildError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format import result_columns
from exbert_hub.index.format.result_columns import AFTER_LABELS, BEFORE_LABELS, ResultColumn, reserved_names

from .conftest import ListCorpus


@pytest.fixture(scope="module")
def matches(index, inspector):
    return index.search(inspector.inspect(demo.SENTENCE, mask=["escape"]), "escape", k=5)


def test_every_row_has_the_columns_in_their_order(matches):
    before, after = ([column.name for column in columns] for columns in (BEFORE_LABELS, AFTER_LABELS))
    expected = [*before, *matches.labels, *after, *(f"max_attention_{name}" for name in matches.labels)]
    assert list(matches.to_pandas().columns) == expected
    assert [list(row) for row in matches.to_dict()["matches"]] == [expected] * 5
    row, first = matches.records()[0], matches[0]
    assert (row["rank"], row["row"], row["sentence_text"]) == (0, first.row, first.context.text)
    assert row["score"] == round(first.score, 6) and row["pos"] == first.labels["pos"]


def test_a_column_is_added_in_one_place(matches, index, inspector, corpus, monkeypatch, tmp_path):
    added = ResultColumn("pieces_in_sentence", "context.labels.positions.size")
    monkeypatch.setattr(result_columns, "AFTER_LABELS", (*AFTER_LABELS, added))
    counts = [len(match.context.labels.positions) for match in matches]
    assert matches.to_pandas()[added.name].tolist() == counts
    assert [row[added.name] for row in matches.to_dict()["matches"]] == counts
    rows = csv.DictReader(io.StringIO(to_csv(matches, index).decode()))
    assert [int(row[added.name]) for row in rows] == counts
    assert pd.read_parquet(io.BytesIO(to_parquet(matches, index)))[added.name].tolist() == counts
    assert f'"{added.name}": {counts[0]}' in to_json(matches, index).decode()
    with pytest.raises(BuildError, match="'pieces_in_sentence'"):
        CorpusIndex.build(inspector, with_column(corpus, added.name), tmp_path / "index")


@pytest.mark.parametrize("name", ["rank", "sentence_text", "offset", "position", "lemma", "max_attention_pos"])
def test_a_column_of_a_corpus_may_not_have_such_a_name(inspector, corpus, tmp_path, name):
    with pytest.raises(BuildError, match=f"'{name}'"):
        CorpusIndex.build(inspector, with_column(corpus, name), tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_nor_may_an_attached_label(exact):
    for name in reserved_names(exact.labels):
        with pytest.raises(AnnotationError, match=name):
            exact.annotate(name, ["x"] * len(exact))


def test_a_label_of_an_older_index_gives_way_to_a_column_that_came_later(matches, monkeypatch):
    later = ResultColumn("pos", "piece")
    monkeypatch.setattr(result_columns, "AFTER_LABELS", (*AFTER_LABELS, replace(later, attribute="rank")))
    row = matches.records()[1]
    assert (row["pos"], row["label_pos"]) == (1, matches[1].labels["pos"])


def with_column(corpus: ListCorpus, name: str) -> ListCorpus:
    return ListCorpus(replace(corpus.info, extra_labels=(name,)), corpus.sentences)
