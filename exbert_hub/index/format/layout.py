"""Names of the files of an index, on disk and on the Hub alike. The only place that spells them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .types import Kind, Layer

MANIFEST = "exbert.json"
CARD = "README.md"
HEADS = "heads.parquet"
BUILD = ".build"
LONGEST_LABEL = 200  # characters of one label
SHARD_LIST = "shards.json"  # of several indexes that are one, in the folder that holds them

_ALLOWED = re.compile(
    r"(tokens|sentences|labels)/part-\d{5}\.parquet|heads\.parquet"
    r"|faiss/(embedding-(emb|\d{2,3})|heads-\d{2,3})(\.coarse)?\.faiss|attention/layer-\d{2,3}\.parquet"
)


def vectors_name(kind: Kind, layer: Layer) -> str:
    """Name under which an index of vectors is attached to the dataset, e.g. "heads-05" or "embedding-emb"."""
    return f"{kind}-{layer if layer == 'emb' else f'{layer:02d}'}"


def vectors_file(kind: Kind, layer: Layer) -> str:
    return f"faiss/{vectors_name(kind, layer)}.faiss"


def coarse_file(kind: Kind, layer: Layer) -> str:
    """The coarse stage of fast search."""
    return f"faiss/{vectors_name(kind, layer)}.coarse.faiss"


def attention_file(layer: int) -> str:
    return f"attention/layer-{layer:02d}.parquet"


def table_file(table: str, part: int) -> str:
    """Part of "tokens", "sentences" or "labels"."""
    return f"{table}/part-{part:05d}.parquet"


def is_allowed(name: str) -> bool:
    """Whether an index may contain a file of this name; no absolute path and no `..` ever matches."""
    return _ALLOWED.fullmatch(name) is not None


def is_table(name: str) -> bool:
    """Whether a file is a part of the tables, which every reader needs."""
    return name.startswith(("tokens/", "sentences/", "labels/"))


def labels_of(names: Iterable[str]) -> list[str]:
    """The files of attached labels among the files of an index."""
    return [name for name in names if name.startswith("labels/")]
