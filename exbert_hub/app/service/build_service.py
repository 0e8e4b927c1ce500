"""Building an index from the page: one at a time, in the background, for everybody to see.

The state lives here and not in a browser, so a page may be closed or loaded again meanwhile. From `prepare` on the
corpus is annotated and the cost is measured; then somebody says `build`, and after that it can only be cancelled.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.answers import as_notice
from exbert_hub.app.wire.requests import BuildRequest
from exbert_hub.app.wire.responses.common import JsonObject
from exbert_hub.app.wire.responses.model import model_name
from exbert_hub.app.wire.responses.setup import BuildPhase, BuildStatusJson
from exbert_hub.errors import BuildError, ExbertError
from exbert_hub.index.format import layout

from .build_corpus import BuildCorpus
from .index_catalog import library
from .model_pool import ModelPool

if TYPE_CHECKING:
    from exbert_hub.corpus import ParquetCorpus
    from exbert_hub.index.build.plan import BuildPlan
    from exbert_hub.model import Inspector

BUSY = ("annotating", "measuring", "indexing")


class _Cancelled(BaseException):
    """Ends the work from within its progress. No error, so nothing on the way takes it for one."""


@dataclass(frozen=True)
class BuildStatus:
    """What everybody may know of the build."""

    phase: BuildPhase = "idle"
    model: str = ""  # as the page names it
    model_name: str = ""
    corpus: str = ""
    done: int = 0  # sentences while annotating, pieces while indexing
    total: int | None = None
    rate: float | None = None  # of `done`, per second
    left: float | None = None  # seconds
    estimate: str = ""
    message: str = ""  # why it failed, or what was left
    index: str = ""  # name of the finished index


@dataclass(frozen=True)
class _Prepared:
    """What `build` needs: a build with the same plan makes the same index."""

    inspector: Inspector
    corpus: ParquetCorpus
    plan: BuildPlan
    folder: Path
    seconds: float  # estimated


class BuildService:
    """A state machine: idle, annotating, measuring, ready, indexing, done; from each to cancelled or failed."""

    def __init__(self, models: ModelPool, settings: Settings) -> None:
        self._models = models
        self._settings = settings
        self._lock = threading.Lock()
        self._status = BuildStatus()
        self._key = ""  # whoever knows it began the build
        self._cancel = threading.Event()
        self._prepared: _Prepared | None = None

    def status(self, key: str = "") -> BuildStatusJson:
        """The status as plain JSON; `mine` says whether the bearer of the key may build and cancel."""
        status = self._status
        return cast(BuildStatusJson, asdict(status) | {"busy": status.phase in BUSY, "mine": self._may(key)})

    def prepare(self, request: BuildRequest) -> None:
        """Annotate a corpus and measure what its index would cost.

        :raises BuildError: if another build is under way.
        :raises ExbertError: if it is not allowed, or cannot be a corpus.
        """
        corpus = BuildCorpus.of(request, self._settings)
        with self._lock:
            if self._status.phase in BUSY:
                raise BuildError(f"An index of {self._status.corpus} is being built: wait for it, or cancel it.")
            self._key, self._cancel, self._prepared = request.key, threading.Event(), None
            self._status = BuildStatus("annotating", request.model, request.model, corpus.name)
        self._run(lambda: self._prepare(request.model, corpus))

    def build(self, key: str) -> None:
        """Build what was prepared.

        :raises BuildError: if nothing is, or by somebody else.
        """
        with self._lock:
            prepared = self._prepared
            if self._status.phase != "ready" or prepared is None:
                raise BuildError("Nothing is prepared to be built: choose a corpus first.")
            self._check(key)
            self._status = replace(self._status, phase="indexing", done=0, left=prepared.seconds)
        self._run(lambda: self._build(prepared))

    def cancel(self, key: str) -> None:
        """End the work with the next batch or sentence; shards that are finished stay for another time.

        :raises BuildError: if somebody else began it.
        """
        with self._lock:
            if self._status.phase in (*BUSY, "ready"):
                self._check(key)
                self._cancel.set()
            if self._status.phase == "ready":
                self._status = replace(self._status, phase="cancelled")

    def _may(self, key: str) -> bool:
        return not self._settings.is_public or (bool(key) and key == self._key)

    def _check(self, key: str) -> None:
        if not self._may(key):
            raise BuildError("Somebody else began this build.")

    # --- in the background ---------------------------------------------------------------------------------------

    def _run(self, work: Callable[[], None]) -> None:
        threading.Thread(target=self._guard, args=(work,), daemon=True).start()

    def _guard(self, work: Callable[[], None]) -> None:
        """Whatever happens, the state comes to rest."""

        def worked() -> JsonObject:
            work()
            return {}

        try:
            notice = as_notice(worked).get("notice")
        except _Cancelled:
            self._set(phase="cancelled")
        else:
            if notice:
                self._set(phase="failed", message=notice["message"])

    def _set(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, left=None, rate=None)
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]

    def _pause(self) -> None:
        """Called with every step of the work."""
        if self._cancel.is_set():
            raise _Cancelled

    def _prepare(self, model: str, source: BuildCorpus) -> None:
        from exbert_hub.index.build.estimate import estimate
        from exbert_hub.index.build.plan import make_plan

        def annotated(sentences: int) -> None:
            self._pause()
            self._set(done=sentences)

        try:
            inspector = self._models.get(model).inspector
            self._set(model_name=model_name(inspector.model_info))
            corpus = source.annotated(annotated)
        finally:
            source.clean()
        self._pause()
        plan = make_plan(inspector.model_info, corpus.info)
        folder = self._folder(corpus, plan)
        if (folder / layout.MANIFEST).is_file():
            return self._set(phase="done", index=folder.name, message="It was built before.")
        self._set(phase="measuring", done=0, corpus=corpus.info.name)
        cost = estimate(corpus, inspector, plan, folder)
        cost.check()
        self._pause()
        self._prepared = _Prepared(inspector, corpus, plan, folder, cost.seconds)
        self._set(phase="ready", total=cost.pieces, estimate=str(cost))

    def _build(self, prepared: _Prepared) -> None:
        from exbert_hub.index.build.build import build_index
        from exbert_hub.index.build.job import BuildJob
        from exbert_hub.index.build.options import BuildOptions

        first: tuple[float, int] | None = None

        def indexed(done: int, total: int) -> None:
            nonlocal first
            self._pause()
            now = time.monotonic()
            first = first or (now, done)
            rate = (done - first[1]) / (now - first[0]) if done > first[1] else None
            left = (total - done) / rate if rate else prepared.seconds * (1 - done / max(1, total))
            self._set(done=done, total=total, rate=rate, left=left)

        folder = prepared.folder
        options = BuildOptions(resume=True, overwrite=True, progress=indexed)
        job = BuildJob(prepared.inspector, prepared.corpus, prepared.plan, folder, options)
        try:
            self._pause()
            build_index(job)
        except (_Cancelled, ExbertError):
            kept = _tidy(folder)
            self._set(message="What is finished is kept: building it again goes on from there." if kept else "")
            raise
        finally:
            self._prepared = None
        self._set(phase="done", index=folder.name, done=self._status.total or 0)

    def _folder(self, corpus: ParquetCorpus, plan: BuildPlan) -> Path:
        from exbert_hub.index.format.versions import FORMAT_VERSION

        root, prefix = library(self._settings)
        info, model_info = corpus.info, plan.model
        parts = (
            FORMAT_VERSION,
            info.name,
            info.sha256,
            model_info.weights_fingerprint,
            model_info.tokenizer_fingerprint,
        )
        key = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:12]
        slug = re.sub(r"\W+", "-", info.name, flags=re.ASCII)[:40].strip("-")
        return root / f"{prefix}{slug or 'corpus'}-{key}"


def _tidy(folder: Path) -> bool:
    """Remove a build that has finished nothing.

    :return: whether finished shards stay.
    """
    from exbert_hub.index.build.shards import finished
    from exbert_hub.index.format import layout

    kept = bool(finished(folder / layout.BUILD))
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
    return kept
