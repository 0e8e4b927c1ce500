"""An index of a causal model says which start token it was built with, and a query without it is refused."""

from __future__ import annotations

import pytest

from exbert_hub.errors import IndexMismatchError
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspector
from tests.tiny_models import TEXTS, tiny_gpt2_dir


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_gpt2_dir(tmp_path_factory.mktemp("gpt2") / "model")


@pytest.fixture(scope="module")
def built(tmp_path_factory, folder):
    inspector = Inspector.from_pretrained(folder)
    output = tmp_path_factory.mktemp("index") / "index"
    return CorpusIndex.build(
        inspector, list(TEXTS), output, annotator="blank:en", progress=lambda done, total: None
    ), inspector


def test_it_is_in_the_manifest_and_in_every_sentence_but_never_indexed(built):
    index, inspector = built
    start = inspector.model_info.start_token
    assert start and CorpusIndex.from_pretrained(index.name_or_path).manifest.model.start_token == start
    for pieces in index.sentences["pieces"]:
        assert (pieces[0]["piece"], pieces[0]["special"], pieces[0]["word"]) == (start, True, -1)
        assert not any(piece["special"] for piece in pieces[1:])
    assert min(index.tokens["position"]) == 1


def test_it_is_never_a_max_attention_token(built):
    index, inspector = built
    seen = inspector.inspect(TEXTS[0])
    for layer in index.layers("heads"):
        for match in index.search(seen, 2, by="heads", layer=layer, k=20):
            assert match.max_attention is None or match.max_attention > 0


def test_a_query_without_it_is_refused_and_told_why(built, folder):
    index, _ = built
    seen = Inspector.from_pretrained(folder, start_token=None).inspect(TEXTS[0])
    with pytest.raises(IndexMismatchError, match=r"the start token .* no start token: load it with start_token="):
        index.search(seen, 1)
