"""Sentences with random annotation and random attention, to measure heads on."""

import numpy as np
import torch

from exbert_hub.analysis.heads import AnnotatedPieces
from exbert_hub.index.measure.head_meter import HeadMeter
from exbert_hub.index.measure.scratch import ScratchMemory

POS = ("NOUN", "VERB", "DET", "PROPN", "PRON", "PUNCT", "")
DEP = ("nsubj", "dobj", "det", "punct", "")


def random_sentence(rng: np.random.Generator, words: int, causal: bool = False, special: bool = True, pieces=3):
    """Words of one to `pieces` pieces, in random order of labels; some words and pieces belong to none."""
    counts = rng.integers(0 if pieces > 1 else 1, pieces + 1, words)
    inside = np.repeat(np.arange(words), counts)
    if pieces > 1:
        inside = np.insert(inside, int(rng.integers(len(inside) + 1)), -1)
    word = np.concatenate([[-1], inside, [-1]]) if special else inside
    flags = np.zeros(len(word), bool)
    if special:
        flags[[0, -1]] = True
    pos = tuple(rng.choice(POS, words))
    return AnnotatedPieces(
        word_of_piece=word,
        special=flags,
        head=rng.integers(-1, words, words),
        dep=tuple(rng.choice(DEP, words)),
        lemma=tuple(rng.choice(["a", "b", "c", ""], words)),
        pos=pos,
        labels={"pos": pos, "ent_type": tuple(rng.choice(["", "PERSON", "GPE"], words))},
        causal=causal,
    )


def random_attention(rng: np.random.Generator, sentence: AnnotatedPieces, heads: int, sharpness=1.0) -> np.ndarray:
    """Independent of everything: float32 [H, N, N], rows sum to one."""
    size = len(sentence.special)
    logits = rng.gumbel(size=(heads, size, size)) * sharpness
    if sentence.causal:
        logits = np.where(np.tri(size, dtype=bool), logits, -np.inf)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def count(sentences, attention, layer=0, batch=8):
    """What the meter counts, in batches of padded tensors."""
    meter, scratch = HeadMeter(sentences), ScratchMemory()
    for first in range(0, len(sentences), batch):
        chosen = range(first, min(first + batch, len(sentences)))
        size = max(len(sentences[n].special) for n in chosen)
        padded = np.zeros((len(chosen), len(attention[0]), size, size), np.float32)
        for row, n in enumerate(chosen):
            length = len(sentences[n].special)
            padded[row, :, :length, :length] = attention[n]
        meter.add(meter.measure(chosen, [(layer, torch.from_numpy(padded))], scratch))
    return meter.counts
