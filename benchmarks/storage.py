"""Bytes per corpus piece of a real build, by kind of file, and what the smaller option costs in accuracy.

exBERT (Hoover et al. 2019, as released) keeps fp32 states and contexts of every layer and fp32 attention of all heads:
150.5 kB + 0.58 N kB per piece of a sentence of N pieces for a model of 12 layers, 12 heads and 768 values.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format import layout
from exbert_hub.index.format.tables import piece_counts
from exbert_hub.index.store.attention_files import AttentionReader, merge_attention
from exbert_hub.index.store.coarse import write_coarse
from exbert_hub.index.store.vectors import merge_vectors

from .building import SHAPES, bert
from .corpora import Sentences
from .measure import Row, at_least, at_most, figure
from .searching import K, masked_queries, query_of

EXBERT = (150.5, 0.58)
LIMITS = {"fp16": (38.5, 0.15), "sq8": (19.5, 0.08)}  # kB, kB per piece of the sentence


def quick() -> list[Row]:
    return sizes(60)


def full() -> list[Row]:
    return [*sizes(60), *accuracy()]


def sizes(sentences: int) -> list[Row]:
    """Both codecs of the 12 x 768 model, random weights."""
    corpus = open_corpus(demo.CORPUS)
    part = Sentences(replace(corpus.info, sha256="part"), tuple(corpus)[:sentences])
    rows = []
    with bert(*SHAPES["12x768"]) as inspector, tempfile.TemporaryDirectory() as folder:
        for codec in ("fp16", "sq8"):
            place = Path(folder) / codec
            index = CorpusIndex.build(
                inspector, part, place, codec=codec, fast=False, progress=lambda done, total: None
            )
            rows.append(_size(index, codec))
        specs, coarse = index.manifest.vectors, Path(folder) / "coarse"
        write_coarse(place / specs[-1].file, coarse)
        whole = len(specs) * coarse.stat().st_size / index.manifest.pieces / 1e3
        rows.insert(1, figure("coarse stage of a piece, 12x768, the same for both", whole, "kB"))
    return rows


def _size(index: CorpusIndex, codec: str) -> Row:
    pieces, bytes_of = index.manifest.pieces, Counter[str]()
    for name, entry in index.manifest.files.items():
        bytes_of[name.partition("/")[0]] += entry.size
    lengths = piece_counts(index.sentences.data.table)[index.tokens.data.table.column("sentence").to_numpy()]
    mean = float(lengths.mean())  # weighted by piece
    flat, growing = LIMITS[codec]
    limit, before = flat + growing * mean, EXBERT[0] + EXBERT[1] * mean
    total = sum(bytes_of.values()) / pieces / 1e3
    kinds = ", ".join(f"{kind} {size / pieces / 1e3:.2f}" for kind, size in bytes_of.most_common())
    note = f"kB: {kinds}; N = {mean:.0f}; exBERT {before:.0f} kB, {before / total:.1f} times as much"
    return at_most(f"storage of a piece, 12x768, {codec}", total, limit, "kB", note=note)


def accuracy() -> list[Row]:
    """What sq8 changes in the demo, a trained model: recall@50 of every layer, and whom a match attends to most.

    Its files are coded anew as a build does at the end, when its shards, fp16 for both codecs, are merged.
    """
    _, index = demo.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sq8"
        shares = {spec.name: _recall(index, spec, path) for spec in index.manifest.vectors}
        worst = min(shares, key=lambda name: shares[name])
        heads, everything, difference = _attention(index, path)
    return [
        at_least("sq8 in the demo, recall@50, all layers and kinds", float(np.mean(list(shares.values()))), 0.99),
        figure(f"sq8 in the demo, recall@50, worst ({worst})", shares[worst]),
        at_least("sq8 in the demo, same max-attention token, one head", heads, 0.99),
        at_least("sq8 in the demo, same max-attention token, all heads", everything, 0.97),
        figure("sq8 in the demo, largest difference of a shown attention", difference),
    ]


def _recall(plain: CorpusIndex, spec: Any, path: Path) -> float:
    """Share of the rows found in sq8 whose true score is no less than the 50th true one."""
    import faiss

    truth: Any = plain.tokens.get_index(spec.name).faiss_index
    stored = truth.reconstruct_n(0, truth.ntotal)
    merge_vectors([plain.folder / spec.file], path, "sq8")
    small, shares = faiss.read_index(str(path)), []
    for seen, place in masked_queries(60):
        query = query_of(seen, place, spec.kind, spec.layer)
        scores = stored @ query
        worst = np.partition(scores, -K)[-K]
        shares.append((scores[small.search(query[None], K)[1][0]] >= worst - 1e-6).mean())
    return float(np.mean(shares))


def _attention(plain: CorpusIndex, path: Path) -> tuple[float, float, float]:
    """Share of rows with the same strongest piece, special tokens left out, of one head and of all; largest change."""
    one, everything, largest = [], [], 0.0
    for layer in plain.manifest.attention_layers:
        reader, heads = plain._searcher.attention(layer), plain.manifest.model.heads[layer]
        merge_attention([plain.folder / layout.attention_file(layer)], path, coarse_heads=heads)
        for before, after in zip(reader, AttentionReader(path, heads, reader.lengths), strict=True):
            largest = max(largest, float(np.abs(before - after).max()))
            before, after = before[:, 1:-1, 1:-1], after[:, 1:-1, 1:-1]
            if before.size:
                one.append((before.argmax(2) == after.argmax(2)).mean())
                everything.append((before.mean(0).argmax(1) == after.mean(0).argmax(1)).mean())
    return float(np.mean(one)), float(np.mean(everything)), largest
