"""Which index a command reads, and what it is asked about: options become these values, which do the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub import demo
from exbert_hub.errors import AnnotationError, SelectionError

from .common import quiet_transformers

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.manifest import Manifest
    from exbert_hub.model import Inspection, Inspector


@dataclass(frozen=True)
class IndexSource:
    """An index by name: a folder, a repository on the Hub, several that are searched as one, or the demo."""

    names: tuple[str, ...]
    revision: str | None = None
    model: str | None = None  # None: the one that the index was built with
    device: str | None = None
    quiet: bool = False

    @property
    def is_demo(self) -> bool:
        return self.names == (demo.NAME,) and not Path(demo.NAME).exists()

    def open(self) -> CorpusIndex:
        if self.is_demo:
            return self.open_with_model()[1]
        from exbert_hub.index import CorpusIndex

        return CorpusIndex.from_pretrained(self.names, revision=self.revision)

    def open_own(self) -> CorpusIndex:
        """The same, to write to it.

        :raises AnnotationError: for the demo.
        """
        if self.is_demo:
            raise AnnotationError(
                "the demo's index belongs to the package and is built again when it changes, so labels attached to it "
                f"would be lost: build one of your own, for example with `hf-exbert build {demo.MODEL} {demo.CORPUS} "
                "-o mine`"
            )
        return self.open()

    def open_with_model(self) -> tuple[Inspector, CorpusIndex]:
        quiet_transformers(self.quiet)
        if self.is_demo:
            if self.revision is not None or self.model is not None:
                raise SelectionError("the demo has its own model and no revision: leave out --model and --revision")
            return demo.load((lambda done, total: None) if self.quiet else None, device=self.device)
        from exbert_hub.model import Inspector

        index = self.open()
        model_info = index.manifest.model
        name, revision = (model_info.model_id, model_info.revision) if self.model is None else (self.model, None)
        # what the index was built with, so that a query is cut as its corpus was
        start = model_info.start_token
        return Inspector.from_pretrained(name, revision=revision, device=self.device, start_token=start), index

    def manifest(self) -> Manifest:
        """What it says about itself; nothing else of a shared index is downloaded."""
        if self.is_demo:
            return self.open().manifest
        from exbert_hub.index.hub.shard_places import find_shards
        from exbert_hub.index.sharded.merged_manifest import merge_manifests

        (name,) = self.names
        return merge_manifests(find_shards(name, self.revision))


@dataclass(frozen=True)
class Question:
    """A text and the piece of it that is asked about."""

    text: str
    token: int | str
    pair: str | None = None
    masked: tuple[int | str, ...] = ()
    ablate: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def ask(self, inspector: Inspector) -> Inspection:
        """What the model computes for it."""
        return inspector.inspect(self.text, self.pair, mask=self.masked, ablate=self.ablate)
