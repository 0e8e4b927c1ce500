"""Building an index: plan, estimate, shards, merge, manifest."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from exbert_hub.cache import locked
from exbert_hub.corpus.annotation.streaming import StreamedCorpus
from exbert_hub.corpus.types import Coverage, Sentence
from exbert_hub.errors import BuildError, CorpusError
from exbert_hub.files import sha256_of, write_atomic
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import FileEntry, Manifest, library_versions
from exbert_hub.index.format.tables import label_columns
from exbert_hub.index.format.versions import FORMAT_MINOR, FORMAT_VERSION

from .estimate import estimate
from .job import BuildJob
from .options import Progress
from .plan import BuildPlan, same_build
from .shards import Shard, ShardJob, at_once, finished, groups, merge, write_shards

logger = logging.getLogger(__name__)

WriteShards = Callable[[Iterable[Sentence], ShardJob], Iterator[Shard]]
"""Writes the shards of the sentences that no finished shard holds, in order."""

_PLAN = "plan.json"  # in the build folder
_BASE_RATE_VALUES = 200  # labels with more values than this (text, lemma) are not written out in the manifest


def build_index(job: BuildJob, write: WriteShards | None = None) -> Manifest:
    """Build an index into a folder; see `CorpusIndex.build`.

    :param write: writes the shards; this process if None.
    """
    corpus, plan, output = job.corpus, job.plan, job.folder
    still_annotated = closing(corpus) if isinstance(corpus, StreamedCorpus) else nullcontext()
    with locked(output), still_annotated:
        shards_folder = output / layout.BUILD
        if (finished_index := _look(job)) is not None:
            return finished_index
        cost = estimate(corpus, job.inspector, plan, output)
        cost.check()
        if job.options.overwrite and not _resumable(job):
            _clear(output)  # not before it is known that the new one fits
        logger.info("Building %s: %s", output, cost)
        write_atomic(shards_folder / _PLAN, plan.to_json())
        done = finished(shards_folder)
        if done:
            logger.info("Resuming after %d finished shards", len(done))
        with _Bar(cost.pieces, sum(shard.coverage.pieces for shard in done), job.options.progress) as bar:
            read = sum(shard.coverage.sentences for shard in done)
            sentences = itertools.islice(plan.sentences(corpus), read, None)
            missing = ShardJob(job.inspector, plan, shards_folder, tuple(done), bar.advance)
            shards = [*done, *(write or _write_here)(sentences, missing)]
        plan = replace(plan, corpus=corpus.info)  # its annotation may have ended only now
        coverage = Coverage()
        for shard in shards:
            coverage += shard.coverage
        coverage.notes.update(plan.corpus.skipped)
        if plan.sample and (left_out := plan.limited(len(corpus)) - coverage.sentences):
            coverage.notes["sentences outside the sample"] = left_out
        if not coverage.pieces_indexed:
            shutil.rmtree(shards_folder)
            raise CorpusError(f"{plan.corpus.source} has no piece that belongs to a word: there is nothing to index")
        merge(shards, plan, output)
        manifest = describe(plan, coverage, shards, output)
        manifest.save(output)
        _tidy_up(output)
        logger.info("Indexed %s: %s", output, _report(coverage))
        return manifest


def _write_here(sentences: Iterable[Sentence], job: ShardJob) -> Iterator[Shard]:
    return write_shards(groups(sentences, job.inspector, job.plan), job)


def _look(job: BuildJob) -> Manifest | None:
    """Check that the folder is free, may be replaced, or holds an interrupted build of the same plan; changes nothing.

    :return: the index, if the build was interrupted when only tidying up was left.
    """
    output, options = job.folder, job.options
    build = output / layout.BUILD
    if output.exists() and not output.is_dir():
        raise BuildError(f"{output} is a file: choose a folder")
    resumable = _resumable(job)
    if (output / layout.MANIFEST).exists():
        if resumable:
            _tidy_up(output)
            return Manifest.load(output)
        if not options.overwrite:
            raise BuildError(
                f"{output} holds a finished index: choose overwrite=True (--overwrite) to replace it, or another "
                "folder."
            )
    elif build.exists():
        if options.resume and not resumable and not options.overwrite:
            raise BuildError(
                f"{output} holds an interrupted build of something else (other model, corpus or options; compare "
                f"{build / _PLAN}): give the same arguments, or overwrite=True (--overwrite) to start again."
            )
        if not options.resume and not options.overwrite:
            raise BuildError(
                f"{output} holds an interrupted build: choose resume=True (--resume) to continue, overwrite=True "
                "(--overwrite) to replace it, or another folder."
            )
    elif output.exists() and any(path.name[0] != "." for path in output.iterdir()):
        raise BuildError(f"{output} is not empty and holds no index: choose another folder")
    return None


def _resumable(job: BuildJob) -> bool:
    path = job.folder / layout.BUILD / _PLAN
    return job.options.resume and path.is_file() and same_build(path.read_text("utf-8"), job.plan)


def _tidy_up(output: Path) -> None:
    """Delete what only the build needed, and drafts of the manifest that were never finished.

    The plan goes last: as long as it is there, a resume can take this up again.
    """
    for path in (output / layout.BUILD).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != _PLAN:
            path.unlink()
    shutil.rmtree(output / layout.BUILD)
    for draft in output.glob(f".{layout.MANIFEST}.*"):
        draft.unlink()


def _clear(output: Path) -> None:
    """Remove an index or an interrupted build, and nothing else that may be in the folder."""
    (output / layout.MANIFEST).unlink(missing_ok=True)
    (output / layout.CARD).unlink(missing_ok=True)
    for path in list(output.rglob("*")):
        if path.is_file() and layout.is_allowed(path.relative_to(output).as_posix()):
            path.unlink()
    shutil.rmtree(output / layout.BUILD, ignore_errors=True)
    for folder in ("tokens", "sentences", "labels", "faiss", "attention"):
        if (output / folder).is_dir() and not any((output / folder).iterdir()):
            (output / folder).rmdir()


def describe(plan: BuildPlan, coverage: Coverage, shards: Sequence[Shard], output: Path) -> Manifest:
    """The manifest of what was merged into a folder."""
    tokens = [output / layout.table_file("tokens", shard.number) for shard in shards]
    labels = label_columns(plan.corpus.extra_labels)
    files = sorted(path for path in output.rglob("*") if layout.is_allowed(path.relative_to(output).as_posix()))
    hashes = dict(zip(files, at_once(sha256_of, files), strict=True))
    return Manifest(
        format_version=FORMAT_VERSION,
        format_minor=FORMAT_MINOR,
        model=plan.model,
        corpus=plan.corpus,
        coverage=coverage,
        codec=plan.codec,
        sample=plan.sample,
        pieces=coverage.pieces_indexed,
        sentences=coverage.windows,
        vectors=plan.vectors,
        attention_layers=plan.attention_layers,
        labels=labels,
        base_rates={label: rates for label in labels if (rates := _base_rates(tokens, label))},
        versions=library_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        files={path.relative_to(output).as_posix(): FileEntry(path.stat().st_size, hashes[path]) for path in files},
    )


def _base_rates(tokens: list[Path], label: str) -> dict[str, float]:
    """Share of each value of a label among the indexed pieces; empty for labels with many values."""
    column = pa.chunked_array([chunk for path in tokens for chunk in pq.read_table(path, columns=[label])[0].chunks])
    counts = column.cast(pa.string()).value_counts()
    if len(counts) > _BASE_RATE_VALUES:
        return {}
    shares = {row["values"].as_py(): row["counts"].as_py() / len(column) for row in counts}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _report(coverage: Coverage) -> str:
    counts = {name.replace("_", " "): value for name, value in vars(coverage).items() if name != "notes"}
    return ", ".join(f"{value:,} {name}" for name, value in (counts | coverage.notes).items())


class _Bar:
    """The progress bar of a build, tokens per second and time left, on stderr or to a callback."""

    def __init__(self, total: int, done: int, callback: Progress | None) -> None:
        from huggingface_hub.utils import tqdm

        self._total, self._done, self._callback = total, done, callback
        self._bar = tqdm(
            total=total, initial=done, unit="tok", unit_scale=True, desc="Indexing", disable=callback is not None
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, pieces: int) -> None:
        self._done += pieces
        self._bar.update(pieces)
        if self._callback:
            self._callback(self._done, max(self._total, self._done))
