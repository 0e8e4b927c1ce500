"""The subset finder: which few heads of a layer find words of a wanted kind for a token of your text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exbert_hub.analysis.max_attention import max_attention
from exbert_hub.analysis.significance import LEVEL, false_discovery_rates, hypergeometric_p
from exbert_hub.analysis.subsets import cosines_by_head, forward_selection, highest
from exbert_hub.analysis.vectors import normalise
from exbert_hub.index.format.types import MATCHES
from exbert_hub.index.store.attention_files import AttentionReader
from exbert_hub.index.store.token_rows import TokenRows
from exbert_hub.index.store.vectors import read_vectors

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_ROWS_AT_ONCE = 1 << 14

OfMatch = Literal["match", "max_attention"]


@dataclass(frozen=True)
class SubsetRequest:
    """Which heads to look for; see `CorpusIndex.find_heads`."""

    label: str
    field: str = "dep"
    of: OfMatch = "max_attention"
    layer: int | None = None
    k: int = MATCHES
    exclude_query: bool = False
    unique_sentences: bool = False


@dataclass(frozen=True)
class HeadStep:
    """One head more, and what the heads chosen so far find."""

    head: int  # that was added
    heads: tuple[int, ...]  # chosen so far
    share: float  # of the nearest in the searched half, those with the wanted label; what the heads are chosen by
    held_back: float  # likewise in the held-back half: this is the number to believe
    base_rate: float  # of the label in the half that was held back
    p: float  # two-sided, hypergeometric, of the held-back share
    q: float  # p corrected for all steps of all layers (Benjamini & Hochberg 1995)

    @property
    def lift(self) -> float:
        """On the half that was held back."""
        return self.held_back / self.base_rate if self.base_rate else 0.0

    @property
    def significant(self) -> bool:
        return self.q < LEVEL


@dataclass(frozen=True)
class HeadPath:
    """How the heads of one layer were chosen; no steps if none of its heads found the label at all."""

    layer: int
    steps: tuple[HeadStep, ...]

    @property
    def heads(self) -> tuple[int, ...]:
        """The chosen heads."""
        return self.steps[-1].heads if self.steps else ()

    @property
    def share(self) -> float:
        """What they were chosen by."""
        return self.steps[-1].share if self.steps else 0.0

    def __str__(self) -> str:
        return f"{self.layer}-[{','.join(map(str, sorted(self.heads)))}]"


@dataclass(frozen=True, repr=False)
class FoundHeads:
    """The heads that find a label for a token: a path for each layer, the best first."""

    word: str
    masked: bool
    label: str
    field: str
    of: OfMatch
    k: int
    paths: tuple[HeadPath, ...]

    @property
    def best(self) -> HeadPath:
        return self.paths[0]

    def __repr__(self) -> str:
        steps = self.best.steps
        best = f"{self.best} in {steps[-1].held_back:.0%} of the held-back half" if steps else "no head"
        return f"<heads that find {self.field} {self.label!r} ({self.of}) for {self.word!r}: {best}>"

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        paths = [
            {"layer": path.layer, "steps": [vars(step) | {"lift": step.lift} for step in path.steps]}
            for path in self.paths
        ]
        return vars(self) | {"paths": paths}

    def to_pandas(self) -> pd.DataFrame:
        """One row per layer and step."""
        import pandas as pd

        rows = [{"layer": path.layer, **vars(s), "lift": s.lift} for path in self.paths for s in path.steps]
        return pd.DataFrame.from_records(rows)


class SubsetSearch:
    """The subsets of the heads of one layer, judged by what the `k` nearest of either half of the corpus show.

    :param scores: float [n, H], cosine of each head of each corpus piece with the query's.
    :param usable: bool [n], pieces that may be found.
    :param wanted: what shows whether a piece, or what it attends to, has the label.
    :param held_back: bool [n], pieces of the sentences that are not searched.
    """

    def __init__(self, scores: np.ndarray, usable: np.ndarray, wanted: Wanted, held_back: np.ndarray, k: int) -> None:
        self._wanted, self._k, self._judges = wanted, k, usable & held_back
        self._rows = {half: np.flatnonzero(usable & (held_back == half)) for half in (False, True)}
        # head by head in one piece: a subset is the sum of a few of them
        self._scores = {half: np.ascontiguousarray(scores[rows].T) for half, rows in self._rows.items()}

    def path(self) -> tuple[HeadStep, ...]:
        """The steps, each with the q of a single test."""
        chosen = forward_selection(len(self._scores[False]), lambda heads: self._share(False, heads))
        heads = [head for head, _ in chosen]
        steps = []
        bases = self._wanted.base_counts(heads, self._judges)
        for number, ((head, share), (base, population)) in enumerate(zip(chosen, bases, strict=True), 1):
            hits = self._count(True, heads[:number])
            drawn = len(self.nearest(True, heads[:number]))
            p = hypergeometric_p(np.array([hits]), np.array([base]), drawn, population)[0] if drawn else 1.0
            held_back, rate = hits / max(drawn, 1), base / max(population, 1)
            steps.append(HeadStep(head, tuple(heads[:number]), share, held_back, rate, float(p), float(p)))
        return tuple(steps)

    def nearest(self, half: bool, heads: Sequence[int]) -> np.ndarray:
        """Rows of the pieces of one half nearest by these heads, the best first."""
        scores = self._scores[half]
        total = scores[heads[0]] if len(heads) == 1 else scores[list(heads)].sum(0)
        return self._rows[half][highest(total, self._k)]

    def _count(self, half: bool, heads: Sequence[int]) -> int:
        return self._wanted.count(self.nearest(half, heads), heads)

    def _share(self, half: bool, heads: Sequence[int]) -> float:
        return self._count(half, heads) / max(1, min(self._k, len(self._rows[half])))


class Wanted:
    """Whether matches have the wanted label.

    :param has: bool [n], the pieces that have it.
    """

    def __init__(self, has: np.ndarray) -> None:
        self._has = has

    def count(self, rows: np.ndarray, heads: Sequence[int]) -> int:
        """How many of the rows show it, found by these heads."""
        return int(self._has[rows].sum())

    def base_counts(self, heads: Sequence[int], among: np.ndarray) -> list[tuple[int, int]]:
        """How many pieces show it among how many, for the first head, the first two, ….

        :param among: bool [n].
        """
        return [(int(self._has[among].sum()), int(among.sum()))] * len(heads)


class WantedOfMaxAttention(Wanted):
    """Whether their max-attention tokens have it, attention averaged over the chosen heads.

    :param rows: the indexed pieces.
    :param reader: stored attention of the layer.
    """

    def __init__(self, has: np.ndarray, rows: TokenRows, reader: AttentionReader) -> None:
        super().__init__(has)
        self._rows, self._reader = rows, reader
        self._bounds = np.searchsorted(rows.sentences, np.arange(len(reader) + 1))
        self._of_row = lru_cache(maxsize=None)(self._attention)

    def count(self, rows: np.ndarray, heads: Sequence[int]) -> int:
        chosen, shown = list(heads), 0
        for attention, has in map(self._of_row, rows.tolist()):
            attended = int(max_attention(attention[chosen].sum(0)))
            shown += attended >= 0 and bool(has[attended])
        return shown

    def base_counts(self, heads: Sequence[int], among: np.ndarray) -> list[tuple[int, int]]:
        counts = np.zeros(len(heads), np.int64)
        for sentence in np.unique(self._rows.sentences[among]).tolist():
            own = slice(self._bounds[sentence], self._bounds[sentence + 1])
            candidates, has = self._candidates(sentence)
            total = np.zeros(())
            for number, attention in enumerate(self._reader.of_heads(sentence, list(heads))):
                total = total + attention
                attended = max_attention(total[np.ix_(self._rows.positions[own], candidates)])
                counts[number] += has[attended[attended >= 0]].sum()
        return [(int(count), int(among.sum())) for count in counts]

    def _attention(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """[H, c] of one piece to the candidates, and which of these have the label."""
        sentence = int(self._rows.sentences[row])
        candidates, has = self._candidates(sentence)
        return self._reader.out_of(sentence, int(self._rows.positions[row]))[:, candidates], has

    def _candidates(self, sentence: int) -> tuple[np.ndarray, np.ndarray]:
        """int [c] positions of the candidates in a sentence, and which of these have the label."""
        own = slice(self._bounds[sentence], self._bounds[sentence + 1])
        candidate = self._rows.candidates[own]
        return self._rows.positions[own][candidate], self._has[own][candidate]


def corrected(paths: Sequence[HeadPath]) -> list[HeadPath]:
    """The paths with the q of every step corrected for all of them: with many tries, some succeed by chance."""
    steps = [step for path in paths for step in path.steps]
    rates = iter(false_discovery_rates(np.array([step.p for step in steps])).tolist())
    return [HeadPath(path.layer, tuple(replace(step, q=next(rates)) for step in path.steps)) for path in paths]


def score_heads(tokens: datasets.Dataset, name: str, contexts: np.ndarray) -> np.ndarray:
    """float32 [n, H]: cosine of each head of each corpus piece with that of the query, contexts [H, Dh]."""
    query = normalise(contexts)
    blocks: Iterator[np.ndarray] = (
        cosines_by_head(read_vectors(tokens, name, np.arange(at, min(at + _ROWS_AT_ONCE, len(tokens)))), query)
        for at in range(0, len(tokens), _ROWS_AT_ONCE)
    )
    return np.concatenate(list(blocks))


def having(tokens: pa.Table, field: str, label: str) -> np.ndarray:
    """bool [n]: the pieces with the label."""
    return pc.equal(tokens.column(field).cast(pa.string()), label).to_numpy()
