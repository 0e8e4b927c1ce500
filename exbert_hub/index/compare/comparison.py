"""Two models on one corpus, two sentences, masked and unmasked, with and without a head: what is different?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exbert_hub.analysis.similarity import jaccard, linear_cka, rbo
from exbert_hub.errors import IndexMismatchError, LabelError, SelectionError, UnsupportedError
from exbert_hub.index.format.corpus_words import word_numbers
from exbert_hub.index.format.types import MATCHES, Kind, Layer
from exbert_hub.index.results.types import LayerProfile
from exbert_hub.index.search.profile import profile
from exbert_hub.index.search.query import SearchRequest, VectorQuery, word_at
from exbert_hub.index.search.selection import check_model, choose_spec

from .attention_difference import AttentionDifference, attention_difference

if TYPE_CHECKING:
    from exbert_hub.index.search.protocols import SearchableIndex
    from exbert_hub.model import Inspection
    from exbert_hub.model.types import Prediction

WordOrPosition = str | int

_PREDICTIONS = 5
_SEED = 0  # the same words whenever the same indexes are compared


@dataclass(frozen=True)
class LayerOverlap:
    """How far the corpus words nearest to a token are the same on both sides."""

    layer: Layer
    rbo: float  # rank-biased overlap, 0 to 1
    jaccard: float  # 0 to 1
    shared: int  # words that both sides have
    words: tuple[int, int]  # of each side; fewer than k where a word was found by several of its pieces


@dataclass(frozen=True)
class LayerSimilarity:
    """How alike two models represent the words of the corpus."""

    layer: Layer
    cka: float  # linear CKA of the stored vectors, 0 to 1
    chance: float  # the same with the words of one side shuffled: what models that share nothing would reach


@dataclass(frozen=True)
class ComparedToken:
    """The token of one side."""

    text: str
    word: str  # what stands in the text where the piece is, also when it is masked
    position: int
    masked: bool
    ablated: Mapping[int, tuple[int, ...]]  # heads that were silenced, by layer

    def __str__(self) -> str:
        without = ", ".join(f"{layer}-[{','.join(map(str, heads))}]" for layer, heads in self.ablated.items())
        return f"{self.word!r}{' (masked)' if self.masked else ''}{f' without {without}' if without else ''}"


@dataclass(frozen=True)
class TokenComparison:
    """What two inspections show for a token each."""

    asked: tuple[ComparedToken, ComparedToken]
    k: int
    p: float  # of the rank-biased overlap
    overlap: tuple[LayerOverlap, ...]
    profiles: tuple[LayerProfile, LayerProfile]  # each of all layers of its index
    predictions: tuple[tuple[Prediction, ...], tuple[Prediction, ...]]  # at (or after) the token; empty without
    attention: AttentionDifference | None
    no_attention: str  # why there is none

    def to_dict(self) -> dict[str, Any]:
        """With the shift of each head in place of the matrices of attention."""
        return {
            "asked": [asdict(asked) for asked in self.asked],
            "k": self.k,
            "p": self.p,
            "overlap": [asdict(layer) for layer in self.overlap],
            "profiles": [asdict(profile) for profile in self.profiles],
            "predictions": [[prediction._asdict() for prediction in side] for side in self.predictions],
            "attention": None if self.attention is None else self.attention.to_dict(),
            "no_attention": self.no_attention,
        }


@dataclass(frozen=True)
class Comparison:
    """The second side set against the first."""

    names: tuple[str, str]  # of the indexes
    by: Kind
    layers: tuple[Layer, ...]  # that both indexes have: those that are compared
    similarity: tuple[LayerSimilarity, ...]  # of two indexes; empty for one
    words: int  # of the corpus that both indexes have
    sample: int  # words that the similarity was measured on
    token: TokenComparison | None  # None without inspections

    def to_dict(self) -> dict[str, Any]:
        """Everything but the matrices of attention, ready for JSON."""
        return {
            "names": list(self.names),
            "by": self.by,
            "layers": list(self.layers),
            "similarity": [asdict(layer) for layer in self.similarity],
            "words": self.words,
            "sample": self.sample,
            "token": None if self.token is None else self.token.to_dict(),
        }


@dataclass(frozen=True)
class CompareRequest:
    """How two sides are compared; see `compare`.

    :raises SelectionError: for a number that makes no sense.
    """

    by: Kind
    heads: tuple[int, ...] | None
    field: str
    k: int
    p: float
    sample: int

    def __post_init__(self) -> None:
        if self.sample < 2:
            raise SelectionError(f"sample={self.sample}: representations are compared on at least two words")
        if not 0 < self.p < 1:
            raise SelectionError(f"p={self.p}: the weight of the ranks falls by a number between 0 and 1")

    @property
    def search(self) -> SearchRequest:
        """Its layer is set for each."""
        return SearchRequest.of(by=self.by, heads=None if self.by == "embedding" else self.heads, k=self.k)


def compare(
    a: SearchableIndex,
    b: SearchableIndex | None = None,
    *,
    seen: tuple[Inspection, Inspection] | None = None,
    token: WordOrPosition | tuple[WordOrPosition, WordOrPosition] | None = None,
    by: Kind = "embedding",
    heads: Iterable[int] | None = None,
    field: str = "pos",
    k: int = MATCHES,
    p: float = 0.98,
    sample: int = 4000,
) -> Comparison:
    """Set two models, or two inspections by one model, side by side.

    ```python
    compare(base, tuned)                                              # how two models represent a corpus
    compare(base, tuned, seen=(by_base, by_tuned), token="escape")    # and what each finds for a word
    compare(index, seen=(plain, masked), token="escape")              # two inspections by one model
    ```

    Rows of two indexes are matched by the words of the corpus, so that models with different tokenizers can be
    compared. Layers are compared by number.

    :param a: an index.
    :param b: another model's index of the same corpus; `a` again if None.
    :param seen: what the model of `a` and that of `b` computed for a text each, from `Inspector.inspect`.
    :param token: the word, or the position of a piece, to look at in both texts; two where they differ.
    :param by: the vectors that are compared, "embedding" or "heads".
    :param heads: with by="heads", the heads to search by at every layer; all if None.
    :param field: the label of the profiles.
    :param k: how many nearest pieces are compared.
    :param p: of the rank-biased overlap (`analysis.similarity.rbo`), how slowly the weight of the ranks falls.
    :param sample: words that representations are compared on (`analysis.similarity.linear_cka`), drawn at random, the
        same ones every time.
    :raises IndexMismatchError: if the indexes have no word in common, or `seen` comes from another model.
    :raises SelectionError: if there is nothing to compare, or no layer that both have.
    :raises LabelError: if an index does not have `field`.
    :raises TokenError: if the token is not in a text, or more than once.
    """
    request = CompareRequest(by, None if heads is None else tuple(heads), field, k, p, sample)
    b = a if b is None else b
    if seen is None and (b is a or token is not None):
        raise SelectionError("nothing to compare: give another index, or seen= and token=, or both")
    layers = tuple(layer for layer in a.layers(by) if layer in b.layers(by))
    if not layers:
        raise SelectionError(f"the indexes have no layer with {by} vectors in common")
    words_a, words_b = word_numbers(
        [(index.opened.tokens.data.table, index.opened.sentences.data.table) for index in (a, b)]
    )
    common, rows_a, rows_b = np.intersect1d(words_a, words_b, return_indices=True)  # a word's row: its first piece
    if not len(common):
        raise IndexMismatchError(
            f"{a.name_or_path} and {b.name_or_path} have no word of a sentence in common: compare indexes of one "
            f"corpus"
        )
    drawn = np.random.default_rng(_SEED).permutation(len(common))[: sample if b is not a else 0]
    compared = None
    if seen is not None:
        if token is None:
            raise SelectionError("a token is compared: name it, token=, or the two tokens where they differ")
        token_a, token_b = token if isinstance(token, tuple) else (token, token)
        one, other = _Side(a, words_a, seen[0], token_a), _Side(b, words_b, seen[1], token_b)
        compared = _compare_tokens(one, other, layers, request)
    return Comparison(
        names=(a.name_or_path, b.name_or_path),
        by=by,
        layers=layers,
        similarity=tuple(_similarity((a, b), by, layer, (rows_a[drawn], rows_b[drawn])) for layer in layers)
        if b is not a
        else (),
        words=len(common),
        sample=len(drawn),
        token=compared,
    )


def _similarity(
    indexes: Iterable[SearchableIndex], by: Kind, layer: Layer, rows: Iterable[np.ndarray]
) -> LayerSimilarity:
    one, other = (
        index.opened.searcher.vectors(choose_spec(index.manifest, by, layer), chosen)
        for index, chosen in zip(indexes, rows, strict=True)
    )
    shuffled = np.random.default_rng(_SEED).permutation(len(other))
    return LayerSimilarity(layer, linear_cka(one, other), linear_cka(one, other[shuffled]))


class _Side:
    """One index, and what its model saw."""

    def __init__(self, index: SearchableIndex, words: np.ndarray, seen: Inspection, token: WordOrPosition) -> None:
        """
        :param words: number of the word of each row.
        """
        check_model(index.manifest, seen.model_info)
        self.index, self.seen, self._words = index, seen, words
        self.position = seen.position_of(token)
        masked = bool(seen.masked[self.position])
        self.asked = ComparedToken(seen.text, word_at(seen, self.position), self.position, masked, dict(seen.ablated))

    def nearest_words(self, search: SearchRequest, layer: Layer) -> list[int]:
        """Numbers of the words of the nearest pieces, best first, each once."""
        query = VectorQuery.about(self.seen, self.position, self.index.manifest, replace(search, layer=layer))
        rows = self.index.opened.searcher.nearest(query).rows
        return list(dict.fromkeys(self._words[rows].tolist()))

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """The likeliest pieces; none by encoder-decoders, whose indexes and tokens are those of the encoder."""
        has_them = self.seen.predicted and self.seen.model_info.kind != "seq2seq"
        return self.seen.predicted[self.position][:_PREDICTIONS] if has_them else ()

    def profile(self, search: SearchRequest, field: str) -> LayerProfile:
        if field not in self.index.manifest.all_labels:
            raise LabelError(f"{self.index.name_or_path} has no label {field!r}: both sides need it")
        return profile(self.index.opened, self.seen, self.position, field, search)


def _compare_tokens(one: _Side, other: _Side, layers: Sequence[Layer], request: CompareRequest) -> TokenComparison:
    search, p = request.search, request.p

    def overlap(layer: Layer) -> LayerOverlap:
        first, second = one.nearest_words(search, layer), other.nearest_words(search, layer)
        sizes = len(first), len(second)
        return LayerOverlap(layer, rbo(first, second, p), jaccard(first, second), len({*first} & {*second}), sizes)

    attention, no_attention = None, ""
    try:
        attention = attention_difference(one.seen, other.seen)
    except UnsupportedError as error:
        no_attention = str(error)
    return TokenComparison(
        asked=(one.asked, other.asked),
        k=search.k,
        p=p,
        overlap=tuple(overlap(layer) for layer in layers),
        profiles=(one.profile(search, request.field), other.profile(search, request.field)),
        predictions=(one.predictions, other.predictions),
        attention=attention,
        no_attention=no_attention,
    )
