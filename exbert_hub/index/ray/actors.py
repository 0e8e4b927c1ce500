"""The shards of an index, held by actors anywhere on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exbert_hub.errors import SelectionError
from exbert_hub.index.build.engine import RayEngine
from exbert_hub.index.hub.shard_places import ShardPlace
from exbert_hub.index.sharded.sharded_index import AnyShard, OpenShard

from .cluster import connect


def open_in_actors(places: Sequence[ShardPlace], engine: RayEngine) -> list[AnyShard]:
    """Open each shard in an actor of its own, anywhere on the cluster; they end with this process."""
    connect(engine)
    import ray

    actor = ray.remote(OpenShard).options(
        num_cpus=0, scheduling_strategy="SPREAD", max_restarts=-1, max_task_retries=2
    )
    shards: Any = [ActorShard(actor.remote(place), _size(place)) for place in places]
    return shards


def _size(place: ShardPlace) -> tuple[int, int]:
    manifest = place.manifest
    return manifest.pieces, manifest.sentences


class ActorShard:
    """Asks the `OpenShard` in an actor, and waits for the answer."""

    def __init__(self, actor: Any, size: tuple[int, int]) -> None:
        self._actor, self.size = actor, size

    def tables(self) -> Any:
        """
        :raises SelectionError: always.
        """
        raise SelectionError("the tables of these shards are on the machines of the cluster: open them locally")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        import ray

        return lambda *args: ray.get(getattr(self._actor, name).remote(*args))
