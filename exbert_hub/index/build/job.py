"""A build that is about to run, as one value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.corpus.types import AnnotatedCorpus

from .options import DEFAULTS, BuildOptions
from .plan import BuildPlan

if TYPE_CHECKING:
    from exbert_hub.model import Inspector


@dataclass(frozen=True)
class BuildJob:
    """Which model reads which corpus, what is computed of it, and where that goes."""

    inspector: Inspector
    corpus: AnnotatedCorpus
    plan: BuildPlan  # what `options` come to for this model
    output: str | os.PathLike[str]  # a folder; with a cluster also a repository, "hf://datasets/owner/name"
    options: BuildOptions = DEFAULTS

    @property
    def folder(self) -> Path:
        """`output`, where it is one."""
        return Path(self.output)
