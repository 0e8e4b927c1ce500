"""Building from the page: what may be ordered, the states of a build, and that a cancelled one leaves nothing half."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from exbert_hub import CorpusIndex, demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service import build_service
from exbert_hub.app.service.build_corpus import BuildCorpus
from exbert_hub.app.service.build_service import BuildService
from exbert_hub.app.service.index_catalog import library
from exbert_hub.app.service.model_pool import ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.wire.parse import parse
from exbert_hub.app.wire.requests import BuildRequest, TokenQuery
from exbert_hub.errors import BuildError, CorpusError, RequestError, SelectionError
from exbert_hub.index.build import build as index_build

HOME, PUBLIC = Settings(), Settings.from_env({"SPACE_ID": "a/b", "EXBERT_ALLOW_BUILD": "1"})
DEMO = {"kind": "demo", "limit": 40}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setattr("exbert_hub.cache.cache_root", lambda: tmp_path)
    monkeypatch.setattr("exbert_hub.app.service.index_catalog.cache_root", lambda: tmp_path)
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    """Where Gradio puts what is sent."""
    folder = tmp_path / "gradio"
    (folder / "0123").mkdir(parents=True)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder / "0123"


@pytest.fixture
def models(inspector):
    return ModelPool(ModelSession(inspector, None, HOME), HOME)


def rested(builder, phase=None):
    """The status once nothing is done in the background."""
    deadline = time.monotonic() + 180
    while builder.status()["busy"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    status = builder.status()
    assert phase in (None, status["phase"]), status
    return status


def order(key="me", **data):
    return parse(BuildRequest, DEMO | data | {"key": key})


def check(settings, **data):
    return BuildCorpus.of(order(**data), settings)


def test_from_an_order_to_an_index_that_can_be_searched(models, cache):
    builder = BuildService(models, HOME)
    assert builder.status()["phase"] == "idle"
    builder.prepare(order())
    ready = rested(builder, "ready")
    assert "40 sentences" in ready["estimate"] and ready["model_name"] == "exbert-mini"
    assert not list((cache / "indexes").glob("built-*"))  # nothing is built before it is said what it costs
    builder.build("me")
    done = rested(builder, "done")
    assert done["done"] == done["total"] and done["index"].startswith("built-exbert-demo-")
    session = models.own
    assert session.index.manifest.sentences == 40
    query = TokenQuery(text=demo.SENTENCE, token=10, by="heads", layer=5, heads=(6,), index=done["index"])
    assert len(session.search(query)["results"]["matches"]) == 50
    builder.prepare(order())
    assert "before" in rested(builder, "done")["message"]


def test_a_sent_file_becomes_an_index_and_goes_away(models, uploads):
    sent = uploads / "tales.txt"
    sent.write_text("The owl flew over the old town.\n\nA girl ran home to tell her mother.\n")
    builder = BuildService(models, HOME)
    builder.prepare(order(kind="upload", corpus=str(sent), annotator="blank:en"))
    rested(builder, "ready")
    assert not sent.exists()
    builder.build("me")
    rested(builder, "done")
    corpus = models.own.index.manifest.corpus
    assert (corpus.name, corpus.source, corpus.annotator) == ("tales", "tales.txt, sent to the page", "spacy:blank:en")


def test_one_at_a_time_and_only_by_whoever_began(models, inspector, monkeypatch):
    public = ModelPool(ModelSession(inspector, None, PUBLIC), PUBLIC)
    builder = BuildService(public, PUBLIC)
    with pytest.raises(BuildError, match="choose a corpus first"):
        builder.build("me")
    go = threading.Event()
    monkeypatch.setattr(BuildCorpus, "annotated", lambda self, progress: go.wait(30) and _ANNOTATED(self, progress))
    builder.prepare(order())
    with pytest.raises(BuildError, match="exbert-demo is being built"):
        builder.prepare(order("you"))
    assert builder.status("me")["mine"] and not builder.status("you")["mine"] and not builder.status()["mine"]
    go.set()
    rested(builder, "ready")
    for act in (builder.build, builder.cancel):
        with pytest.raises(BuildError, match="Somebody else"):
            act("you")
    builder.cancel("me")
    assert builder.status()["phase"] == "cancelled"
    builder.prepare(order("you"))  # the next one may
    rested(builder, "ready")


_ANNOTATED = BuildCorpus.annotated


def test_cancelling_the_annotation_leaves_nothing(models, cache, uploads):
    sent = uploads / "long.txt"
    sent.write_text("The owl flew over the old town.\n\n" * 3000)
    builder = BuildService(models, HOME)
    builder.prepare(order(kind="upload", corpus=str(sent), annotator="blank:en", limit=5000))
    while builder.status()["done"] < 5:
        time.sleep(0.001)
    builder.cancel("me")
    status = rested(builder, "cancelled")
    assert status["done"] < 3000 and not sent.exists()
    assert not [path for path in (cache / "corpora").iterdir() if path.is_dir()]


@pytest.mark.parametrize("shard_pieces", [300, 100_000])
def test_cancelling_the_build_keeps_what_is_finished_and_nothing_else(models, cache, monkeypatch, shard_pieces):
    from exbert_hub.index.build import plan

    make_plan = plan.make_plan
    monkeypatch.setattr(plan, "make_plan", lambda *given: replace(make_plan(*given), shard_pieces=shard_pieces))
    builder = BuildService(models, HOME)
    builder.prepare(order(limit=80))
    rested(builder, "ready")

    def build_and_cancel(job):
        def advance(done, total):
            if done > 400:
                builder.cancel("me")
            job.options.progress(done, total)

        return real(replace(job, options=replace(job.options, progress=advance)))

    real = index_build.build_index
    monkeypatch.setattr(index_build, "build_index", build_and_cancel)
    builder.build("me")
    status = rested(builder, "cancelled")
    folders = [path for path in (cache / "indexes").iterdir() if path.is_dir()]
    assert models.own.index is None
    if shard_pieces > 1000:
        assert not folders and not status["message"]
        return
    assert "is finished is kept" in status["message"] and len(folders) == 1
    monkeypatch.setattr(index_build, "build_index", real)
    builder.prepare(order(limit=80))
    rested(builder, "ready")
    builder.build("me")
    whole = CorpusIndex.from_pretrained(library(HOME)[0] / rested(builder, "done")["index"])
    assert whole.manifest.sentences == 80


def test_what_fails_is_told_and_another_try_is_free(models, tmp_path, monkeypatch):
    (tmp_path / "empty.txt").write_text(" \n")
    builder = BuildService(models, HOME)
    builder.prepare(order(kind="folder", corpus=str(tmp_path / "empty.txt"), annotator="blank:en"))
    assert "no sentence" in rested(builder, "failed")["message"]
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    builder.prepare(order())
    assert "does not fit on the disk" in rested(builder, "failed")["message"]
    monkeypatch.undo()
    monkeypatch.setattr(build_service, "library", lambda settings: 1 / 0)
    builder.prepare(order())
    assert "log" in rested(builder, "failed")["message"]


@pytest.mark.parametrize(
    ("settings", "data", "error", "told"),
    [
        (Settings(allow_build=False), {}, SelectionError, "does not let visitors build"),
        (HOME, {"kind": "magic"}, RequestError, "kind: .*'upload', not 'magic'"),
        (HOME, {"limit": 0}, RequestError, "limit: .* greater than or equal to 1, not 0"),
        (PUBLIC, {"limit": 2001}, SelectionError, "up to 2,000"),
        (PUBLIC, {"kind": "folder", "corpus": "/etc"}, SelectionError, "does not let visitors name folders"),
        (HOME, {"kind": "folder", "corpus": "/no/such"}, CorpusError, "no file or folder /no/such"),
        (HOME, {"kind": "hub", "corpus": "../secrets"}, CorpusError, "not the id of a dataset"),
        (PUBLIC, {"kind": "hub", "corpus": "owner/private"}, CorpusError, "that everybody may read"),
        (HOME, {"annotator": "/tmp/pipeline"}, SelectionError, "no annotator"),
        (HOME, {"column": "a/b"}, SelectionError, "not the name of a column"),
        (HOME, {"kind": "upload", "corpus": "/etc/passwd"}, CorpusError, "did not arrive"),
        (HOME, {"kind": "upload", "corpus": 7}, RequestError, "corpus: .* valid string, not 7"),
    ],
)
def test_what_may_not_be_ordered(settings, data, error, told):
    with pytest.raises(error, match=told):
        check(settings, **data)


def test_files_that_are_too_large_or_of_another_kind_are_refused(uploads):
    (uploads / "page.html").write_text("<p>")
    with pytest.raises(CorpusError, match="page.html is not one of .txt"):
        check(HOME, kind="upload", corpus=str(uploads / "page.html"))
    (uploads / "big.txt").write_bytes(b"a" * 2_000_001)
    with pytest.raises(CorpusError, match="2.0 MB; up to 2 MB"):
        check(PUBLIC, kind="upload", corpus=str(uploads / "big.txt"))
    (uploads / "link.txt").symlink_to("/etc/passwd")
    with pytest.raises(CorpusError, match="did not arrive"):
        check(HOME, kind="upload", corpus=str(uploads / "link.txt"))


def test_what_is_built_at_home_is_not_shown_to_the_public(models, inspector):
    builder = BuildService(models, HOME)
    builder.prepare(order())
    rested(builder, "ready")
    builder.build("me")
    name = rested(builder, "done")["index"]
    assert [(name, len(index)) for name, index in models.own.catalog.listed()] == [("", len(models.own.index))]
    public = ModelSession(inspector, None, PUBLIC)
    assert public.index is None and public.catalog.listed() == []
    with pytest.raises(SelectionError, match="There is no index"):
        public.catalog.get(name)
    for bad in ("built-../../x", "../built-x", str(Path("/etc"))):
        with pytest.raises(SelectionError):
            models.own.catalog.get(bad)
