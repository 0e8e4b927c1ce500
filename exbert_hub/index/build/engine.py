"""Where a build or a search runs: on this machine, or on a Ray cluster that is described here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RayEngine:
    """A Ray cluster to build or to search on.

    :param address: "local" for processes of this machine, which end with the build; "auto" or "host:port" for a
        cluster that runs. If `ray.init` was called before, that is taken.
    :param workers: copies of the model at once; one per GPU, or else per CPU, if None.
    :param threads: CPUs, and threads, of a worker.
    :param storage: where the workers leave their shards, and find the corpus: a folder that all machines see, or an
        fsspec URL such as "s3://bucket/folder"; a folder beside the index if None.
    :param merge: False to leave the shards as they are, each an index, to be searched as one.
    """

    address: str = "local"
    workers: int | None = None
    threads: int = 1
    storage: str | None = None
    merge: bool = True


Engine = Literal["local", "ray"] | RayEngine
"""Where it runs: on this machine, on a Ray cluster of its own processes, or on the cluster that is described."""
