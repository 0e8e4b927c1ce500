"""Builds that end before their time: whatever is left on the disk, a resumed build makes the same index."""

import errno
import os
import resource
import shutil
import signal
from pathlib import Path

import faiss
import numpy as np
import pytest

from exbert_hub.corpus import annotate
from exbert_hub.errors import BuildError
from exbert_hub.files import write_atomic
from exbert_hub.index import CorpusIndex
from exbert_hub.index.build import shards as shards_module
from exbert_hub.index.build.shards import finished

from ...processes import Fork, run_script

LAYERS, SHARD = (0, 5), 250


class Interrupted(Exception):
    """Stands for whatever ends a build."""


def build(inspector, corpus, folder, **options):
    options = {"layers": LAYERS, "shard_pieces": SHARD, "progress": lambda done, total: None} | options
    return CorpusIndex.build(inspector, corpus, folder, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, inspector, corpus) -> Path:
    """The index as it comes out of a build that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "index"
    build(inspector, corpus, folder)
    return folder


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory, inspector, corpus) -> Path:
    """What is left of a build that ended after three shards."""

    def progress(done, total):
        if done > 900:
            raise Interrupted

    folder = tmp_path_factory.mktemp("interrupted") / "index"
    with pytest.raises(Interrupted):
        build(inspector, corpus, folder, progress=progress)
    assert len(finished(folder / ".build")) == 3
    return folder


@pytest.fixture
def left(tmp_path, interrupted) -> Path:
    """A copy of it, with the times of its files."""
    shutil.copytree(interrupted, tmp_path / "index")
    return tmp_path / "index"


def assert_same(folder, whole):
    """Tables to the byte, vectors to a cosine of 0.9999, and nothing left over."""
    assert not (folder / ".build").exists()
    names = {path.relative_to(whole) for path in whole.rglob("*") if path.is_file()}
    assert {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} == names
    for name in names:
        if name.parts[0] in ("tokens", "sentences"):
            assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
        elif name.suffix == ".faiss":
            one, other = (faiss.read_index(str(each / name)) for each in (folder, whole))
            assert one.ntotal == other.ntotal
            one, other = one.reconstruct_n(0, one.ntotal), other.reconstruct_n(0, other.ntotal)
            norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
            assert ((one * other).sum(1) / norms).min() > 0.9999, name
    index = CorpusIndex.from_pretrained(folder)
    assert index.manifest.coverage == CorpusIndex.from_pretrained(whole).manifest.coverage


def newest(build: Path) -> Path:
    return max((path for path in build.rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns)


# -- a power cut: the newest files may be cut short, empty, or full of zeros ------------------------------------------


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def blank(path):
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("harm", [cut, empty, blank])
@pytest.mark.parametrize("name", ["shard.json", "faiss/heads-05.faiss", "tokens/part-00002.parquet"])
def test_a_shard_whose_files_are_not_whole_is_built_again(left, inspector, corpus, whole, harm, name):
    harm(left / ".build" / "shard-00002" / name)
    assert len(finished(left / ".build")) == 2
    starts = []
    build(inspector, corpus, left, resume=True, progress=lambda done, total: starts.append(done))
    assert starts[0] > 2 * SHARD  # the first two were not computed again
    assert_same(left, whole)


def test_the_newest_file_is_cut_short(left, inspector, corpus, whole):
    cut(newest(left / ".build"))
    build(inspector, corpus, left, resume=True)
    assert_same(left, whole)


def test_a_plan_that_is_cut_short_is_no_plan(left, inspector, corpus, whole):
    cut(left / ".build" / "plan.json")
    with pytest.raises(BuildError, match="something else"):
        build(inspector, corpus, left, resume=True)
    build(inspector, corpus, left, overwrite=True)
    assert_same(left, whole)


# -- a full disk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_disk_that_is_full_between_two_files(tmp_path, inspector, corpus, whole, monkeypatch, pieces):
    folder = tmp_path / "index"
    written = []

    def full(path, text):
        if path.name == "shard.json":
            written.append(path)
            if len(written) > pieces:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_atomic(path, text)

    with monkeypatch.context() as patched:
        patched.setattr(shards_module, "write_atomic", full)
        with pytest.raises(OSError, match="No space left"):
            build(inspector, corpus, folder)
    assert len(finished(folder / ".build")) == pieces
    build(inspector, corpus, folder, resume=True)
    assert_same(folder, whole)


@pytest.mark.parametrize("bytes_at_most", [3_000, 60_000, 200_000, 500_000])
def test_a_disk_that_is_full_within_a_file(tmp_path, inspector, corpus, whole, bytes_at_most):
    """The system refuses files larger than that: Parquet, FAISS and the merge each meet it in their own code."""
    folder = tmp_path / "index"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_at_most, before[1]))
    try:
        with pytest.raises(OSError):
            build(inspector, corpus, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not (folder / "exbert.json").exists()
    build(inspector, corpus, folder, resume=True)
    assert_same(folder, whole)


# -- while the corpus is still being annotated ------------------------------------------------------------------------


@pytest.mark.parametrize("annotated_meanwhile", [False, True])
def test_a_build_whose_corpus_was_not_annotated_yet(tmp_path, inspector, monkeypatch, annotated_meanwhile):
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate._LARGE", 1000)
    monkeypatch.setattr("exbert_hub.corpus.annotation.streaming._PART", 30)
    monkeypatch.setattr("exbert_hub.index.build.estimate._SAMPLE", 20)
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path / "cache")
    texts = [f"The girl with {n} cats ran to a local pub. She went home at {n}." for n in range(130)]
    options = {"annotator": "blank:en", "layers": [0], "attention": False}
    folder = tmp_path / "index"

    def stop(done, total):
        assert 0.5 * 3900 < total < 2 * 3900
        if done > 700:
            raise Interrupted

    with pytest.raises(Interrupted):
        build(inspector, texts, folder, **options, progress=stop)
    assert len(finished(folder / ".build")) >= 1
    assert not list((tmp_path / "cache" / "corpora").glob("*/corpus.json"))
    if annotated_meanwhile:
        annotate(texts, "blank:en")
    index = build(inspector, texts, folder, **options, resume=True)
    assert index.manifest.corpus == annotate(texts, "blank:en").info and index.manifest.corpus.sha256

    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate._LARGE", 10**9)
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path / "other")
    build(inspector, texts, tmp_path / "at-once", **options)
    assert_same(folder, tmp_path / "at-once")


# -- SIGKILL ----------------------------------------------------------------------------------------------------------

CODE = """
import sys
from tests.unit.index.conftest import sixty_sentences
from exbert_hub import demo
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspector
inspector, corpus = Inspector.from_pretrained(demo.MODEL), sixty_sentences()
print("ready", flush=True)
progress = lambda *counts: print(*counts, flush=True)
CorpusIndex.build(inspector, corpus, sys.argv[1], layers=[0, 5], shard_pieces=250, progress=progress, resume=True)
"""


def build_and_kill(folder, lines=None, seconds=None):
    """A build in a process of its own, killed after so many batches or so much time; whether it ended by itself."""
    root = Path(__file__).resolve().parents[3]
    process = Fork(run_script, (CODE, str(folder)), environment=os.environ, folder=root)
    assert process.stdout.readline() == "ready\n"
    if lines is not None:
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
    elif seconds is not None:
        process.kill_after(seconds)
    out, err = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode == 0


def test_a_build_that_is_killed_again_and_again_ends_with_the_same_index(tmp_path, whole):
    """In its first shard, while one is written and the next is computed, and in the last."""
    folder = tmp_path / "killed"
    done = []
    for lines in (1, 12, 20, 5):  # each shard has about eight batches
        assert not build_and_kill(folder, lines)
        done.append(len(finished(folder / ".build")))
    assert done[0] == 0 and done == sorted(done) and done[-1] >= 1
    assert build_and_kill(folder)
    assert_same(folder, whole)


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_what_a_build_was_tidying_up_when_it_ended_is_gone_after_a_resume(
    tmp_path, inspector, corpus, whole, monkeypatch, removed
):
    """The index is complete, some of the build's own files are gone, and a draft of the manifest was left before."""
    folder, gone = tmp_path / "index", 0

    def rmtree(path, *args, **options):
        nonlocal gone
        if (folder / "exbert.json").is_file():
            if gone == removed:
                raise Interrupted
            gone += 1
        delete(path, *args, **options)

    delete = shutil.rmtree
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", rmtree)
        with pytest.raises(Interrupted):
            build(inspector, corpus, folder)
    (folder / ".exbert.json.0123456789abcdef").write_text("{")
    assert (folder / "exbert.json").is_file() and (folder / ".build").is_dir()
    build(inspector, corpus, folder, resume=True)
    assert_same(folder, whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_many_random_moments(tmp_path, whole, seed):
    random = np.random.default_rng(seed)
    folder = tmp_path / "killed"
    for _ in range(100):
        ended = build_and_kill(folder, seconds=random.uniform(0.05, 2.5))
        if ended or ((folder / "exbert.json").is_file() and not (folder / ".build").exists()):
            break  # killed after that, there is nothing to resume
    assert_same(folder, whole)
