"""The subset finder against brute force on the same stored vectors and attention."""

from zlib import crc32

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from exbert_hub import demo
from exbert_hub.analysis.max_attention import max_attention
from exbert_hub.analysis.subsets import forward_selection, highest
from exbert_hub.errors import LabelError, SelectionError


def test_forward_selection_adds_what_helps_most_until_nothing_does():
    value = {(2,): 0.5, (0,): 0.4, (1,): 0.5, (1, 0): 0.7, (1, 2): 0.6, (1, 0, 2): 0.7}
    assert forward_selection(3, lambda heads: value.get(heads, 0)) == [(1, 0.5), (0, 0.7)]
    assert forward_selection(3, lambda heads: 0.0) == []
    assert [added for added, _ in forward_selection(3, lambda heads: len(heads) / 3)] == [0, 1, 2]


def test_of_equal_scores_the_lowest_row_comes_first():
    scores = np.array([0.5, 0.9, 0.5, 0.5, 0.1])
    assert highest(scores, 3).tolist() == [1, 0, 2] and highest(scores, 9).tolist() == [1, 0, 2, 3, 4]


class BruteForce:
    """Every step by a loop over all pieces."""

    def __init__(self, index, seen, position, layer, field, label, of):
        self.tokens = index.tokens.to_pandas()
        texts = index.sentences["text"]
        self.held_back = np.array([crc32(texts[s].strip().encode()) % 2 == 1 for s in self.tokens["sentence"]])
        faiss = index.tokens.get_index(f"heads-{layer:02d}").faiss_index
        vectors = faiss.reconstruct_n(0, len(self.tokens)).reshape(len(self.tokens), 12, -1)
        contexts = seen.contexts[layer][position]
        self.scores = np.einsum("nhd,hd->nh", vectors, contexts / np.linalg.norm(contexts, axis=1, keepdims=True))
        self.attention = list(index.opened.searcher.attention(layer))
        self.has, self.of = (self.tokens[field] == label).to_numpy(), of

    def shows(self, heads):
        """bool [pieces]"""
        if self.of == "match":
            return self.has
        shown = []
        for number, attention in enumerate(self.attention):
            rows = self.tokens.index[self.tokens["sentence"] == number].to_numpy()
            positions = self.tokens["position"][rows].to_numpy()
            best = max_attention(attention[list(heads)].sum(0)[np.ix_(positions, positions)])
            shown += self.has[rows[best]].tolist()
        return np.array(shown)

    def share(self, half, heads, k):
        rows = np.flatnonzero(self.held_back == half)
        order = rows[np.lexsort((rows, -self.scores[rows][:, list(heads)].sum(1)))][:k]
        return self.shows(heads)[order].mean()


@pytest.mark.parametrize("of, field, label", [("match", "pos", "VERB"), ("max_attention", "dep", "det")])
def test_the_path_is_that_of_brute_force(exact, inspector, of, field, label):
    seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
    found = exact.find_heads(seen, "escape", label, field, of, layer=3, k=20)
    brute = BruteForce(exact, seen, seen.position_of("escape"), 3, field, label, of)
    steps = found.best.steps
    assert steps
    for number, step in enumerate(steps):
        before = () if number == 0 else steps[number - 1].heads
        shares = {head: brute.share(False, (*before, head), 20) for head in range(12) if head not in before}
        assert step.head == max(shares, key=lambda head: (shares[head], -head))
        assert step.share == pytest.approx(shares[step.head])
        assert step.held_back == pytest.approx(brute.share(True, step.heads, 20))
        assert step.base_rate == pytest.approx(brute.shows(step.heads)[brute.held_back].mean())
        assert 0 <= step.p <= step.q <= 1 and step.lift == pytest.approx(step.held_back / step.base_rate)
    rest = [head for head in range(12) if head not in found.best.heads]
    assert max(brute.share(False, (*found.best.heads, head), 20) for head in rest) <= steps[-1].share


def test_all_layers_the_best_first(index, inspector):
    seen = inspector.inspect(demo.SENTENCE)
    found = index.find_heads(seen, "escape", "VERB", "pos", "match", exclude_query=True, unique_sentences=True)
    assert sorted(path.layer for path in found.paths) == list(range(6))
    shares = [path.share for path in found.paths]
    assert shares == sorted(shares, reverse=True)
    assert found.best.steps[-1].held_back > 0.5 and found.best.steps[-1].significant
    assert len(found.to_pandas()) == sum(len(path.steps) for path in found.paths)
    assert str(found.best) in repr(found) and found.to_dict()["paths"][0]["layer"] == found.best.layer


def test_every_step_of_every_layer_is_a_test(index, inspector):
    seen = inspector.inspect(demo.SENTENCE)
    found = index.find_heads(seen, "escape", "VERB", "pos", "match")
    steps = [step for path in found.paths for step in path.steps]
    assert [s.q for s in steps] == pytest.approx(false_discovery_control([s.p for s in steps]))
    (alone,) = index.find_heads(seen, "escape", "VERB", "pos", "match", layer=found.best.layer).paths
    assert [s.p for s in alone.steps] == [s.p for s in found.best.steps]


def test_what_is_left_out_is_left_out_of_the_base_rate_too(index, inspector):
    seen = inspector.inspect(index.sentences["text"][0])
    position = int(np.flatnonzero(~seen.special)[0])
    steps = index.find_heads(seen, position, "VERB", "pos", "match", layer=3, exclude_query=True).best.steps
    texts, tokens = index.sentences["text"], index.tokens.to_pandas()
    held = np.array([crc32(texts[s].strip().encode()) % 2 == 1 and texts[s] != seen.text for s in tokens["sentence"]])
    assert steps and steps[0].base_rate == pytest.approx((tokens["pos"][held] == "VERB").mean())


def test_what_cannot_be_found(index, inspector):
    seen = inspector.inspect(demo.SENTENCE)
    with pytest.raises(LabelError, match="there are .*NOUN"):
        index.find_heads(seen, "escape", "verb", "pos")
    with pytest.raises(LabelError, match="no label"):
        index.find_heads(seen, "escape", "verb", "colour")
    with pytest.raises(SelectionError, match="max_attention"):
        index.find_heads(seen, "escape", "VERB", "pos", of="next")
    with pytest.raises(SelectionError, match="layer"):
        index.find_heads(seen, "escape", "VERB", "pos", layer=7)
