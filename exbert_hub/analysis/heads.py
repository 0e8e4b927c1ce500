"""What one head does in one sentence: what the measures of `heads.parquet` are made of.

`index/measure` measures many sentences and all heads at once.
Sources: Clark et al. 2019, "What Does BERT Look At?", sections 3.1 to 3.3 (offsets, special tokens, entropy), 4.1
(from pieces to words) and 4.2 (dependencies, the fixed-offset baseline).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .max_attention import candidate_mask, max_attention

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
"""Offsets of the max-attention token that are measured."""

BASELINE_OFFSETS = (*range(-10, 0), *range(1, 11))
"""Offsets in words among which the best fixed one is looked for."""

RELATIONS = ("same_lemma", "same_pos", "punctuation", "earlier_name")
"""Measures of how much attention words give to the other words that stand in some relation to them."""

LENGTHS = 4
"""Words are distinguished by their number of pieces up to this one; longer ones count as alike."""


@dataclass(frozen=True)
class AnnotatedPieces:
    """A sentence as a head sees it: N pieces, W words."""

    word_of_piece: np.ndarray  # int [N], -1 for special tokens and for pieces without a word
    special: np.ndarray  # bool [N]
    head: np.ndarray  # int [W], index of the head word; its own for the root, -1 if unknown
    dep: tuple[str, ...]
    lemma: tuple[str, ...]
    pos: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]  # of the words attended to: by column, e.g. "pos", "ent_type"
    causal: bool = False  # whether a piece attends to itself and earlier ones only

    @cached_property
    def lengths(self) -> np.ndarray:
        """int [W]: pieces of each word."""
        return np.bincount(self.word_of_piece[self.word_of_piece >= 0], minlength=len(self.head))

    @cached_property
    def positions(self) -> np.ndarray:
        """int [n]: of the pieces that have a word."""
        return np.flatnonzero(self.word_of_piece >= 0)

    def label(self, name: str) -> np.ndarray:
        """str [n]: a label of the word of each of them."""
        of_words = {"dep": self.dep, "lemma": self.lemma, "pos": self.pos}.get(name) or self.labels[name]
        return np.array(of_words, str)[self.word_of_piece[self.positions]]

    @cached_property
    def candidates(self) -> np.ndarray:
        """bool [N]: the pieces that may be the max-attention token of others."""
        return candidate_mask(self, self.positions, len(self.special))

    @cached_property
    def others(self) -> np.ndarray:
        """bool [W, W]: the other words that a word can attend to; words without pieces do not count."""
        there = self.lengths > 0
        pairs = there[:, None] & there[None, :]
        return np.tril(pairs, -1) if self.causal else pairs & ~np.eye(len(there), dtype=bool)

    @cached_property
    def arcs(self) -> np.ndarray:
        """bool [W]: the words with a dependency label whose head is another word, in this sentence and with pieces."""
        head, there = self.head, self.lengths > 0
        linked = (head >= 0) & (head != np.arange(len(head))) & there & np.array([d != "" for d in self.dep], bool)
        return linked & there[np.maximum(head, 0)]

    @property
    def seen_heads(self) -> np.ndarray:
        """bool [W]: the words that can attend to their head."""
        return self.arcs & (self.head < np.arange(len(self.head))) if self.causal else self.arcs

    @property
    def seen_dependants(self) -> np.ndarray:
        """bool [W]: the words that their head can attend to."""
        return self.arcs & (self.head > np.arange(len(self.head))) if self.causal else self.arcs


def entropy(attention: np.ndarray) -> np.ndarray:
    """Entropy of each row in nats (Clark et al. 2019, section 3.3): [..., N, M] to [..., N]."""
    return -(attention * np.log(np.where(attention > 0, attention, 1))).sum(-1)


def attended_words(attention: np.ndarray, sentence: AnnotatedPieces) -> np.ndarray:
    """The other word that each word attends to most; the lowest wins ties.

    :param attention: [H, W, W], between words.
    :return: int [H, W], -1 for words that have no other to attend to.
    """
    return max_attention(attention, sentence.others)


def relation(name: str, sentence: AnnotatedPieces) -> np.ndarray:
    """bool [W, W]: whether the column's word stands in the relation to the row's, among the `others`.

    - "same_lemma", "same_pos": as the annotation has them; words without a lemma or POS are in no relation;
    - "punctuation": POS is PUNCT;
    - "earlier_name": a coreferent-looking earlier name. For a name (PROPN) an earlier one of the same lemma, for a
      pronoun (PRON) the nearest earlier one. No coreference is resolved: it only looks like it.
    """
    if name == "punctuation":
        related = np.broadcast_to(_is(sentence.pos, "PUNCT"), sentence.others.shape)
    elif name == "earlier_name":
        related = _earlier_names(_is(sentence.pos, "PROPN"), _is(sentence.pos, "PRON"), _alike(sentence.lemma))
    elif name in ("same_lemma", "same_pos"):
        related = _alike(sentence.lemma if name == "same_lemma" else sentence.pos)
    else:
        raise ValueError(f"{name!r} is not one of {RELATIONS}")
    return related & sentence.others


def _is(labels: Sequence[str], wanted: str) -> np.ndarray:
    return np.array([label == wanted for label in labels], bool)


def _alike(labels: Sequence[str]) -> np.ndarray:
    """bool [W, W]: whether two words have the same label, and one at all."""
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(label, len(numbers)) if label else -1 for label in labels], np.int64)
    return (codes[:, None] == codes) & (codes >= 0)


def _earlier_names(names: np.ndarray, pronouns: np.ndarray, same_lemma: np.ndarray) -> np.ndarray:
    repeated = np.tril(names[:, None] & names & same_lemma, -1)
    before = np.maximum.accumulate(np.where(names, np.arange(len(names)), -1))  # a pronoun is no name itself
    nearest = (before[:, None] == np.arange(len(names))) & pronouns[:, None]
    return repeated | nearest
