"""A batch of annotated sentences as padded tensors, with all that does not depend on the attention.

B sentences, T pieces, W words, C labels of attended words, D dependency labels, K fixed offsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from exbert_hub.analysis.heads import BASELINE_OFFSETS, LENGTHS, OFFSETS, AnnotatedPieces

_POS = {"PUNCT": 0, "PROPN": 1, "PRON": 2}  # the rest is numbered as it comes


def _numbers(labels: Sequence[str], known: Mapping[str, int] = MappingProxyType({})) -> np.ndarray:
    """int [W]: labels as numbers, -1 for none."""
    numbers = dict(known)
    return np.array([numbers.setdefault(label, len(numbers)) if label else -1 for label in labels], np.int64)


class SentenceBatch:
    """B sentences padded to T pieces and W words: what is measured of them, without the attention."""

    def __init__(
        self,
        sentences: Sequence[AnnotatedPieces],
        places: Sequence[np.ndarray],
        labels: int,
        deps: Sequence[str],
    ) -> None:
        self.labels, self.deps = labels, len(deps)
        pieces = max(len(sentence.special) for sentence in sentences)
        words = max(1, *(len(sentence.head) for sentence in sentences))  # a batch may have none
        numbers = {dep: number for number, dep in enumerate(deps)}

        def padded(arrays: Sequence[np.ndarray], *sizes: int, fill: int = 0) -> Tensor:
            whole = np.full((len(arrays), *sizes), fill, arrays[0].dtype)
            for row, array in zip(whole, arrays, strict=True):
                row[tuple(slice(0, size) for size in array.shape)] = array
            return torch.from_numpy(whole)

        causal = sentences[0].causal
        self.word = padded([s.word_of_piece.astype(np.int64) for s in sentences], pieces, fill=-1)  # [B, T]
        self.special = padded([s.special for s in sentences], pieces)
        self.candidates = padded([s.candidates for s in sentences], pieces)
        self.there = padded([np.ones(len(s.special), bool) for s in sentences], pieces)
        self.visible = torch.ones(pieces, pieces, dtype=torch.bool)
        if causal:
            self.visible = self.visible.tril()
        self.lengths = padded([s.lengths for s in sentences], words)  # [B, W]
        self.lemma = padded([_numbers(s.lemma) for s in sentences], words, fill=-1)
        self.pos = padded([_numbers(s.pos, _POS) for s in sentences], words, fill=-1)
        self.places = padded(list(places), places[0].shape[0], words, fill=labels)  # [B, F, W]
        self.head = padded([s.head.astype(np.int64) for s in sentences], words, fill=-1)
        self.dep = padded([np.array([numbers.get(d, 0) for d in s.dep], np.int64) for s in sentences], words)
        self.seen_heads = padded([s.seen_heads for s in sentences], words)
        self.seen_dependants = padded([s.seen_dependants for s in sentences], words)
        self.causal = causal
        self._rows: dict[int, tuple[Tensor, Tensor, Tensor]] = {}

    def to(self, device: torch.device) -> None:
        """Move what was worked out so far; the rest follows."""
        if self.word.device == device:
            return
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value.to(device))

    @cached_property
    def indexed(self) -> Tensor:
        """bool [B, T]: pieces with a word."""
        return self.word >= 0

    @cached_property
    def attending(self) -> Tensor:
        """bool [B, T]: pieces with a word that can see a candidate, which then have a max-attention token."""
        return self.indexed & (self.seen[..., 3] > 0)

    @cached_property
    def hidden_words(self) -> Tensor:
        """float [B, 1, W, W]: to take from the attention between words, so that words which are not among the others
        are never the maximum; a word may give what its pieces give together."""
        return (2.0 * self.lengths.max() * ~self.others)[:, None]

    @cached_property
    def others(self) -> Tensor:
        """bool [B, W, W]: the other words that a word can attend to."""
        there = self.lengths > 0
        pairs = there[:, :, None] & there[:, None]
        if self.causal:
            return pairs.tril(-1)
        return pairs & ~torch.eye(pairs.shape[1], dtype=torch.bool, device=pairs.device)

    @cached_property
    def related(self) -> Tensor:
        """bool [B, W, W, 4]: the `RELATIONS` among the others, as `analysis.heads.relation` says."""

        def alike(codes: Tensor) -> Tensor:
            return (codes[:, :, None] == codes[:, None]) & (codes >= 0)[:, None]

        same_lemma, same_pos = alike(self.lemma), alike(self.pos)
        punctuation, names, pronouns = (self.pos == _POS[name] for name in ("PUNCT", "PROPN", "PRON"))
        words = torch.arange(self.pos.shape[1], device=self.pos.device)
        nearest = torch.where(names, words, -1).cummax(1).values  # up to each word; a pronoun is no name itself
        repeated = names[:, :, None] & names[:, None] & same_lemma & (words[:, None] > words)
        earlier = repeated | (pronouns[:, :, None] & (nearest[:, :, None] == words))
        relations = torch.stack([same_lemma, same_pos, punctuation[:, None].expand_as(same_pos), earlier], -1)
        return relations & self.others[..., None]

    @cached_property
    def choosing(self) -> Tensor:
        """bool [B, W]: words that have another one to attend to."""
        return self.others.any(-1)

    @cached_property
    def belongs(self) -> Tensor:
        """float [B, T, W]: the word of each piece."""
        return (self.word[..., None] == torch.arange(self.lengths.shape[1], device=self.word.device)).float()

    @cached_property
    def linear(self) -> Tensor:
        """float [B, T * T, 12]: how much each weight counts for the six `SHARES`, then for what a blind head would
        give of the same attention. All of them are sums of the attention, weighted by what is known of the sentence.
        """
        size, words = self.lengths.shape
        rows = self.indexed[:, :, None]
        own = torch.eye(rows.shape[1], dtype=torch.bool, device=rows.device) & rows
        special = rows & (self.special & self.there)[:, None]
        blind_special = self.share_chances[..., :1] * self.there[:, None]
        blind_own = self.share_chances[..., 1:] * self.indexed[:, None]
        # between words the mean over the pieces attending, and no weight where a piece has no word
        blind = self.others[..., None] * self.related_shares[:, :, None]
        by_word = torch.cat([self.related, blind], -1) / self.lengths.clamp_min(1)[:, :, None, None]
        by_word = torch.cat([by_word.flatten(0, 2), by_word.new_zeros(1, by_word.shape[-1])])
        first = torch.arange(size, device=rows.device)[:, None, None] * words
        pair = (first + self.word[:, :, None]) * words + self.word[:, None]
        pair = torch.where(rows & self.indexed[:, None], pair, len(by_word) - 1)
        by_piece = by_word.index_select(0, pair.flatten()).unflatten(0, pair.shape)
        related, blind = by_piece.chunk(2, -1)
        actual = torch.cat([special[..., None], own[..., None], related], -1)
        return torch.cat([actual, blind_special[..., None], blind_own[..., None], blind], -1).flatten(1, 2)

    def rows(self, heads: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where the attention of words lies among the rows of the attention of pieces, of all sentences and heads.

        :return: int [B * H * W] row of the first piece of each word (any row for words without); int [n] rows of the
            further pieces, and the rows of their words among those of the first.
        """
        if heads not in self._rows:
            size, pieces = self.word.shape
            words = self.lengths.shape[1]
            there = self.belongs.bool()
            first = there.to(torch.uint8).argmax(1)  # [B, W]
            further = self.indexed & (
                first.gather(1, self.word.clamp_min(0)) != torch.arange(pieces, device=first.device)
            )
            sentence, piece = further.nonzero(as_tuple=True)
            head = torch.arange(heads, device=first.device)
            block = torch.arange(size, device=first.device)[:, None] * heads + head  # [B, H]
            self._rows[heads] = (
                (block[..., None] * pieces + first[:, None]).flatten(),
                (block[sentence] * pieces + piece[:, None]).flatten(),
                (block[sentence] * words + self.word[sentence, piece][:, None]).flatten(),
            )
        return self._rows[heads]

    @cached_property
    def seen(self) -> Tensor:
        """float [B, T, 4]: how many special pieces, pieces with a word, pieces at all and candidates each piece can
        attend to."""
        kinds = torch.stack([self.special & self.there, self.indexed, self.there, self.candidates], -1)
        return self.visible.float() @ kinds.float()

    @cached_property
    def first_offset(self) -> Tensor:
        """int [T]: where the lowest of the measured offsets leads from each piece."""
        return torch.arange(self.word.shape[1], device=self.word.device) + OFFSETS[0]

    @cached_property
    def offset_chances(self) -> Tensor:
        """float [B, 7]: sum of the chances of each offset under a blind choice among the candidates."""
        count, size = self.seen[..., 3].clamp_min(1), self.indexed.shape[1]
        chances = torch.zeros(len(count), len(OFFSETS), device=count.device)
        for place, offset in enumerate(OFFSETS):
            if abs(offset) < size and not (self.causal and offset > 0):
                own = slice(max(0, -offset), size - max(0, offset))
                target = self.candidates[:, max(0, offset) : size - max(0, -offset)]
                chances[:, place] = ((target & self.indexed[:, own]) / count[:, own]).sum(1)
        return chances

    @cached_property
    def share_chances(self) -> Tensor:
        """float [B, T, 2]: special pieces among all, and each piece itself among those with a word; 0 for others."""
        special, indexed, every = self.seen[..., :3].unbind(-1)
        chances = torch.stack([special / every.clamp_min(1), 1 / indexed.clamp_min(1)], -1)
        return chances * self.indexed[..., None]

    @cached_property
    def uniform_entropy(self) -> Tensor:
        """float [B]: sum of the entropies that the pieces with a word would have at equal attention to all."""
        return (self.seen[..., 2].clamp_min(1).log() * self.indexed).sum(1)

    @cached_property
    def related_shares(self) -> Tensor:
        """float [B, W, 4]: of the pieces of all other words, those of the words in each relation."""
        pieces = self.lengths.float()[:, None, :, None]
        there = (self.others[..., None] * pieces).sum(2)
        return (self.related * pieces).sum(2) / there.clamp_min(1)

    @cached_property
    def strata(self) -> Tensor:
        """int [B, W]: number of pieces, from 0, the longest alike."""
        return self.lengths.clamp(1, LENGTHS) - 1

    @cached_property
    def blind(self) -> Tensor:
        """float [B * W * LENGTHS + 1, C]: of the other words of each length, the share of each label; last a row of
        zeros for words that do not choose."""
        size, words = self.lengths.shape
        there = self.lengths > 0
        own = torch.zeros(size, words, LENGTHS, self.labels + 1, device=self.word.device)
        labels = torch.zeros(size, words, self.labels + 1, device=self.word.device)
        labels.scatter_(2, self.places.transpose(1, 2), 1)
        rows = torch.cat([labels[..., :-1], torch.ones_like(labels[..., :1])], -1) * there[..., None]
        own.scatter_(2, self.strata[..., None, None].expand(-1, -1, 1, self.labels + 1), rows[:, :, None])
        among = (own.cumsum(1) if self.causal else own.sum(1, keepdim=True)) - own
        shares = among[..., :-1] / among[..., -1:].clamp_min(1)
        return torch.cat([shares.flatten(0, 2), shares.new_zeros(1, self.labels)])

    @cached_property
    def arc_hits(self) -> Tensor:
        """float [B, 2 D, K]: how often each fixed offset finds each label's head, then the label's dependants."""
        offset = self.head - torch.arange(self.head.shape[1], device=self.head.device)
        return torch.cat([self._by_offset(self.seen_heads, offset), self._by_offset(self.seen_dependants, -offset)], 1)

    def _by_offset(self, words: Tensor, offset: Tensor) -> Tensor:
        """float [B, D, K]: how many of the words have each label and offset."""
        low, high = BASELINE_OFFSETS[0], BASELINE_OFFSETS[-1]
        counted = words & (offset >= low) & (offset <= high) & (offset != 0)
        place = offset - low - (offset > 0).long()  # no word is its own head
        unit = torch.where(counted, self.dep * len(BASELINE_OFFSETS) + place, 0)
        counts = torch.zeros(len(words), self.deps * len(BASELINE_OFFSETS) + 1, device=words.device)
        return counts.scatter_add_(1, unit, counted.float())[:, :-1].unflatten(1, (self.deps, len(BASELINE_OFFSETS)))

    @cached_property
    def arc_counts(self) -> Tensor:
        """float [B, 2 D]: words with each label that can see their head; words that can see a dependant with it."""
        size, words = self.head.shape
        governs = torch.zeros(size, words * self.deps + 1, device=self.head.device)
        unit = torch.where(self.seen_dependants, self.head * self.deps + self.dep, words * self.deps)
        governs.scatter_(1, unit, 1)
        governing = governs[:, :-1].reshape(size, words, self.deps).sum(1)
        return torch.cat([self._by_dep(self.seen_heads), governing], -1)

    def _by_dep(self, words: Tensor) -> Tensor:
        """float [B, D]: how many of the words have each label."""
        counts = torch.zeros(len(words), self.deps, device=words.device)
        return counts.scatter_add_(1, self.dep, words.float()) if self.deps else counts

    def sums(self) -> dict[str, Tensor]:
        """What of `HeadCounts` does not depend on the head."""
        pieces, special = self.indexed.sum(1), (self.indexed & (self.seen[..., 0] > 0)).sum(1)
        attending = self.attending.sum(1)
        related = self.related.any(2).sum(1)  # [B, 4]
        choosing = self.choosing.sum(1)
        by_offset = attending[:, None].expand(-1, len(OFFSETS))
        always = torch.cat([by_offset, torch.stack([special, pieces], 1), related], 1)
        shares = self.blind[:-1].reshape(*self.strata.shape, LENGTHS, self.labels)
        labels = (shares.any(2) & self.choosing[..., None]).any(1)  # [B, C]: sentences where it can be attended to
        attended = labels * choosing[:, None]
        columns = torch.cat([always, pieces[:, None], attended], 1)
        hits = self.arc_hits
        return {
            "counted": columns.sum(0),
            "sentences": (columns > 0).sum(0),
            "arc_counted": self.arc_counts.sum(0),
            "arc_sentences": (self.arc_counts > 0).sum(0),
            "arc_offsets": hits.sum(0).T,
            "arc_offset_squares": hits.square().sum(0).T,
        }
