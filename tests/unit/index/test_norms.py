"""Matches seen again by value-weighted attention, against inspections of their sentences."""

from pathlib import Path

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.errors import IndexMismatchError, SelectionError, UnsupportedError
from exbert_hub.index import CorpusIndex, with_norms
from exbert_hub.model import Inspector
from tests import tiny_models
from tests.unit.index.conftest import ListCorpus


def test_matches_are_seen_again_by_norms(index: CorpusIndex, inspector: Inspector) -> None:
    matches = index.search(inspector.inspect(demo.SENTENCE), "escape", layer=2, heads=[0, 5], k=8)
    found = with_norms(matches, index, inspector)
    assert [match.row for match in found] == [match.row for match in matches]
    for match in found:
        norms = inspector.inspect(match.context.text, norms=True).norms[2][[0, 5]].mean(0)
        np.testing.assert_allclose(match.context.attention_out, norms[match.position])
        np.testing.assert_allclose(match.context.attention_in, norms[:, match.position])
        words = [n for n, labels in enumerate(match.context.labels) if labels is not None]
        assert match.max_attention == max(words, key=lambda n: norms[match.position, n])
        assert match.offset == match.max_attention - match.position
        assert match.max_attention_labels is not None
    assert [match.labels for match in found] == [match.labels for match in matches]


def test_what_has_no_norms(index: CorpusIndex, inspector: Inspector, corpus: ListCorpus, tmp_path: Path) -> None:
    seen = inspector.inspect(demo.SENTENCE)
    with pytest.raises(SelectionError, match="emb has no attention"):
        with_norms(index.search(seen, "escape", layer="emb", k=3), index, inspector)
    few = ListCorpus(corpus.info, tuple(sentence for sentence in corpus if len(sentence.text) < 64))

    other = Inspector.from_pretrained(
        tiny_models.tiny_convbert_dir(tmp_path / "model", [sentence.text for sentence in few])
    )
    with pytest.raises(IndexMismatchError):
        with_norms(index.search(seen, "escape", k=3), index, other)
    small = CorpusIndex.build(other, few, tmp_path / "index", progress=lambda done, total: None)
    matches = small.search(other.inspect(few.sentences[0].text), 1, k=3)
    with pytest.raises(UnsupportedError, match="no linear module"):
        with_norms(matches, small, other)
