"""Measuring all heads of many sentences at once; `analysis/heads.py` says what is measured.

What does not depend on the heads is worked out once per batch (`sentence_batch.py`). What is left per layer are a few
passes over the attention: two products, two maxima, its entropy. What follows from these is small, and counted for all
layers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from exbert_hub.analysis.heads import LENGTHS, OFFSETS, AnnotatedPieces
from exbert_hub.analysis.max_attention import first_argmax, max_attention_batch
from exbert_hub.index.format.head_schema import (
    ALWAYS,
    ATTENDED,
    COUNTED,
    DEPENDENCY,
    MOST_LABELS,
    SHARES,
    TO_DEPENDANT,
    TO_HEAD,
    Column,
)

from .head_counts import HeadCounts
from .scratch import ScratchMemory
from .sentence_batch import SentenceBatch

_TINY = 1e-30  # its logarithm is finite, and what it adds to an entropy is not


class HeadMeter:
    """Adds up what the heads do, batch by batch.

    :param sentences: all that will come: their labels become the columns.
    """

    def __init__(self, sentences: Sequence[AnnotatedPieces]) -> None:
        self._sentences = sentences
        values: dict[str, set[str]] = {}
        for sentence in sentences:
            for name, labels in sentence.labels.items():
                values.setdefault(name, set()).update(labels)
        left_out = frozenset(name for name, labels in values.items() if len(labels) > MOST_LABELS)
        self._fields = [name for name in values if name not in left_out]
        attended = [
            Column(f"{ATTENDED}{name}", label) for name in self._fields for label in sorted(values[name] - {""})
        ]
        self._deps = sorted({label for sentence in sentences for label in sentence.dep} - {""})
        arcs = [Column(DEPENDENCY, label, way) for way in (TO_HEAD, TO_DEPENDANT) for label in self._deps]
        self._attended = {(column.measure, column.label): place for place, column in enumerate(attended)}
        self.counts = HeadCounts((*ALWAYS, *attended), tuple(arcs), {}, left_out)

    def add(self, sums: Mapping[str, np.ndarray]) -> None:
        """Add what was measured of a batch: in the order of the batches, or the last digits vary."""
        for name, values in sums.items():
            self.counts.add(name, values)

    @torch.inference_mode()
    def measure(
        self, numbers: Sequence[int], weights: Iterable[tuple[int, Tensor]], scratch: ScratchMemory
    ) -> Mapping[str, np.ndarray]:
        """Measure one batch: what `add` takes. Several threads may.

        :param numbers: of the sentences in it.
        :param weights: layers with their attention, [B, H, T, T], padded on the right to the longest, on any device.
        :param scratch: of this thread.
        """
        sentences = [self._sentences[number] for number in numbers]
        places = [np.stack([self._places_in(sentence, name) for name in self._fields]) for sentence in sentences]
        batch = SentenceBatch(sentences, places, len(self._attended), self._deps)
        sums = {name: values.double().numpy() for name, values in batch.sums().items()}
        looks: dict[int, Look] = {}
        for layer, attention in weights:
            batch.to(attention.device)
            looks[layer] = _look(batch, attention.float().contiguous(), scratch)
        if not looks:
            return sums
        together = Look(*(torch.cat(parts, 1) for parts in zip(*looks.values(), strict=True)))
        heads = [look.entropy.shape[1] for look in looks.values()]
        for name, values in _sums(batch, together).items():
            for layer, part in zip(looks, values.cpu().double().split(heads), strict=True):
                sums[f"{name}-{layer:02d}"] = part.numpy()
        return sums

    def _places_in(self, sentence: AnnotatedPieces, name: str) -> np.ndarray:
        none = len(self._attended)
        labels = sentence.labels.get(name, ("",) * len(sentence.head))
        return np.array([self._attended.get((f"{ATTENDED}{name}", label), none) for label in labels], np.int64)


class Look(NamedTuple):
    """What the heads of a layer, or of several, do in each sentence of a batch; all else follows from it."""

    linear: Tensor  # float [B, H, 12], see `SentenceBatch.linear`
    entropy: Tensor  # float [B, H], sum over the pieces with a word
    furthest: Tensor  # int [B, H, T], the position of the max-attention token of each piece
    best: Tensor  # int [B, H, W], the other word that each word attends to most


def _look(batch: SentenceBatch, attention: Tensor, scratch: ScratchMemory) -> Look:
    """The passes over the attention of one layer; they are most of what measuring takes.

    :param attention: float [B, H, T, T].
    """
    size, heads, pieces, _ = attention.shape
    words = batch.lengths.shape[1]
    linear = attention.view(size, heads, -1) @ batch.linear

    logarithm = torch.clamp_min(attention, _TINY, out=scratch.like(attention)).log_()
    logarithm.mul_(batch.indexed[:, None, :, None])
    entropy = -torch.linalg.vecdot(attention.view(size, heads, -1), logarithm.view(size, heads, -1))

    furthest = max_attention_batch(attention, batch.candidates, scratch.like(attention))

    to_words = scratch.get("to words", (size, heads * pieces, words), attention)
    torch.bmm(attention.view(size, heads * pieces, pieces), batch.belongs, out=to_words)
    # the sum over the pieces of a word, not their mean: it has its maximum at the same word
    first, further, rows = batch.rows(heads)
    between = scratch.get("between", (size * heads * words, words), attention)
    torch.index_select(to_words.view(-1, words), 0, first, out=between)
    between.index_add_(0, rows, to_words.view(-1, words).index_select(0, further))
    best = first_argmax(between.view(size, heads, words, words).sub_(batch.hidden_words))
    return Look(linear, entropy, furthest, best)


def _sums(batch: SentenceBatch, look: Look) -> dict[str, Tensor]:
    """What of `HeadCounts` is summed up for each head."""
    shares = len(SHARES)
    parts = [
        _offsets(batch, look.furthest),
        (look.linear[..., :shares], look.linear[..., shares:]),
        (look.entropy[..., None], batch.uniform_entropy[:, None, None].expand(*look.entropy.shape, 1)),
        _attended(batch, look.best),
    ]
    total, expected = (torch.cat([part[n] for part in parts], -1) for n in (0, 1))  # [B, H, C]
    squares = (total - expected).square()
    squares[..., len(COUNTED) + shares] = 0  # of the entropy: there is nothing to test
    hits = _arcs(batch, look.best)
    return {
        "total": total.sum(0),
        "expected": expected.sum(0),
        "squares": squares.sum(0),
        "arc_total": hits.sum(0),
        "arc_squares": hits.square().sum(0),
        "arc_shared": torch.einsum("bhd,bdk->hkd", hits, batch.arc_hits),
    }


def _offsets(batch: SentenceBatch, furthest: Tensor) -> tuple[Tensor, Tensor]:
    size, heads, _ = furthest.shape
    place = furthest - batch.first_offset  # among OFFSETS
    counts = torch.zeros(size, heads, len(OFFSETS) + 1, device=furthest.device)
    counted = batch.attending[:, None] & (place >= 0) & (place < len(OFFSETS))
    hits = counts.scatter_add_(2, torch.where(counted, place, len(OFFSETS)), counted.float())[..., :-1]
    return hits, batch.offset_chances[:, None].expand_as(hits)


def _attended(batch: SentenceBatch, best: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of the attended words; what a blind choice among the other words of their length would give."""
    size, heads, words = best.shape
    if not batch.labels:
        none = torch.zeros(size, heads, 0, device=best.device)
        return none, none
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
    size, heads, words = best.shape
    hits = torch.zeros(size, heads, 2 * batch.deps, device=best.device)
    if not batch.deps:
        return hits
    to_head = (best == batch.head[:, None]) & batch.seen_heads[:, None]
    hits.scatter_add_(2, batch.dep[:, None].expand_as(best), to_head.float())
    own = _of(batch.head, best) == torch.arange(words, device=best.device)
    to_dependant = own & _of(batch.seen_dependants, best) & batch.choosing[:, None]
    return hits.scatter_add_(2, _of(batch.dep, best) + batch.deps, to_dependant.float())


def _of(values: Tensor, best: Tensor) -> Tensor:
    """The values [B, W] of the attended words [B, H, W]."""
    return values[:, None].expand_as(best).gather(2, best)
