"""Built and searched indexes of other architectures, against one inspection per sentence and numpy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspection, Inspector
from tests import tiny_models
from tests.unit.index.conftest import ListCorpus

SENTENCES = 15
TEXTS = tiny_models.TEXTS[:2]
# drawn wider than for a training, in which every piece is much like the next; T5 starts wide
WIDE = dict(initializer_range=0.2)
MODELS = dict(gpt2=WIDE, llama=WIDE, bart=dict(init_std=0.2), t5={}, lfm2=WIDE, convbert=WIDE)
GAPS = {"lfm2": (0, 2)}  # layers that convolve instead of attending


@dataclass(frozen=True)
class Built:
    inspector: Inspector
    index: CorpusIndex
    reference: list[tuple[int, int, Inspection]]  # sentence, position and inspection of every indexed piece


@pytest.fixture(scope="module")
def small() -> ListCorpus:
    annotated = open_corpus(demo.CORPUS)
    sentences = [sentence for sentence in annotated if 4 < len(sentence.words) <= 12][:SENTENCES]
    return ListCorpus(annotated.info, tuple(sentences))


@pytest.fixture(scope="module", params=MODELS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, small: ListCorpus) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    make: Callable = getattr(tiny_models, f"tiny_{request.param}_dir")
    texts = [*TEXTS, *(sentence.text for sentence in small)]
    inspector = Inspector.from_pretrained(make(folder / "model", texts, **MODELS[request.param]))
    index = CorpusIndex.build(
        inspector, small, folder / "index", codec="fp32", shard_pieces=100, progress=lambda done, total: None
    )
    return Built(inspector, index, list(_reference(inspector, small)))


def _reference(inspector: Inspector, corpus: ListCorpus) -> Iterator[tuple[int, int, Inspection]]:
    for number, sentence in enumerate(corpus):
        one = inspector.inspect(sentence.text)
        for position in np.flatnonzero(~one.special):
            start, end = one.tokens.offsets[position]
            if any(word.start < end and word.end > start for word in sentence.words):
                yield number, int(position), one


def _layers(built: Built, *, attending: bool) -> list[int]:
    return [layer for layer, heads in enumerate(built.inspector.model_info.heads) if bool(heads) == attending]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _check(built: Built, vectors: list[np.ndarray], query: np.ndarray, **selection: object) -> None:
    """The search returns the highest scores there are, each with its row, sentence and position."""
    scores = np.stack(vectors) @ query
    seen = built.inspector.inspect(TEXTS[0])
    found = built.index.search(seen, "escape", k=20, **selection)
    assert len(found) == 20 and len(built.index.tokens) == len(scores)
    np.testing.assert_allclose([match.score for match in found], np.sort(scores)[::-1][:20], atol=2e-5)
    for match in found:
        assert match.score == pytest.approx(scores[match.row], abs=2e-5)
        assert (match.sentence, match.position) == built.reference[match.row][:2]
    assert scores.std() > 0.01  # the check can tell one piece from another


def test_search_by_embedding_equals_brute_force(built: Built) -> None:
    seen = built.inspector.inspect(TEXTS[0])
    at = seen.position_of("escape")
    for layer in ("emb", *range(len(built.inspector.model_info.heads))):
        state = 0 if layer == "emb" else int(layer) + 1
        vectors = [_unit(one.hidden[state][position]) for _, position, one in built.reference]
        _check(built, vectors, _unit(seen.hidden[state][at]), layer=layer)


@pytest.mark.parametrize("heads", [[0, 1], [1], None])
def test_search_by_heads_equals_brute_force(built: Built, heads: list[int] | None) -> None:
    seen = built.inspector.inspect(TEXTS[0])
    at = seen.position_of("escape")
    for layer in _layers(built, attending=True):
        chosen = list(range(built.inspector.model_info.heads[layer])) if heads is None else heads
        vectors = [_unit(one.contexts[layer][position][chosen]).ravel() for _, position, one in built.reference]
        query = _unit(seen.contexts[layer][at][chosen]).ravel() / len(chosen)
        _check(built, vectors, query, by="heads", layer=layer, heads=heads)


def test_a_piece_of_the_corpus_finds_itself(built: Built) -> None:
    """The shortest sentence, which is padded most where texts of several lengths run together."""
    number, position, one = min(built.reference, key=lambda row: len(row[2].pieces))
    for layer in ("emb", *range(len(built.inspector.model_info.heads))):
        best = built.index.search(one, position, layer=layer, k=1)[0]
        assert best.score == pytest.approx(1, abs=1e-5)
    assert (best.sentence, best.position) == (number, position)


def test_layers_without_attention_have_no_files(built: Built, request: pytest.FixtureRequest) -> None:
    gaps = _layers(built, attending=False)
    folder = Path(built.index.name_or_path)
    assert tuple(gaps) == GAPS.get(request.node.callspec.params["built"], ())
    for layer in range(len(built.inspector.model_info.heads)):
        assert (folder / f"faiss/embedding-{layer:02}.faiss").is_file()
        for name in (f"faiss/heads-{layer:02}.faiss", f"attention/layer-{layer:02}.parquet"):
            assert (folder / name).is_file() == (layer not in gaps)
