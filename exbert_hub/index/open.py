"""Opening an index: which kind it is, and where its parts lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from exbert_hub.index.build.engine import Engine, RayEngine
from exbert_hub.index.hub.shard_places import ShardPlace, find_shards
from exbert_hub.index.search.protocols import OpenedIndex
from exbert_hub.index.search.stored_index import StoredIndex
from exbert_hub.index.sharded.merged_manifest import merge_manifests
from exbert_hub.index.sharded.sharded_index import AnyShard, OpenShard, ShardedIndex

_THREADS = 64  # at most; they wait for the disk


def open_index(names: Sequence[str], revision: str | None, engine: Engine, access: Mapping[str, Any]) -> OpenedIndex:
    """Open folders and repositories as one index; see `CorpusIndex.from_pretrained`."""
    places = [place for name in names for place in find_shards(name, revision, **access)]
    if len(places) == 1 and engine == "local":
        return StoredIndex(places[0].open())
    manifest = merge_manifests(places)
    return ShardedIndex(_open_shards(places, engine), manifest, names, revision)


def _open_shards(places: Sequence[ShardPlace], engine: Engine) -> Sequence[AnyShard]:
    if engine != "local":
        from .ray.actors import open_in_actors

        return open_in_actors(places, RayEngine() if engine == "ray" else engine)
    from datasets.utils import tqdm

    tqdm.get_lock()  # else each thread makes it when it reads tables, and takes it from the others when it is done
    with ThreadPoolExecutor(min(_THREADS, len(places))) as threads:
        return list(threads.map(OpenShard, places))
