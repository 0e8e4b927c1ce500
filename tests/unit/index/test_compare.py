"""Comparisons of the embedded model with itself and with others, against searches and numpy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exbert_hub import compare, demo
from exbert_hub.analysis.similarity import jaccard, linear_cka, rbo
from exbert_hub.corpus import align_pieces
from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import IndexMismatchError, SelectionError, TokenError
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspection, Inspector
from tests import tiny_models
from tests.unit.index.conftest import ListCorpus

WORDS = tuple("The girl ran to a local pub to escape the din of her city .".split())


@pytest.fixture(scope="module")
def short(corpus: ListCorpus) -> ListCorpus:
    """Sentences that are not cut, whatever the tokenizer, without the first one."""
    return ListCorpus(corpus.info, tuple(each for each in corpus.sentences[1:] if len(each.text) < 64))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, short: ListCorpus) -> tuple[Inspector, CorpusIndex]:
    """Another tokenizer, 3 layers of 4 heads, and fewer sentences."""
    folder = tmp_path_factory.mktemp("other")
    texts = [*tiny_models.TEXTS, *(sentence.text for sentence in short)]
    inspector = Inspector.from_pretrained(tiny_models.tiny_gpt2_dir(folder / "model", texts, initializer_range=0.2))
    return inspector, CorpusIndex.build(inspector, short, folder / "index", progress=lambda done, total: None)


def test_masked_against_unmasked(index: CorpusIndex, inspector: Inspector) -> None:
    seen = inspector.inspect(demo.SENTENCE), inspector.inspect(demo.SENTENCE, mask=["escape"])
    found = compare(index, seen=seen, token="escape", k=20)
    assert found.similarity == () and found.layers == ("emb", 0, 1, 2, 3, 4, 5) and found.words > 500
    token = found.token
    assert token is not None and [str(asked) for asked in token.asked] == ["'escape'", "'escape' (masked)"]
    for layer in token.overlap:
        matches = [index.search(each, "escape", layer=layer.layer, k=20) for each in seen]
        words = [list(dict.fromkeys((m.sentence, m.context.offsets[m.position]) for m in each)) for each in matches]
        assert layer.jaccard == pytest.approx(jaccard(*words), abs=0.06)  # pieces of one word count once
        assert layer.rbo == pytest.approx(rbo(words[0], words[1], 0.98), abs=0.06)
    assert token.overlap[0].rbo < 0.2 < token.overlap[-1].rbo  # the mask knows nothing of the word at the input
    assert token.profiles[1] == index.profile(seen[1], "escape", k=20)
    assert token.predictions == tuple(each.predictions("escape") for each in seen)
    assert token.attention is not None and token.attention.unit == "piece" and not token.attention.mean_of_heads
    np.testing.assert_allclose(token.attention.layers[3], seen[1].attention[3] - seen[0].attention[3])
    expected = np.abs(seen[1].attention[3, 7] - seen[0].attention[3, 7]).sum(-1).mean() / 2
    assert token.attention.shift[3][7] == pytest.approx(expected, rel=1e-5)
    assert json.loads(json.dumps(found.to_dict()))["token"]["asked"][1]["masked"] is True


def test_the_same_on_both_sides_is_the_same(index: CorpusIndex, inspector: Inspector) -> None:
    seen = inspector.inspect(demo.SENTENCE)
    token = compare(index, seen=(seen, seen), token=(10, "escape"), by="heads", heads=[3, 4]).token
    assert token is not None and token.attention is not None
    for layer in token.overlap:
        assert (layer.rbo, layer.jaccard) == (pytest.approx(1), 1) and layer.shared == layer.words[0] <= 50
    assert not any(values.any() for values in token.attention.layers)
    assert token.profiles[0] == token.profiles[1] == index.profile(seen, "escape", by="heads", heads=[3, 4])


def test_neighbours_shift_when_heads_are_silenced(index: CorpusIndex, inspector: Inspector) -> None:
    seen = inspector.inspect(demo.SENTENCE), inspector.inspect(demo.SENTENCE, ablate={2: range(12)})
    token = compare(index, seen=seen, token="escape").token
    assert token is not None and str(token.asked[1]) == "'escape' without 2-[0,1,2,3,4,5,6,7,8,9,10,11]"
    by_layer = {layer.layer: layer.jaccard for layer in token.overlap}
    assert by_layer["emb"] == by_layer[0] == by_layer[1] == 1
    assert by_layer[2] < 1


def test_two_models_are_compared_by_the_words_of_the_corpus(
    exact: CorpusIndex, short: ListCorpus, inspector: Inspector, other: tuple[Inspector, CorpusIndex]
) -> None:
    other_inspector, other_index = other
    found = compare(exact, other_index, sample=100)
    assert found.layers == ("emb", 0, 1, 2) and found.sample == 100 and found.token is None
    # computed by the models themselves; a few words share a piece with another in one of the tokenizers
    states = [_states(model, short.sentences) for model in (inspector, other_inspector)]
    common = sorted(states[0].keys() & states[1].keys())
    assert found.words == len(common) > 200
    everything = compare(exact, other_index, sample=10_000)
    assert everything.sample == found.words
    for layer in everything.similarity:
        state = 0 if layer.layer == "emb" else int(layer.layer) + 1
        one, two = (np.stack([side[word][state] for word in common]) for side in states)
        assert layer.cka == pytest.approx(linear_cka(one, two), abs=1e-3)
        assert layer.chance < layer.cka


def _states(inspector: Inspector, sentences: tuple[Sentence, ...]) -> dict[tuple[int, int], np.ndarray]:
    """Normalised states [L + 1, D] of the first piece of every word that has one, by sentence and word."""
    found: dict[tuple[int, int], np.ndarray] = {}
    for number, sentence in enumerate(sentences):
        seen = inspector.inspect(sentence.text)
        unit = seen.hidden / np.linalg.norm(seen.hidden, axis=-1, keepdims=True)
        word_of_piece = align_pieces(sentence.words, seen.tokens.offsets, sentence.text).word_of_piece
        for position, word in enumerate(word_of_piece):
            if word >= 0:
                found.setdefault((number, int(word)), unit[:, position])
    return found


def test_representations_of_one_model_stored_twice_are_the_same(exact: CorpusIndex, index: CorpusIndex) -> None:
    """In fp32 and in fp16."""
    for by in ("embedding", "heads"):
        for layer in compare(exact, index, by=by).similarity:
            assert layer.cka == pytest.approx(1, abs=1e-5) and layer.chance < 0.5


def test_two_tokenizers_are_compared_between_words(
    index: CorpusIndex, inspector: Inspector, other: tuple[Inspector, CorpusIndex]
) -> None:
    other_inspector, other_index = other
    seen = inspector.inspect(demo.SENTENCE), other_inspector.inspect(demo.SENTENCE)
    token = compare(index, other_index, seen=seen, token="escape").token
    assert token is not None and token.attention is not None
    attention = token.attention
    assert attention.unit == "word" and attention.mean_of_heads and len(attention.layers) == 3
    assert attention.tokens[0] == WORDS
    expected = _between_words(seen[1], 1) - _between_words(seen[0], 1)
    np.testing.assert_allclose(attention.layers[1][0], expected, atol=1e-6)


def _between_words(seen: Inspection, layer: int) -> np.ndarray:
    """Clark et al. 2019, section 4.1, word by word, for the mean over the heads."""
    attention, groups, at = seen.attention[layer].mean(0), [], 0
    for word in WORDS:
        start = seen.text.index(word, at)
        at = start + len(word)
        groups.append([n for n, (begin, end) in enumerate(seen.tokens.offsets) if begin < at and end > start])
    return np.array([[attention[np.ix_(source, target)].sum(1).mean() for target in groups] for source in groups])


def test_two_texts_of_different_lengths_have_no_difference_of_attention(
    index: CorpusIndex, inspector: Inspector
) -> None:
    seen = inspector.inspect("The lion ran."), inspector.inspect("The lion ran home.")
    token = compare(index, seen=seen, token="lion").token
    assert token is not None and token.attention is None and token.overlap
    assert "6 and 7 pieces" in token.no_attention
    minimal = inspector.inspect("The lion ran."), inspector.inspect("The girl ran.")
    token = compare(index, seen=minimal, token=("lion", "girl")).token
    assert token is not None and token.attention is not None and token.attention.tokens[1][2] == "girl"


def test_what_cannot_be_compared(
    index: CorpusIndex, inspector: Inspector, other: tuple[Inspector, CorpusIndex], tmp_path: Path
) -> None:
    seen = inspector.inspect(demo.SENTENCE)
    with pytest.raises(SelectionError, match="nothing to compare"):
        compare(index)
    with pytest.raises(SelectionError, match="nothing to compare"):
        compare(index, other[1], token="escape")
    with pytest.raises(SelectionError, match="name it"):
        compare(index, seen=(seen, seen))
    with pytest.raises(SelectionError, match="p=1"):
        compare(index, other[1], p=1)
    with pytest.raises(TokenError):
        compare(index, seen=(seen, seen), token="lion")
    with pytest.raises(IndexMismatchError, match="built with"):
        compare(index, other[1], seen=(seen, seen), token="escape")
    strange = CorpusIndex.build(inspector, ["A whale swam by."], tmp_path / "i", annotator="blank:en", layers=[0])
    with pytest.raises(IndexMismatchError, match="no word of a sentence in common"):
        compare(index, strange)
    with pytest.raises(SelectionError, match="no layer"):
        compare(
            CorpusIndex.build(inspector, ["A whale swam by."], tmp_path / "j", annotator="blank:en", layers=[1]),
            strange,
        )
