"""What is searched for: asked once at the edge, then passed whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.analysis.vectors import head_query, normalise
from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.types import MATCHES, Kind, Layer, Mode

from .filter import EVERYTHING, Filter
from .selection import check_model, choose_heads, choose_spec, last_layer

if TYPE_CHECKING:
    from exbert_hub.model import Inspection


@dataclass(frozen=True)
class SearchRequest:
    """How to search for a piece of a text; see `CorpusIndex.search`."""

    by: Kind = "embedding"
    layer: Layer | None = None  # None: the last one that has such vectors
    heads: tuple[int, ...] | None = None  # None: all of the layer
    k: int = MATCHES
    exclude_query: bool = False
    unique_sentences: bool = False
    exact: bool | None = None

    @classmethod
    def of(cls, *, heads: Iterable[int] | None = None, **options: object) -> SearchRequest:
        """With heads from any iterable."""
        return cls(heads=None if heads is None else tuple(heads), **options)  # type: ignore[arg-type]

    def keeping(self, text: str) -> Filter:
        """What is left out of the results for a query in this text."""
        return Filter(text if self.exclude_query else None, self.unique_sentences)


@dataclass(frozen=True, eq=False)
class VectorQuery:
    """A vector to compare with those of one layer and kind: all that an index, a shard or an actor has to know."""

    spec: VectorSpec  # what to search in
    vector: np.ndarray  # float32 [dim], such that the inner product with a stored vector is the (mean) cosine
    heads: tuple[int, ...]  # that the vector has values of; all of the layer, none for the input embeddings
    k: int
    keep: Filter = EVERYTHING
    exact: bool | None = None  # whether to compare with every vector; by size if None

    @classmethod
    def about(cls, seen: Inspection, position: int, manifest: Manifest, request: SearchRequest) -> VectorQuery:
        """The search for one piece of a text in an index.

        :raises IndexMismatchError: if `seen` comes from another model than the index.
        :raises SelectionError: for a layer, head or kind that the index does not have.
        """
        check_model(manifest, seen.model_info)
        layer = last_layer(manifest, request.by) if request.layer is None else request.layer
        spec = choose_spec(manifest, request.by, layer)
        heads = choose_heads(manifest, layer, request.heads)
        vector = _vector(seen, position, spec, heads)
        return cls(spec, vector, heads, request.k, request.keeping(seen.text), request.exact)

    def unfiltered(self, count: int) -> VectorQuery:
        """The same for `count` pieces, none of them left out."""
        return replace(self, k=count, keep=EVERYTHING)


@dataclass(frozen=True)
class Query:
    """What was searched for."""

    text: str
    word: str  # what stands in the text where the piece is, also when it is masked
    piece: str
    position: int
    masked: bool
    by: Kind
    layer: Layer
    heads: tuple[int, ...]  # also those that the max-attention token is taken over; empty for `emb`
    mode: Mode = "exact"  # how it was answered

    @classmethod
    def about(cls, seen: Inspection, position: int, query: VectorQuery, mode: Mode) -> Query:
        """The search for one piece of a text.

        :param mode: how it was answered.
        """
        return cls(
            text=seen.text,
            word=word_at(seen, position),
            piece=seen.pieces[position],
            position=position,
            masked=bool(seen.masked[position]),
            by=query.spec.kind,
            layer=query.spec.layer,
            heads=query.heads,
            mode=mode,
        )

    def __str__(self) -> str:
        word = f"{self.word!r}{' (masked)' if self.masked else ''}"
        mode = ", fast search" if self.mode == "fast" else ""
        if self.by == "embedding":
            return f"{word} by embedding at layer {self.layer}{mode}"
        return f"{word} by heads {self.layer}-[{','.join(map(str, self.heads))}]{mode}"


def _vector(seen: Inspection, position: int, spec: VectorSpec, heads: Sequence[int]) -> np.ndarray:
    """float32 [dim], such that the inner product with a stored vector is the (mean) cosine."""
    if spec.kind == "embedding":
        return normalise(seen.hidden[0 if spec.layer == "emb" else spec.layer + 1][position])
    return head_query(seen.contexts[spec.layer][position], heads)


def word_at(seen: Inspection, position: int) -> str:
    """The characters that the piece stands for; the piece itself where it stands for none."""
    text = (seen.text_pair or "") if seen.tokens.segments[position] else seen.text
    start, end = seen.tokens.offsets[position]
    return text[start:end].strip() or seen.pieces[position]
