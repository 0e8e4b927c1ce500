"""Annotated sentences on disk."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exbert_hub.corpus import CorpusInfo, Sentence, Word, open_corpus, write_corpus
from exbert_hub.errors import CorpusError

INFO = CorpusInfo("test", "list of strings", "gold")


def sentences(count: int) -> list[Sentence]:
    """None, one or two words each; one of three words has an extra column, one has an empty one."""
    made = []
    for i in range(count):
        extra = [{}, {"Number": "Sing", "empty": ""}, {"text": "a name that Word needs itself"}][i % 5 % 3]
        words = (Word(f"w{i}", 0, 2, "l", "NOUN", "NN", "obj", 1, "🙂", "PER", True, extra), Word("🙂", 3, 4, head=-1))
        made.append(Sentence(f"w{i} 🙂", words[: i % 3]))
    return made


def expected(made: list[Sentence]) -> list[Sentence]:
    def tidy(extra):
        return {{"text": "gold_text"}.get(name, name): value for name, value in extra.items() if value}

    return [Sentence(s.text, tuple(w._replace(extra=tidy(w.extra)) for w in s.words)) for s in made]


def test_round_trip_over_several_batches_and_files(tmp_path):
    made = sentences(2502)
    corpus = write_corpus(INFO, iter(made), tmp_path / "a")
    assert list(corpus) == list(corpus) == expected(made)
    assert len(corpus) == 2502 and corpus.words == sum(len(s.words) for s in made)
    assert corpus.info.extra_labels == ("Number", "gold_text")
    assert list(open_corpus(tmp_path / "a")) == expected(made)


def test_columns_that_come_late_open_another_file(tmp_path):
    words = [Word("a", 0, 1, extra={"First": "1"}), Word("a", 0, 1, extra={"Second": "2", "pos": "x"})]
    made = [Sentence("a", (words[i >= 1500],)) for i in range(2100)]
    corpus = write_corpus(INFO, made, tmp_path)
    assert corpus.info.extra_labels == ("First", "Second", "gold_pos")
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == [
        "sentences-00000.parquet",
        "sentences-00001.parquet",
    ]
    read = list(corpus)
    assert read[0].words[0].extra == {"First": "1"}
    assert read[-1].words[0].extra == {"Second": "2", "gold_pos": "x"}


def test_schema_is_what_the_documentation_says(tmp_path):
    write_corpus(INFO, [Sentence("a", (Word("a", 0, 1, extra={"Number": "Sing"}),))], tmp_path)
    (path,) = tmp_path.glob("*.parquet")
    schema = pq.read_schema(path)
    assert schema.names == ["text", "words"]
    assert [field.name for field in schema.field("words").type.value_type] == [*Word._fields[:-1], "Number"]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_white_space_at_the_ends_is_cut_and_empty_sentences_are_counted(tmp_path):
    made = [Sentence("\n a b ", (Word("a", 2, 3), Word("b", 4, 5))), Sentence(" \t", ())]
    corpus = write_corpus(INFO, made, tmp_path, {"pages": 2, "zeros": 0})
    (sentence,) = corpus
    assert sentence.text == "a b" and [(w.start, w.end) for w in sentence.words] == [(0, 1), (2, 3)]
    assert corpus.info.skipped == {"pages": 2, "sentences of white space only": 1}


def test_the_hash_tells_annotations_apart_and_nothing_else(tmp_path):
    def digest(name, *words):
        return write_corpus(INFO, [Sentence("a", words)], tmp_path / name).info.sha256

    first = digest("1", Word("a", 0, 1, extra={"x": "1", "y": "2"}))
    assert first == digest("2", Word("a", 0, 1, extra={"y": "2", "x": "1", "z": ""}))
    assert first != digest("3", Word("a", 0, 1, pos="X", extra={"x": "1", "y": "2"}))


def test_too_many_columns_are_counted(tmp_path):
    words = tuple(Word("a", 0, 1, extra={f"key{i}": "v"}) for i in range(250))
    corpus = write_corpus(INFO, [Sentence("a", words)], tmp_path)
    assert len(corpus.info.extra_labels) == 200
    assert corpus.info.skipped == {"values of columns beyond the first 200": 50}


def test_writing_over_a_corpus_replaces_it(tmp_path):
    write_corpus(INFO, sentences(1200), tmp_path)
    assert [s.text for s in write_corpus(INFO, [Sentence("a", ())], tmp_path)] == ["a"]


def damage_json(folder):
    (folder / "corpus.json").write_text("{")


def remove_json(folder):
    (folder / "corpus.json").unlink()


def future_version(folder):
    (folder / "corpus.json").write_text('{"format_version": 99}')


def not_an_object(folder):
    (folder / "corpus.json").write_text("[]")


def lose_info(folder):
    (folder / "corpus.json").write_text('{"format_version": 1, "info": {"name": "x"}}')


def remove_file(folder):
    (folder / "sentences-00000.parquet").unlink()


def truncate_file(folder):
    (folder / "sentences-00000.parquet").write_bytes(b"PAR1")


def outside(folder):
    record = json.loads((folder / "corpus.json").read_text())
    shutil.copy(folder / "sentences-00000.parquet", folder.parent / "sentences-00000.parquet")
    (folder / "corpus.json").write_text(json.dumps({**record, "files": ["../sentences-00000.parquet"]}))


def other_count(folder):
    record = json.loads((folder / "corpus.json").read_text())
    (folder / "corpus.json").write_text(json.dumps({**record, "sentences": 7}))


def other_schema(folder):
    import pyarrow as pa

    pq.write_table(pa.table({"text": ["a"], "words": [1]}), folder / "sentences-00000.parquet")


@pytest.mark.parametrize(
    "damage",
    [damage_json, remove_json, future_version, not_an_object, lose_info, remove_file, truncate_file, outside,
     other_count, other_schema],
)  # fmt: skip
def test_damaged_folders_are_refused_with_advice(tmp_path, damage):
    folder = write_corpus(INFO, [Sentence("a", ())], tmp_path / "corpus").folder
    damage(folder)
    with pytest.raises(CorpusError, match="annotate"):
        open_corpus(folder)


def test_a_file_is_read_a_batch_at_a_time(tmp_path):
    random = np.random.default_rng(0)
    made = (Sentence(random.bytes(400).hex(), ()) for _ in range(24_000))
    corpus = write_corpus(INFO, made, tmp_path / "a")
    size = sum(path.stat().st_size for path in (tmp_path / "a").glob("*.parquet"))
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in corpus]
    assert len(held) == 24_000 and max(held) < size / 2
