"""An index brings its corpus along, for an index by another model."""

import json
import shutil

import datasets
import pytest

from exbert_hub import demo
from exbert_hub.corpus import annotate, annotate_beside, open_corpus
from exbert_hub.corpus.options import CorpusOptions, Description
from exbert_hub.corpus.sources.find import INDEX_MANIFEST
from exbert_hub.errors import CorpusError, IndexFormatError
from exbert_hub.index import CorpusIndex, annotation_of
from exbert_hub.index.build.corpus import annotated_corpus
from exbert_hub.index.format import layout
from exbert_hub.index.hub.index_annotation import find_annotation


def test_the_annotation_of_an_index_is_its_corpus(index, corpus, tmp_path):
    taken = annotate(annotation_of(index.folder), cache_dir=tmp_path, name="again")
    assert list(taken) == list(corpus)
    assert taken.info.annotator == corpus.info.annotator and taken.info.name == "again"
    assert taken.info.source == str(index.folder)
    assert len(annotate(annotation_of(index.folder), limit=3, cache_dir=tmp_path)) == 3
    with pytest.raises(CorpusError, match="already annotated by"):
        annotate(annotation_of(index.folder), "blank:en", cache_dir=tmp_path)


def test_it_is_checked_like_any_index(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "sentences" / "part-00000.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IndexFormatError, match="sha256"):
        annotate(annotation_of(tmp_path / "copy"), cache_dir=tmp_path / "cache")


def test_sentences_that_the_index_had_cut_are_counted(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "exbert.json"
    manifest = json.loads(path.read_text())
    manifest["coverage"]["sentences_cut"] = 2
    path.write_text(json.dumps(manifest))
    taken = annotate(annotation_of(tmp_path / "copy"), cache_dir=tmp_path / "cache")
    assert taken.info.skipped["sentences cut for the model of the index"] == 2


def test_annotate_alone_says_what_to_call(index, tmp_path):
    assert INDEX_MANIFEST == layout.MANIFEST
    for call in (annotate, annotate_beside):
        with pytest.raises(CorpusError, match=r"is an index.*CorpusIndex.build.*annotation_of\("):
            call(index.folder, cache_dir=tmp_path)


def test_a_build_takes_an_index_as_its_corpus(index, corpus, inspector, tmp_path, monkeypatch):
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path)
    options = {"layers": [0], "kinds": ["heads"], "attention": False, "progress": lambda done, total: None}
    for number, source in enumerate((str(index.folder), annotation_of(index.folder))):
        again = CorpusIndex.build(inspector, source, tmp_path / str(number), limit=5, name="again", **options)
        assert [row["text"] for row in again.sentences] == [row["text"] for row in index.sentences][:5]
        assert again.manifest.corpus.name == "again"
        assert again.manifest.corpus.annotator == corpus.info.annotator


def test_a_build_reads_a_dataset_as_asked(inspector, tmp_path, monkeypatch):
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path)
    rows = {"title": ["The wrong one."] * 3, "body": ["A girl ran home."] * 3}
    splits = datasets.DatasetDict({name: datasets.Dataset.from_dict(rows) for name in ("train", "test")})
    options = {"layers": [0], "kinds": ["heads"], "attention": False, "progress": lambda done, total: None}
    built = CorpusIndex.build(
        inspector, splits, tmp_path / "index", annotator="blank:en", split="test", text_column="body",
        name="girls", language="en-GB", license="mit", **options,
    )  # fmt: skip
    info = built.manifest.corpus
    assert {row["text"] for row in built.sentences} == {"A girl ran home."}
    assert (info.name, info.language, info.license) == ("girls", "en-GB", "mit")


def test_a_corpus_that_is_annotated_can_be_renamed(corpus):
    stored, described = open_corpus(demo.CORPUS), CorpusOptions(description=Description(license="mit"))
    assert annotated_corpus(stored, CorpusOptions()) is stored
    info = annotated_corpus(stored, described).info
    assert (info.license, info.name) == ("mit", stored.info.name)
    assert annotated_corpus(corpus, CorpusOptions()) is corpus
    with pytest.raises(CorpusError, match="this ListCorpus describes itself: pass license= where it is made"):
        annotated_corpus(corpus, described)


def test_other_sources_are_not_indexes(tmp_path):
    assert find_annotation(tmp_path) is None
    assert find_annotation("owner/name") is None, "the tests are offline"
    assert find_annotation("a text.txt") is None
