"""A corpus that is annotated beside whoever reads it: the same sentences, in order, whatever interrupts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import psutil
import pytest

from exbert_hub import demo
from exbert_hub.cache import locked
from exbert_hub.corpus import ParquetCorpus, annotate, annotate_beside
from exbert_hub.corpus.annotation import annotate as annotations
from exbert_hub.corpus.annotation import streaming, task
from exbert_hub.corpus.annotation.streaming import StreamedCorpus
from exbert_hub.errors import CorpusError, LockedError

from ...processes import Fork, run_script

TEXTS = [f"Number {n} went home. It was late, {n} times." for n in range(300)]


@pytest.fixture(autouse=True, scope="module")
def small():
    """What is large, and what a part of the cache is, for a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotations, "_LARGE", 1000)
        patch.setattr(streaming, "_PART", 50)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list:
    return list(annotate(TEXTS, "blank:en", cache_dir=tmp_path_factory.mktemp("whole"), progress=False))


def start(cache, texts=TEXTS, *, processes=1, **options) -> StreamedCorpus:
    corpus = annotate_beside(texts, "blank:en", cache_dir=cache, processes=processes, **options)
    assert isinstance(corpus, StreamedCorpus)
    return corpus


def annotating() -> list[psutil.Process]:
    """The processes of this one that annotate."""
    return [
        child for child in psutil.Process().children() if any("worker_processes" in part for part in child.cmdline())
    ]


def test_it_is_the_corpus_that_annotate_would_have_made(tmp_path, whole):
    corpus = start(tmp_path, processes=2)
    assert corpus.info.sha256 == "" and corpus.info.key
    # its length is guessed and then known
    next(iter(corpus))
    assert 0.8 * len(whole) < corpus.expected < 1.2 * len(whole)
    assert corpus.seconds_left > 0
    # it can be read again while it grows
    assert list(islice(corpus, 70)) == whole[:70]
    assert list(islice(corpus, 300)) == whole[:300]
    assert len(corpus) == corpus.expected == len(whole) == 600 and corpus.seconds_left == 0
    assert list(corpus) == list(corpus) == whole
    again = annotate(TEXTS, "blank:en", cache_dir=tmp_path)
    assert corpus.info == again.info and again.info.sha256
    assert isinstance(annotate_beside(TEXTS, "blank:en", cache_dir=tmp_path), ParquetCorpus)
    other = annotate(TEXTS, "blank:en", cache_dir=tmp_path / "other")
    assert other.info == again.info


def test_it_is_read_to_its_end_while_it_grows(tmp_path, whole):
    corpus = start(tmp_path)
    assert list(islice(corpus, 70)) == whole[:70]
    assert list(corpus) == whole


def test_labels_come_through(tmp_path):
    texts = ["The girl ran to a local pub in London to escape the din of her city."] * 20
    corpus = annotate_beside(texts, cache_dir=tmp_path, processes=1)
    assert isinstance(corpus, StreamedCorpus)
    assert next(iter(corpus)).words == next(iter(annotate(texts[:1], cache_dir=tmp_path))).words
    corpus.close()


def test_a_limit(tmp_path, whole):
    corpus = start(tmp_path, limit=73)
    next(iter(corpus))
    assert corpus.expected == 73
    assert list(corpus) == whole[:73]
    assert annotate(TEXTS, "blank:en", cache_dir=tmp_path / "other", limit=73).info == corpus.info


def test_what_is_small_or_has_no_need_of_it_is_annotated_at_once(tmp_path):
    assert isinstance(annotate_beside(["One text."], "blank:en", cache_dir=tmp_path), ParquetCorpus)
    assert isinstance(annotate_beside(demo.CORPUS), ParquetCorpus)


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Path:
    """The cache after an annotation that was closed in the middle."""
    cache = tmp_path_factory.mktemp("closed")
    corpus = start(cache, processes=2)
    list(islice(corpus, 400))
    before = annotating()
    corpus.close()
    assert before and not any(child.is_running() for child in before)
    return cache


@pytest.fixture
def entry(tmp_path, closed) -> Path:
    """What was annotated, in a copy of that cache."""
    shutil.copytree(closed, tmp_path / "cache")
    (folder,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    return folder


def test_closed_in_the_middle_it_goes_on_where_it_was(tmp_path, entry, whole):
    state = json.loads((entry / "checkpoint.json").read_text())
    assert 300 < state["sentences"] < len(whole)
    again = start(entry.parent)
    assert list(again) == whole
    assert again.info == annotate(TEXTS, "blank:en", cache_dir=tmp_path / "other").info
    assert sorted(path.suffix for path in entry.iterdir() if path.suffix == ".json") == [".json"]


@pytest.mark.parametrize("name", ["checkpoint.json", "sentences-00001.parquet"])
def test_what_a_power_cut_spoiled_is_annotated_again(entry, whole, name):
    os.truncate(entry / name, 20)
    assert list(start(entry.parent)) == whole


def test_two_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(task, "_PATIENCE", 0)
    corpus = start(tmp_path)
    (lock,) = tmp_path.glob(".*.lock")
    code = f"from exbert_hub.cache import locked\nwith locked({str(tmp_path / lock.name[1:-5])!r}): pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert LockedError.__name__ in done.stderr
    corpus.close()
    with locked(tmp_path / lock.name[1:-5]):
        pass


def test_a_process_that_dies_is_told(tmp_path):
    corpus = start(tmp_path, TEXTS * 200, processes=2)
    sentences = iter(corpus)
    next(sentences)
    child, _ = annotating()
    child.kill()
    with pytest.raises(CorpusError, match="died"):
        list(sentences)
    corpus.close()


def test_the_processes_end_when_who_started_them_is_killed(tmp_path):
    code = """
import os, signal, sys
import psutil
from exbert_hub.corpus import annotate_beside
texts = ["A sentence stands here, and another one there."] * 20_000
corpus = annotate_beside(texts, "blank:en", cache_dir=sys.argv[1])
next(iter(corpus))
print(*(child.pid for child in psutil.Process().children()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).resolve().parents[3]
    process = Fork(run_script, (code, str(tmp_path)), environment=os.environ, folder=root)
    pids = list(map(int, process.stdout.readline().split()))
    assert pids and process.wait(60) == -signal.SIGKILL
    children = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
