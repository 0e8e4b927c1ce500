"""Every kind of source, and every way to name one that does not exist."""

from __future__ import annotations

import logging

import datasets
import pytest

from exbert_hub import hub
from exbert_hub.corpus import annotate, read_texts
from exbert_hub.corpus.options import ReadOptions
from exbert_hub.corpus.sources.find import find_source
from exbert_hub.errors import CorpusError

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub_dataset(monkeypatch):
    """Stands in for the Hub: what `load_dataset` is asked for ends up in the dictionary."""
    asked: dict = {}

    def load_dataset(path, name=None, **options):
        asked.update(path=path, name=name, **options)
        dataset = datasets.Dataset.from_dict({"id": [1, 2], "text": ["One cat.", "Two dogs."]})
        return dataset.to_iterable_dataset() if options["streaming"] else dataset

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(hub, "dataset_revision", lambda repo_id: REVISION)
    return asked


def test_text_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffGrüße.\r\n\r\nNoch einer.".encode())
    assert list(read_texts(tmp_path / "a.txt")) == ["Grüße.", "Noch einer."]


def test_folder_of_text_files_in_order(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("Second.")
    (tmp_path / "a.TXT").write_text("First.")
    (tmp_path / "sub" / "c.txt").write_text("Third.")
    (tmp_path / "notes.md").write_text("Not a text.")
    assert list(read_texts(str(tmp_path))) == ["First.", "Second.", "Third."]


def test_list_of_strings():
    assert list(read_texts(["One.", " ", "Two.\n\nThree."])) == ["One.", "Two.", "Three."]


def test_dataset_takes_its_text_column_and_counts_empty_rows():
    dataset = datasets.Dataset.from_dict({"title": ["a", "b"], "text": ["One.", None]})
    corpus = annotate(dataset, "blank:en")
    assert [sentence.text for sentence in corpus] == ["One."]
    assert corpus.info.skipped == {"rows without text": 1}
    assert list(read_texts(dataset, text_column="title")) == ["a", "b"]


def test_dataset_with_an_only_column_of_strings_and_with_several():
    assert list(read_texts(datasets.Dataset.from_dict({"n": [1], "body": ["One."]}))) == ["One."]
    several = datasets.Dataset.from_dict({"a": ["One."], "b": ["Two."]})
    with pytest.raises(CorpusError, match="which column is the text.* a, b"):
        read_texts(several)
    with pytest.raises(CorpusError, match="no column of strings 'c'"):
        read_texts(several, text_column="c")


def test_dataset_dict_needs_a_split():
    splits = datasets.DatasetDict(test=datasets.Dataset.from_dict({"text": ["One."]}))
    assert list(read_texts(splits, split="test")) == ["One."]
    with pytest.raises(CorpusError, match="one of test"):
        read_texts(splits)


def test_iterable_dataset_is_refused():
    stream = datasets.Dataset.from_dict({"text": ["One."]}).to_iterable_dataset()
    with pytest.raises(CorpusError, match="streaming=True"):
        read_texts(stream)


@pytest.mark.parametrize("streaming", [False, True])
def test_hub_dataset(hub_dataset, streaming):
    source = find_source("owner/animals:small", ReadOptions(split="validation", streaming=streaming))
    assert hub_dataset == {
        "path": "owner/animals",
        "name": "small",
        "split": "validation",
        "streaming": streaming,
        "token": None,
        "revision": REVISION,
    }
    assert (source.name, source.origin) == ("animals", f"owner/animals:small@{REVISION}")
    corpus = annotate("owner/animals:small", "blank:en", split="validation", streaming=streaming)
    assert [sentence.text for sentence in corpus] == ["One cat.", "Two dogs."]


def test_streamed_dataset_without_metadata(hub_dataset, monkeypatch):
    def rows():
        yield {"text": "One cat."}

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: datasets.IterableDataset.from_generator(rows))
    assert list(read_texts("owner/animals", streaming=True)) == ["One cat."]


def test_hub_content_decides_about_the_key(hub_dataset, monkeypatch):
    def key(**options):
        return find_source("owner/animals", ReadOptions(**options)).key

    assert key() == key() == key(split="train")
    assert len({key(), key(split="test"), key(text_column="text", split="dev")}) == 3
    before = key()
    monkeypatch.setattr(hub, "dataset_revision", lambda repo_id: "f" * 40)
    assert key() != before


def test_hub_out_of_reach_falls_back_on_the_dataset_but_cannot_stream(hub_dataset, monkeypatch):
    monkeypatch.setattr(hub, "dataset_revision", lambda repo_id: None)
    read = ReadOptions()
    assert find_source("owner/animals", read).key == find_source("owner/animals", read).key
    with pytest.raises(CorpusError, match="cannot be streamed"):
        find_source("owner/animals", ReadOptions(streaming=True))


@pytest.mark.parametrize("error", [FileNotFoundError, ConnectionError, ValueError, datasets.exceptions.DatasetsError])
def test_hub_failures_are_told(monkeypatch, error):
    def load_dataset(*_, **__):
        raise error("no such thing")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(CorpusError, match="'owner/animals'.* no such thing.*hf auth login"):
        read_texts("owner/animals")


def test_offline_the_revision_is_unknown(caplog):
    with caplog.at_level(logging.INFO, logger="exbert_hub.hub"):
        assert hub.dataset_revision("owner/animals") is None
    assert "owner/animals" in caplog.text


@pytest.mark.parametrize(
    "given",
    [
        "wizard.txt",
        "owner/wizard.txt",
        "./owner/name",
        "csv",
        "text",
        "a/b/c",
        "Once upon a time.\nThe end." * 200,
        "\0",
    ],
)
def test_what_is_neither_file_nor_id(given, monkeypatch):
    """Above all no bare name: `load_dataset("csv")` would read the files of the working directory."""
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: pytest.fail("asked datasets"))
    with pytest.raises(CorpusError, match="not a file or folder"):
        read_texts(given)


def test_wrong_kinds(tmp_path):
    with pytest.raises(CorpusError, match="not int"):
        read_texts(3)  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match="not list"):
        read_texts(["a", 1])  # type: ignore[list-item]
    with pytest.raises(CorpusError, match="no .txt and no .conllu"):
        read_texts(tmp_path)
    (tmp_path / "rows.jsonl").write_text("{}")
    with pytest.raises(CorpusError, match="load_dataset\\('json'"):
        read_texts(tmp_path / "rows.jsonl")


def test_not_utf8(tmp_path):
    (tmp_path / "old.txt").write_bytes("Grüße.".encode("latin1"))
    with pytest.raises(CorpusError, match="old.txt is not a UTF-8 text.*iconv"):
        list(read_texts(tmp_path / "old.txt"))


def test_lone_surrogates():
    with pytest.raises(CorpusError, match="text 1 .* not valid Unicode"):
        read_texts(["fine", "\ud800"])
