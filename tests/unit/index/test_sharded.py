"""An index in shards answers what one index of the whole corpus answers."""

import json
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from exbert_hub import compare
from exbert_hub.errors import HubError, IndexFormatError, IndexMismatchError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.shard_list import list_text

from .conftest import ListCorpus

SENTENCE = "The girl ran to a local pub to escape the din of her city."


def _build(inspector, corpus, sentences, folder, **options):
    part = ListCorpus(corpus.info, tuple(sentences))
    return CorpusIndex.build(inspector, part, folder, codec="fp32", progress=lambda done, total: None, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, inspector, corpus, exact):
    """The corpus of `exact` in three indexes; the repeated sentence lies in the first and the last.

    They are cut where `exact` was, so that the model sees the same batches: others change the last bits.
    """
    folder = tmp_path_factory.mktemp("shards")
    remaining = iter(corpus.sentences)
    parts = sorted(Path(exact.name_or_path).glob("sentences/*.parquet"))
    for number, part in enumerate(parts):
        sentences = list(islice(remaining, pq.read_metadata(part).num_rows))
        _build(inspector, corpus, sentences, folder / f"shard-{number:05d}")
    manifests = [(folder / f"shard-{number:05d}" / "exbert.json").read_bytes() for number in range(len(parts))]
    (folder / "shards.json").write_text(list_text(manifests))
    return folder


@pytest.fixture(scope="module")
def parts(folder):
    return sorted(str(path) for path in folder.glob("shard-*"))


@pytest.fixture(scope="module")
def sharded(parts):
    return CorpusIndex.from_pretrained(parts)


@pytest.fixture(scope="module")
def seen(inspector):
    return inspector.inspect(SENTENCE, mask=["escape"])


@pytest.mark.parametrize(
    "question",
    [
        {"token": "escape"},
        {"token": "escape", "layer": 3, "k": 7},
        {"token": 1, "layer": "emb", "k": 60},  # many ties: one piece at one position has one vector
        {"token": "girl", "by": "heads", "layer": 5, "heads": [6, 9]},
        {"token": "girl", "by": "heads", "layer": 0, "k": 120},
        {"token": "girl", "k": 10**6},
    ],
)
@pytest.mark.parametrize("options", [{}, {"exclude_query": True, "unique_sentences": True}])
def test_same_matches_as_one_index(exact, sharded, seen, question, options):
    expected, found = exact.search(seen, **question, **options), sharded.search(seen, **question, **options)
    assert [m.row for m in found] == [m.row for m in expected]
    assert found.to_dict() == expected.to_dict()
    assert found.left_out == expected.left_out
    for of in ("match", "max_attention", "next"):
        assert found.summary("pos", of) == expected.summary("pos", of)
    if found.query.layer != "emb":
        assert found.summary("offset", of="max_attention") == expected.summary("offset", of="max_attention")
    for one, other in zip(found, expected, strict=True):
        assert one.context.text == other.context.text
        if other.context.attention_out is not None:
            assert (one.context.attention_out == other.context.attention_out).all()


def test_same_comparison_as_one_index(exact, sharded, index, seen, inspector):
    plain = inspector.inspect(SENTENCE)
    expected = compare(exact, index, seen=(seen, plain), token="escape", sample=500)
    found = compare(sharded, index, seen=(seen, plain), token="escape", sample=500)
    assert found.similarity == expected.similarity and found.words == expected.words
    assert found.token.overlap == expected.token.overlap


def test_the_query_in_the_corpus_is_left_out_of_every_shard(exact, sharded, corpus, inspector):
    seen = inspector.inspect(corpus.sentences[7].text)  # it is in the first shard and in the last
    options = {"token": 2, "exclude_query": True, "k": 20}
    found = sharded.search(seen, **options)
    assert found.to_dict() == exact.search(seen, **options).to_dict()
    assert found.left_out == {"query sentence": 2}
    unique = {"token": 2, "unique_sentences": True, "k": 20}
    assert sharded.search(seen, **unique).to_dict() == exact.search(seen, **unique).to_dict()
    assert sharded.search(seen, **unique).left_out


@pytest.mark.parametrize("by", ["embedding", "heads"])
def test_same_profile_as_one_index(exact, sharded, seen, by):
    assert sharded.profile(seen, "escape", by=by, k=20) == exact.profile(seen, "escape", by=by, k=20)


def test_what_it_says_about_itself(exact, sharded, parts):
    mine, one = sharded.manifest, exact.manifest
    assert (len(sharded), mine.sentences, mine.coverage) == (len(exact), one.sentences, one.coverage)
    for label, rates in one.base_rates.items():
        if label in mine.base_rates:
            assert mine.base_rates[label] == pytest.approx(rates)
    assert mine.base_rates["pos"] and sharded.labels == exact.labels
    assert sharded.layers("heads") == exact.layers("heads")
    assert sharded.names == tuple(parts) and sharded.revision is None
    columns = ["piece", "sentence", "position", "pos"]
    assert sharded.tokens.select_columns(columns)[:] == exact.tokens.select_columns(columns)[:]
    assert sharded.sentences["text"][:] == exact.sentences["text"][:]
    with pytest.raises(HubError, match="each shard"):
        sharded.push_to_hub("owner/name")


def test_a_folder_of_shards_is_one_index(exact, folder, seen):
    index = CorpusIndex.from_pretrained(folder)
    assert index.search(seen, "escape").to_dict() == exact.search(seen, "escape").to_dict()
    assert index.names == (str(folder),)


def test_shards_that_are_not_what_the_list_names_are_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    manifest = copy / "shard-00001" / "exbert.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(IndexFormatError, match="shard-00001"):
        CorpusIndex.from_pretrained(copy)
    shutil.rmtree(copy / "shard-00001")
    with pytest.raises(IndexFormatError, match="shard-00001"):
        CorpusIndex.from_pretrained(copy)
    listed = json.loads((copy / "shards.json").read_text())
    for shards, problem in (({"../shard-00000": "0"}, "does not name"), ({}, "does not name"), ([], "malformed")):
        (copy / "shards.json").write_text(json.dumps(listed | {"shards": shards}))
        with pytest.raises(IndexFormatError, match=problem):
            CorpusIndex.from_pretrained(copy)


def test_indexes_that_do_not_belong_together_are_refused(inspector, corpus, tmp_path, parts):
    _build(inspector, corpus, corpus.sentences[:5], tmp_path / "less", layers=[0])
    with pytest.raises(IndexMismatchError, match="layers"):
        CorpusIndex.from_pretrained([parts[0], tmp_path / "less"])
    other = ListCorpus(replace(corpus.info, annotator="gold"), corpus.sentences[:5])
    _build(inspector, other, other.sentences, tmp_path / "gold")
    with pytest.raises(IndexMismatchError, match="annotators"):
        CorpusIndex.from_pretrained([parts[0], tmp_path / "gold"])
