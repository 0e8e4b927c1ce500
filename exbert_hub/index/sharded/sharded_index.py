"""An index in shards: each a whole index of a part of the corpus, searched side by side, their answers merged exactly.

Rows and sentences are numbered through, shard after shard, as in one index of the whole corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.histogram import Population
from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.types import Layer, Mode
from exbert_hub.index.hub.shard_places import ShardPlace
from exbert_hub.index.results.types import Match
from exbert_hub.index.search.filter import Place
from exbert_hub.index.search.query import Query, VectorQuery
from exbert_hub.index.search.ranking import NearestRows, first, nearest_rows
from exbert_hub.index.search.stored_index import StoredIndex

if TYPE_CHECKING:
    import datasets

Result = TypeVar("Result")

_THREADS = 64  # at most; they wait for FAISS, for the disk or for an actor


class AnyShard(Protocol):
    """What a search asks of one shard; rows and sentences are its own."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and sentences."""

    def tables(self) -> tuple[pa.Table, pa.Table]: ...

    def nearest(self, query: VectorQuery) -> NearestRows: ...

    def verify(self) -> None: ...

    def vectors(self, rows: np.ndarray, spec: VectorSpec) -> list[np.ndarray]: ...

    def places(self, rows: np.ndarray) -> list[Place]: ...

    def values(self, rows: np.ndarray, column: str) -> list[str]: ...

    def describe(self, rows: np.ndarray, scores: np.ndarray, query: Query) -> tuple[Match, ...]: ...

    def counts(self, population: str, *of: Any) -> Mapping[str, int]: ...


class OpenShard:
    """A shard that is opened in this process."""

    def __init__(self, place: ShardPlace) -> None:
        self._index = StoredIndex(place.open())
        self._searcher = self._index.searcher

    @property
    def size(self) -> tuple[int, int]:
        return self._index.manifest.pieces, self._index.manifest.sentences

    def tables(self) -> tuple[pa.Table, pa.Table]:
        return self._index.tokens.data.table, self._index.sentences.data.table

    def nearest(self, query: VectorQuery) -> NearestRows:
        return self._searcher.nearest(query)

    def verify(self) -> None:
        self._searcher.verify()

    def vectors(self, rows: np.ndarray, spec: VectorSpec) -> list[np.ndarray]:
        return list(self._searcher.vectors(spec, rows))

    def places(self, rows: np.ndarray) -> list[Place]:
        return self._searcher.places(rows)

    def values(self, rows: np.ndarray, column: str) -> list[str]:
        return self._searcher.values(column, rows)

    def describe(self, rows: np.ndarray, scores: np.ndarray, query: Query) -> tuple[Match, ...]:
        return self._searcher.describe(scores, rows, query)

    def counts(self, population: str, *of: Any) -> Mapping[str, int]:
        """Counts of `BaseRateSource`, by the name of its method."""
        return getattr(self._searcher.base, population)(*of)


class ShardedIndex:
    """An `OpenedIndex` whose parts are in several places.

    :param shards: opened, here or in actors.
    :param manifest: of all of them together; it lists no files.
    :param names: that were asked for.
    """

    store = None

    def __init__(
        self, shards: Sequence[AnyShard], manifest: Manifest, names: Sequence[str], revision: str | None
    ) -> None:
        self.manifest, self.names, self.revision = manifest, tuple(names), revision
        self._shards = shards
        self.searcher = ShardedSearcher(shards)

    @cached_property
    def tokens(self) -> datasets.Dataset:
        """The rows of all shards, without the FAISS indexes, which stay with their shards."""
        parts, first_sentence = [], 0
        for table, sentences in self._tables:
            column = table.schema.get_field_index("sentence")
            numbers = table.column(column).to_numpy() + first_sentence
            parts.append(table.set_column(column, table.schema.field(column), pa.chunked_array([numbers])))
            first_sentence += len(sentences)
        return _dataset(parts)

    @cached_property
    def sentences(self) -> datasets.Dataset:
        return _dataset([sentences for _, sentences in self._tables])

    @property
    def _tables(self) -> list[tuple[pa.Table, pa.Table]]:
        return [shard.tables() for shard in self._shards]


class ShardedSearcher:
    """The methods of `Searcher` over all shards at once, one thread each: FAISS searches without the lock of Python,
    and an actor is waited for."""

    def __init__(self, shards: Sequence[AnyShard]) -> None:
        self._shards = shards
        self._threads = ThreadPoolExecutor(min(_THREADS, len(shards)), thread_name_prefix="shard")
        # rows and sentences before each shard
        sizes = [shard.size for shard in shards]
        self._rows, self._sentences = (np.cumsum([0, *part]) for part in zip(*sizes, strict=True))
        self.base = ShardedBaseRates(self._each)

    def prepare(self, layer: Layer) -> None:
        """Nothing: which shards will have matches is not known yet."""

    def nearest(self, query: VectorQuery) -> NearestRows:
        """As `Searcher.nearest`; each shard decides by its own size whether to search fast."""
        ranking = ShardedRanking(
            lambda count: self._each(lambda shard: shard.nearest(query.unfiltered(count))), self._rows
        )
        return nearest_rows(ranking, int(self._rows[-1]), query, self.places)

    def verify(self) -> None:
        """As `Searcher.verify`."""
        for _ in self._each(lambda shard: shard.verify()):
            pass

    def vectors(self, spec: VectorSpec, rows: np.ndarray) -> np.ndarray:
        """The stored vectors of the rows: float32 [n, dim]."""
        return np.stack([vector for _, vector in self._at(rows, lambda shard, own, _: shard.vectors(own, spec))])

    def places(self, rows: np.ndarray) -> list[Place]:
        """Where the rows stand."""
        places = self._at(rows, lambda shard, own, _: shard.places(own))
        return [place._replace(sentence=place.sentence + self._sentences[shard]) for shard, place in places]

    def values(self, column: str, rows: np.ndarray) -> list[str]:
        """A column of the tokens table at the rows, as text."""
        return [value for _, value in self._at(rows, lambda shard, own, _: shard.values(own, column))]

    def describe(self, scores: np.ndarray, rows: np.ndarray, query: Query) -> tuple[Match, ...]:
        """Everything there is to show about the rows."""
        matches = self._at(rows, lambda shard, own, chosen: shard.describe(own, scores[chosen], query))
        return tuple(
            replace(match, rank=rank, row=int(rows[rank]), sentence=match.sentence + int(self._sentences[shard]))
            for rank, (shard, match) in enumerate(matches)
        )

    def _each(self, ask: Callable[[AnyShard], Result]) -> Iterator[Result]:
        """The answers of all shards, in their order."""
        return self._threads.map(ask, self._shards)

    def _at(
        self, rows: np.ndarray, ask: Callable[[AnyShard, np.ndarray, np.ndarray], Sequence[Result]]
    ) -> list[tuple[int, Result]]:
        """For every row the number of its shard, and what the shard says about it.

        :param ask: gets a shard, its own rows, and their places in `rows`.
        """
        shard_of = np.searchsorted(self._rows, rows, "right") - 1
        numbers = [int(number) for number in np.unique(shard_of)]
        chosen = [np.flatnonzero(shard_of == number) for number in numbers]

        def answer(number: int, places: np.ndarray) -> Sequence[Result]:
            return ask(self._shards[number], rows[places] - self._rows[number], places)

        by_place: dict[int, tuple[int, Result]] = {}
        for number, places, answers in zip(numbers, chosen, self._threads.map(answer, numbers, chosen), strict=True):
            by_place |= {int(place): (number, one) for place, one in zip(places, answers, strict=True)}
        return [by_place[place] for place in range(len(rows))]


class ShardedRanking:
    """Merges what the shards rank.

    :param ask: the nearest rows of every shard, this many of each.
    :param before: rows before each shard.
    """

    def __init__(self, ask: Callable[[int], Iterator[NearestRows]], before: np.ndarray) -> None:
        self._ask, self._before = ask, before
        self.mode: Mode = "exact"

    def __call__(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        parts = list(self._ask(count))
        self.mode = "fast" if any(part.mode == "fast" for part in parts) else "exact"
        rows = [part.rows + before for part, before in zip(parts, self._before, strict=False)]
        return first(np.concatenate([part.scores for part in parts]), np.concatenate(rows), count)


class ShardedBaseRates:
    """The counts of `BaseRates`, summed over the shards: no sentence is in two of them."""

    def __init__(self, each: Callable[[Callable[[AnyShard], Mapping[str, int]]], Iterator[Mapping[str, int]]]) -> None:
        self._each = each
        self.match = self._summed("match")
        self.next = self._summed("next")
        self.max_attention = self._summed("max_attention")
        self.offset = self._summed("offset")

    def _summed(self, population: str) -> Callable[..., Mapping[str, int]]:
        def counts(*of: Any) -> Mapping[str, int]:
            counted = (Counter(part) for part in self._each(lambda shard: shard.counts(population, *of)))
            return Population.of(sum(counted, Counter()))

        return lru_cache(maxsize=256)(counts)


def _dataset(parts: Sequence[pa.Table]) -> datasets.Dataset:
    import datasets

    return datasets.Dataset(pa.concat_tables(parts))
