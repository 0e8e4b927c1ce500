"""An index brings its corpus along, for an index by another model."""

import json
import shutil

import pytest

from exbert_hub.corpus import annotate
from exbert_hub.errors import CorpusError, IndexFormatError
from exbert_hub.index.hub.index_annotation import find_annotation


def test_the_annotation_of_an_index_is_its_corpus(index, corpus, tmp_path):
    taken = annotate(index.folder, cache_dir=tmp_path, name="again")
    assert list(taken) == list(corpus)
    assert taken.info.annotator == corpus.info.annotator and taken.info.name == "again"
    assert taken.info.source == str(index.folder)
    assert len(annotate(index.folder, limit=3, cache_dir=tmp_path)) == 3
    with pytest.raises(CorpusError, match="already annotated by"):
        annotate(index.folder, "blank:en", cache_dir=tmp_path)


def test_it_is_checked_like_any_index(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "sentences" / "part-00000.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IndexFormatError, match="sha256"):
        annotate(tmp_path / "copy", cache_dir=tmp_path / "cache")


def test_sentences_that_the_index_had_cut_are_counted(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "exbert.json"
    manifest = json.loads(path.read_text())
    manifest["coverage"]["sentences_cut"] = 2
    path.write_text(json.dumps(manifest))
    taken = annotate(tmp_path / "copy", cache_dir=tmp_path / "cache")
    assert taken.info.skipped["sentences cut for the model of the index"] == 2


def test_other_sources_are_not_indexes(tmp_path):
    assert find_annotation(tmp_path) is None
    assert find_annotation("owner/name") is None, "the tests are offline"
    assert find_annotation("a text.txt") is None
