"""A Ray cluster: started or joined, asked by rows of questions, or given the shards of an index to hold.

Ray is the extra "ray", imported when a cluster is asked for.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Generator, Iterable
from importlib.util import find_spec
from typing import Any

from exbert_hub.errors import BuildError, MissingExtraError
from exbert_hub.extras import install_command
from exbert_hub.index.build.engine import RayEngine

_OURS = re.compile(r"exbert_hub\.errors\.\w+: (.+)")
_OBJECT_STORE = 512 * 1024**2  # bytes, of a cluster of our own: only texts and counts travel through it


def connect(engine: RayEngine) -> bool:
    """Start or join a cluster, unless this process has joined one; whether it was done."""
    if find_spec("ray") is None:
        raise MissingExtraError(f"A build on a cluster needs Ray: {install_command('ray')}")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = engine.address == "local"
    if own:
        # Ray's own switch for listening on 127.0.0.1 only; read when it is imported
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    if ray.is_initialized():
        return False
    options: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    if own:
        cores = max(os.cpu_count() or 1, (engine.workers or 1) * engine.threads)
        options |= {"num_cpus": cores, "object_store_memory": _OBJECT_STORE}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        ray.init(address=engine.address, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise BuildError(f"the Ray cluster {engine.address!r} cannot be reached: {error}") from error
    return True


class Cluster:
    """A cluster that this process has joined."""

    def __init__(self, engine: RayEngine) -> None:
        import ray

        self.engine = engine
        there = ray.cluster_resources()
        cpus, gpus = max(1, int(there.get("CPU", 1)) // engine.threads), int(there.get("GPU", 0))
        self._workers = min(engine.workers or cpus, cpus)
        self._on_gpu = gpus > 0
        self._model_workers = min(engine.workers or gpus, gpus) if gpus else self._workers

    def ask(
        self,
        worker: type,
        options: dict[str, Any],
        questions: Iterable[tuple[int, bytes]],
        *,
        model: bool = False,
        in_order: bool = False,
    ) -> Generator[tuple[int, bytes], None, None]:
        """Have actors answer questions, each the next one when it is free; Ray restarts lost actors and asks again.

        Each answer comes as soon as it is there. Close the iterator (`contextlib.closing`) where it may not be read to
        its end: until then the actors go on, and an error's traceback would keep it alive.

        :raises BuildError: with what a worker says that cannot do it.
        """
        import ray.data
        from ray.exceptions import RayError

        rows = [{"number": number, "question": question} for number, question in questions]
        if not rows:
            return
        most = min(len(rows), self._model_workers if model else self._workers)
        gpus = 1 if model and self._on_gpu else None
        ray.data.DataContext.get_current().execution_options.preserve_order = in_order
        answers = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            worker,
            batch_size=1,
            fn_constructor_kwargs=options,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
            num_gpus=gpus,
            num_cpus=None if gpus else self.engine.threads,
        )
        # nothing is fetched ahead: Ray would hold each answer back until the next one is there
        batches: Any = iter(answers.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
        try:
            for batch in batches:
                for row in batch.to_pylist():
                    yield int(row["number"]), row["answer"]
        except RayError as error:
            raise BuildError(f"a worker of the cluster failed: {_reason(error)}") from error
        finally:
            batches.close()  # ends the actors, in the middle of their work if need be


def _reason(error: BaseException) -> str:
    """What the worker said, without Ray's stack, which has it as text only."""
    lines = str(error).strip().splitlines()
    ours = [said[1] for line in lines if (said := _OURS.search(line))]
    return ours[-1] if ours else lines[-1]
