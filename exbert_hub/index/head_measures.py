"""Measuring all heads of many sentences at once; `analysis/heads.py` says what is measured.

What does not depend on the heads is worked out once per batch (`head_batch.py`); per layer remain two products with
the attention, two maxima over it, its entropy, and sums over the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ..analysis.heads import LENGTHS, OFFSETS, AnnotatedPieces
from .head_batch import SentenceBatch
from .head_counts import (
    ALWAYS,
    ATTENDED,
    COUNTED,
    DEPENDENCY,
    MOST_LABELS,
    SHARES,
    TO_DEPENDANT,
    TO_HEAD,
    Column,
    HeadCounts,
)

_TINY = 1e-30  # its logarithm is finite, and what it adds to an entropy is not


class HeadMeter:
    """Adds up what the heads do, batch by batch.

    :param sentences: all that will come: their labels become the columns.
    """

    def __init__(self, sentences: Sequence[AnnotatedPieces]) -> None:
        self._sentences = sentences
        found: dict[str, set[str]] = {}
        for sentence in sentences:
            for name, labels in sentence.labels.items():
                found.setdefault(name, set()).update(labels)
        left_out = frozenset(name for name, labels in found.items() if len(labels) > MOST_LABELS)
        self._fields = [name for name in found if name not in left_out]
        attended = [
            Column(f"{ATTENDED}{name}", label) for name in self._fields for label in sorted(found[name] - {""})
        ]
        self._deps = sorted({label for sentence in sentences for label in sentence.dep} - {""})
        arcs = [Column(DEPENDENCY, label, way) for way in (TO_HEAD, TO_DEPENDANT) for label in self._deps]
        self._attended = {(column.measure, column.label): place for place, column in enumerate(attended)}
        self.counts = HeadCounts((*ALWAYS, *attended), tuple(arcs), {}, left_out)

    def add(self, numbers: Sequence[int], weights: Iterable[tuple[int, Tensor]]) -> None:
        """Measure one batch.

        :param numbers: of the sentences in it.
        :param weights: layers with their attention, [B, H, T, T], padded on the right to the longest, on any device.
        """
        sentences = [self._sentences[number] for number in numbers]
        places = [np.stack([self._places_in(sentence, name) for name in self._fields]) for sentence in sentences]
        batch = SentenceBatch(sentences, places, len(self._attended), self._deps)
        for name, values in batch.sums().items():
            self.counts.add(name, values.double().numpy())
        for layer, attention in weights:
            batch.to(attention.device)
            for name, values in _measure(batch, attention.float()).items():
                self.counts.add(f"{name}-{layer:02d}", values.cpu().double().numpy())

    def _places_in(self, sentence: AnnotatedPieces, name: str) -> np.ndarray:
        none = len(self._attended)
        labels = sentence.labels.get(name, ("",) * len(sentence.head))
        return np.array([self._attended.get((f"{ATTENDED}{name}", label), none) for label in labels], np.int64)


class MeterBeside:
    """A `HeadMeter` that measures one batch while the model reads the next; the attention of both is held then."""

    def __init__(self, sentences: Sequence[AnnotatedPieces]) -> None:
        self._meter = HeadMeter(sentences)
        self._thread = ThreadPoolExecutor(1, "exbert-heads")
        self._under_way: Future[None] | None = None

    @property
    def counts(self) -> HeadCounts:
        return self._meter.counts

    def add(self, numbers: Sequence[int], weights: Sequence[tuple[int, Tensor]]) -> None:
        """As `HeadMeter.add`, once the batch before is done."""
        self._wait()
        self._under_way = self._thread.submit(self._add, numbers, weights)

    def finish(self) -> None:
        """Wait until everything is counted."""
        self._wait()
        self._thread.shutdown()

    def _add(self, numbers: Sequence[int], weights: Sequence[tuple[int, Tensor]]) -> None:
        with torch.inference_mode():  # which the model's own thread is in, too
            self._meter.add(numbers, weights)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None


def _measure(batch: SentenceBatch, attention: Tensor) -> dict[str, Tensor]:
    """What of `HeadCounts` is summed up for each layer.

    :param attention: float [B, H, T, T].
    """
    size, heads, pieces, _ = attention.shape
    words = batch.lengths.shape[1]
    # heads beside the columns: then both steps from pieces to words are one product per sentence
    by_piece = attention.transpose(1, 2).clone(memory_format=torch.contiguous_format)  # [B, T, H, T]
    to_words = by_piece.reshape(size, pieces * heads, pieces) @ batch.pool
    between = (batch.mean @ to_words.reshape(size, pieces, -1)).reshape(size, words, heads, -1)[..., :words]
    between = between - batch.hidden_words  # no relation looks at what is hidden here
    best = _argmax(between)
    parts = [
        _shares(batch, by_piece, to_words.reshape(size, pieces, heads, -1)[..., -3:]),
        _relations(batch, between),
        _entropy(batch, by_piece),
        _attended(batch, best),
    ]
    parts.insert(0, _offsets(batch, by_piece))  # the last to use the attention: it hides what is no candidate
    total, expected = (torch.cat([part[n] for part in parts], -1) for n in (0, 1))  # [B, H, C]
    squares = (total - expected).square()
    squares[..., len(COUNTED) + len(SHARES)] = 0  # of the entropy: there is nothing to test
    hits = _arcs(batch, best)
    return {
        "total": total.sum(0),
        "expected": expected.sum(0),
        "squares": squares.sum(0),
        "arc_total": hits.sum(0),
        "arc_squares": hits.square().sum(0),
        "arc_shared": torch.einsum("bhd,bdk->hkd", hits, batch.arc_hits),
    }


def _offsets(batch: SentenceBatch, by_piece: Tensor) -> tuple[Tensor, Tensor]:
    size, pieces, heads, _ = by_piece.shape
    furthest = _argmax(by_piece.sub_(batch.hidden_pieces))
    place = furthest - batch.first_offset  # among OFFSETS
    counts = torch.zeros(size, len(OFFSETS) + 1, heads, device=by_piece.device)
    counted = batch.indexed[..., None] & (place >= 0) & (place < len(OFFSETS))
    place = torch.where(counted, place, len(OFFSETS))
    hits = counts.scatter_add_(1, place, counted.float())[:, :-1].transpose(1, 2)
    return hits, batch.offset_chances[:, None].expand_as(hits)


def _shares(batch: SentenceBatch, by_piece: Tensor, to_kinds: Tensor) -> tuple[Tensor, Tensor]:
    """To special tokens and to itself; what a blind head would give them of the same attention."""
    own = by_piece.diagonal(dim1=1, dim2=3).transpose(1, 2)  # [B, T, H]
    found = torch.stack([to_kinds[..., 0], own], -1)
    blind = to_kinds[..., [2, 1]] * batch.share_chances[:, :, None]
    return (found * batch.indexed[..., None, None]).sum(1), blind.sum(1)


def _relations(batch: SentenceBatch, between: Tensor) -> tuple[Tensor, Tensor]:
    """To the words in each relation; what a blind head would give them of what it gives to other words."""
    given = between @ batch.relation_columns  # [B, W, H, 5]
    blind = given[..., -1:] * batch.related_shares[:, :, None]
    return given[..., :-1].sum(1), blind.sum(1)


def _entropy(batch: SentenceBatch, by_piece: Tensor) -> tuple[Tensor, Tensor]:
    nats = -torch.linalg.vecdot(by_piece, by_piece.clamp_min(_TINY).log_())  # [B, T, H]
    rows = batch.indexed[..., None]
    total = (nats * rows).sum(1)[..., None]
    return total, batch.uniform_entropy[:, None, None].expand_as(total)


def _attended(batch: SentenceBatch, best: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of the attended words; what a blind choice among the other words of their length would give."""
    size, words, heads = best.shape
    if not batch.labels:
        none = torch.zeros(size, heads, 0, device=best.device)
        return none, none
    best = best.transpose(1, 2)  # [B, H, W]
    hits = torch.zeros(size, heads, batch.labels + 1, device=best.device)
    chosen = batch.choosing[:, None].expand_as(best)
    for places in batch.places.unbind(1):
        hits.scatter_add_(2, _of(places, best), chosen.float())
    word = torch.arange(size * words, device=best.device).reshape(size, 1, words)
    row = torch.where(chosen, word * LENGTHS + _of(batch.strata, best), len(batch.blind) - 1)
    blind = torch.nn.functional.embedding_bag(row.reshape(size * heads, words), batch.blind, mode="sum")
    return hits[..., :-1], blind.reshape(size, heads, batch.labels)


def _arcs(batch: SentenceBatch, best: Tensor) -> Tensor:
    """float [B, H, 2 D]: hits of each label's head, then of its dependants."""
    size, words, heads = best.shape
    hits = torch.zeros(size, heads, 2 * batch.deps, device=best.device)
    if not batch.deps:
        return hits
    best = best.transpose(1, 2)
    to_head = (best == batch.head[:, None]) & batch.seen_heads[:, None]
    hits.scatter_add_(2, batch.dep[:, None].expand_as(best), to_head.float())
    own = _of(batch.head, best) == torch.arange(words, device=best.device)
    to_dependant = own & _of(batch.seen_dependants, best) & batch.choosing[:, None]
    return hits.scatter_add_(2, _of(batch.dep, best) + batch.deps, to_dependant.float())


def _of(values: Tensor, best: Tensor) -> Tensor:
    """The values [B, W] of the attended words [B, H, W]."""
    return values[:, None].expand_as(best).gather(2, best)


def _argmax(values: Tensor) -> Tensor:
    """The first maximum along the last axis. On one thread NumPy is several times faster at it; it knows no more."""
    if values.device.type == "cpu" and torch.get_num_threads() <= 2:
        return torch.from_numpy(values.numpy().argmax(-1))
    return values.argmax(-1)
