"""Who builds: this process, or (`index/ray`) a cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exbert_hub.errors import BuildError
from exbert_hub.index.store.coarse import COARSE_FROM, add_coarse_stages

from .build import WriteShards, build_index
from .job import BuildJob

if TYPE_CHECKING:
    from exbert_hub.corpus.annotation.task import AnnotateFn


class IndexBuilder(Protocol):
    """Annotates a corpus and builds an index of it."""

    @property
    def annotate_fn(self) -> AnnotateFn | None:
        """What annotates texts; processes beside the build if None."""

    def build(self, job: BuildJob) -> str:
        """Build an index.

        :return: what to open.
        """


class LocalBuilder:
    """Annotates and builds in this process."""

    annotate_fn: AnnotateFn | None = None

    def build(self, job: BuildJob) -> str:
        """Build into a folder.

        :raises BuildError: for a place on the Hub.
        """
        if os.fspath(job.output).startswith("hf://"):
            raise BuildError(
                f"{job.output} is a place on the Hub, where only a build on a cluster (engine='ray', --ray) writes by "
                "itself: build into a folder, then push it"
            )
        return build_with_stages(job)


def build_with_stages(job: BuildJob, write: WriteShards | None = None) -> str:
    """Build an index into a folder, with the coarse stages that the job asks for; see `build_index`."""
    manifest = build_index(job, write)
    wanted = job.options.fast
    if wanted or (wanted is None and manifest.pieces >= COARSE_FROM):
        add_coarse_stages(Path(job.output))
    return os.fspath(job.output)
