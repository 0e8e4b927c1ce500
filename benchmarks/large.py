"""Indexes of any size without a model: the tables and the attention of the demo over and over, vectors drawn at random
with a realistic spectrum."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exbert_hub import demo
from exbert_hub.files import sha256_of
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import FileEntry, Manifest, VectorSpec
from exbert_hub.index.format.types import Kind
from exbert_hub.index.store.attention_files import AttentionWriter
from exbert_hub.index.store.vectors import merge_vectors
from exbert_hub.index.store.vectors import write_vectors as write_shard
from exbert_hub.model import Inspection, Inspector

from .synthetic import Vectors

HEADS = 12
_AT_ONCE = 50_000  # vectors of a shard

Copy = tuple[pa.Table, pa.Table]
"""Tokens and sentences of the demo, all or the first ones."""


def make_index(
    folder: Path, pieces: int, dim: int, kinds: tuple[Kind, ...] = ("embedding",), attention: bool = True
) -> Manifest:
    """An index of one layer, of about so many pieces: whole sentences."""
    _, source = demo.load()
    copies = _copies(source, pieces)
    _write_tables(folder, copies)
    specs = tuple(VectorSpec(kind, 0, dim) for kind in kinds)
    for spec in specs:
        write_vectors(folder / spec.file, sum(len(tokens) for tokens, _ in copies), dim, spec.kind)
    if attention:
        _write_attention(folder, source, 0, copies)
    old = source.manifest
    model = replace(old.model, heads=(HEADS,), head_dims=(dim // HEADS,), hidden_size=dim)
    manifest = replace(old, model=model, vectors=specs, attention_layers=(0,) if attention else ())
    return _described(folder, manifest, copies)


def repeat_demo(folder: Path, pieces: int) -> Manifest:
    """The demo's index over and over, with all its vectors and its attention: what a build of its corpus, over and
    over, would give."""
    _, source = demo.load()
    copies = _copies(source, pieces)
    _write_tables(folder, copies)
    rows = np.concatenate([np.arange(len(tokens)) for tokens, _ in copies])
    for spec in source.manifest.vectors:
        index: Any = source.tokens.get_index(spec.name).faiss_index
        path = folder / spec.file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_shard(index.reconstruct_n(0, index.ntotal).astype(np.float16)[rows], path)  # fp16 there: nothing is lost
    for layer in source.manifest.attention_layers:
        _write_attention(folder, source, layer, copies)
    return _described(folder, source.manifest, copies)


def _described(folder: Path, manifest: Manifest, copies: list[Copy]) -> Manifest:
    """Save the manifest of what lies in the folder."""
    manifest = replace(
        manifest,
        pieces=sum(len(tokens) for tokens, _ in copies),
        sentences=sum(len(sentences) for _, sentences in copies),
        files={
            path.relative_to(folder).as_posix(): FileEntry(path.stat().st_size, sha256_of(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    )
    manifest.save(folder)
    return manifest


def _copies(source: CorpusIndex, pieces: int) -> list[Copy]:
    """As many of the demo's as have so many pieces; the last one is cut after a sentence."""
    tokens, sentences = source.tokens.data.table.combine_chunks(), source.sentences.data.table
    whole, rest = divmod(pieces, len(tokens))
    last = int(tokens.column("sentence")[rest].as_py())
    cut = int(np.searchsorted(tokens.column("sentence").to_numpy(), last))
    parts = [(tokens, sentences)] * whole + ([(tokens.slice(0, cut), sentences.slice(0, last))] if last else [])
    place = tokens.schema.get_field_index("sentence")
    numbers = tokens.column("sentence").to_numpy()
    return [
        (part.set_column(place, tokens.schema.field(place), [numbers[: len(part)] + n * len(sentences)]), text)
        for n, (part, text) in enumerate(parts)
    ]


def _write_tables(folder: Path, copies: list[Copy]) -> None:
    for part, tables in enumerate(copies):
        for name, table in zip(("tokens", "sentences"), tables, strict=True):
            path = folder / layout.table_file(name, part)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, compression="zstd")


def write_vectors(path: Path, count: int, dim: int, kind: Kind) -> None:
    """A FAISS file of random vectors; those of heads are normalised head by head.

    Shards, merged as a build merges them, since it matters in which pages the file lies.
    """
    source, shards = Vectors(dim), []
    path.parent.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, _AT_ONCE):
        vectors = shaped(source.draw(min(_AT_ONCE, count - start), seed=start + 1), kind)
        shards.append(path.with_suffix(f".{start}"))
        write_shard(vectors.astype(np.float16), shards[-1])
    merge_vectors(shards, path, "fp16")
    for shard in shards:
        shard.unlink()


def shaped(vectors: np.ndarray, kind: Kind) -> np.ndarray:
    if kind == "embedding":
        return vectors
    heads = vectors.reshape(len(vectors), HEADS, -1)
    return (heads / np.linalg.norm(heads, axis=2, keepdims=True)).reshape(vectors.shape)


def _write_attention(folder: Path, source: CorpusIndex, layer: int, copies: list[Copy]) -> None:
    column = pq.read_table(source.folder / layout.attention_file(layer)).column(0).to_pylist()
    writer = AttentionWriter(folder / layout.attention_file(layer))
    for _, sentences in copies:
        for codes in column[: len(sentences)]:
            writer.add(codes)
    writer.close()


class Queries:
    """What the model of such an index would have seen: every piece of a sentence a random vector."""

    def __init__(self, manifest: Manifest) -> None:
        inspector: Inspector = demo.load()[0]
        self._seen, self._manifest = inspector.inspect(demo.SENTENCE), manifest
        self._dim = manifest.model.hidden_size
        self._source, self._given = Vectors(self._dim), 0

    def next(self) -> tuple[Inspection, int]:
        """A new query: an inspection, and the position to ask for."""
        vector = self._source.draw(1, seed=10**9 + self._given)[0]
        self._given += 1
        pieces = len(self._seen.pieces)
        hidden = np.broadcast_to(vector, (2, pieces, self._dim))
        contexts = np.broadcast_to(vector.reshape(HEADS, -1), (1, pieces, HEADS, self._dim // HEADS))
        stack = replace(self._seen.main, hidden=hidden, contexts=contexts)
        seen = replace(self._seen, stacks={stack.name: stack}, model_info=self._manifest.model)
        return seen, 3


def remove(folder: Path) -> None:
    """Delete an index and what is cached of it."""
    from exbert_hub.cache import cache_root
    from exbert_hub.index.store.store import _key

    shutil.rmtree(cache_root() / "tables" / _key(folder), ignore_errors=True)
    (cache_root() / "verified" / f"{_key(folder)}.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def forget_hashes(folder: Path) -> None:
    """As if no file but the tables had ever been hashed."""
    record = CorpusIndex.from_pretrained(folder).opened.store.verifier.record
    known = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps({name: known[name] for name in known if not name.startswith(("faiss", "attention"))}))


def warm_up(folder: Path) -> None:
    """Bring the files into the page cache, as reading them from a disk does."""
    for path in [*folder.rglob("*.faiss"), *folder.glob("attention/*")]:
        with path.open("rb", buffering=0) as file:
            while file.read(16 << 20):
                pass
