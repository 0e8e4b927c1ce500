"""A build on a local Ray cluster of two workers makes the index that one machine makes."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from exbert_hub.corpus import annotate
from exbert_hub.errors import BuildError, MissingExtraError
from exbert_hub.index import CorpusIndex, RayEngine
from exbert_hub.index.format.layout import attention_file
from exbert_hub.index.ray.distributed import _cut
from exbert_hub.index.ray.workers import Part, ShardWriter

TEXT = " ".join(f"The boy number {n} ran to the river, because the wolf of town {n % 7} was near." for n in range(40))
SHARD = 400


@pytest.fixture(scope="module")
def cluster():
    """One cluster for all tests here; builds join it."""
    from exbert_hub.index.ray.cluster import connect

    engine = RayEngine(workers=2)
    assert connect(engine)
    yield engine
    import ray

    ray.shutdown()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """More than one block of texts."""
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n\n".join(f"{n}. {TEXT[: 200 + n]}" for n in range(70)))
    return path


@pytest.fixture(scope="module")
def local(tmp_path_factory, inspector, texts):
    corpus = annotate(texts, cache_dir=tmp_path_factory.mktemp("local corpora"), progress=False)
    folder = tmp_path_factory.mktemp("local") / "index"
    return CorpusIndex.build(inspector, corpus, folder, shard_pieces=SHARD, progress=quiet)


def quiet(done, total):
    """No bar."""


def _same_tables(built, expected):
    tables = [name for name in expected.manifest.files if name.startswith(("tokens/", "sentences/"))]
    assert len(tables) > 4 and built.manifest.files.keys() == expected.manifest.files.keys()
    for name in tables:
        mine, other = ((Path(index.name_or_path) / name).read_bytes() for index in (built, expected))
        assert mine == other, name


def _same_vectors(built, expected):
    for spec in expected.manifest.vectors:
        indexes = (index.tokens.get_index(spec.name).faiss_index for index in (built, expected))
        a, b = (index.reconstruct_n(0, index.ntotal) for index in indexes)
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosine.min() >= 0.9999, spec.name


def _same_attention(built, expected):
    for layer in expected.manifest.attention_layers:
        files = (Path(index.name_or_path) / attention_file(layer) for index in (built, expected))
        for mine, other in zip(*(pq.read_table(file)["attention"].to_pylist() for file in files), strict=True):
            assert np.abs(np.frombuffer(mine, np.uint8).astype(int) - np.frombuffer(other, np.uint8)).max() <= 1


def _writers():
    """Processes that write shards."""
    return [child for child in psutil.Process().children(recursive=True) if "ShardWriter" in _name(child)]


def _name(process):
    try:
        return "".join(process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return ""


def _kill_a_worker():
    """As if its machine had gone."""
    workers = _writers()
    assert len(workers) == 2
    workers[0].kill()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_annotated_and_built_by_two_workers_one_of_which_is_killed(
    cluster, tmp_path, inspector, texts, local, monkeypatch
):
    monkeypatch.setattr("exbert_hub.corpus.annotation.annotate.cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr("exbert_hub.index.ray.distributed._FEW_BLOCKS", 0)  # counted by the workers too
    told = []

    def progress(done, total):
        if not told:
            _kill_a_worker()
        told.append(done)

    index = CorpusIndex.build(
        inspector, texts, tmp_path / "index", shard_pieces=SHARD, engine=cluster, progress=progress
    )
    _same_tables(index, local)
    _same_vectors(index, local)
    _same_attention(index, local)
    for fact in ("coverage", "base_rates", "pieces", "sentences", "vectors"):
        assert getattr(index.manifest, fact) == getattr(local.manifest, fact)
    assert index.manifest.corpus.sha256 == local.manifest.corpus.sha256  # annotated there as here
    assert len(told) > 3 and told[-1] == index.manifest.coverage.pieces
    assert not (tmp_path / "index" / ".build").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_cluster_listens_on_this_machine_only(cluster):
    mine = {child.pid for child in psutil.Process().children(recursive=True)} | {os.getpid()}
    ports = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.pid in mine]
    assert len(ports) > 3
    assert {one.laddr.ip.removeprefix("::ffff:") for one in ports} == {"127.0.0.1"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_shards_may_travel_through_a_url(cluster, tmp_path, inspector, corpus, exact):
    engine = RayEngine(workers=2, storage=f"file://{tmp_path}/shared")
    index = CorpusIndex.build(
        inspector, corpus, tmp_path / "index", codec="fp32", shard_pieces=400, engine=engine, progress=quiet
    )
    _same_tables(index, exact)
    assert not [path for path in (tmp_path / "shared").rglob("*") if path.is_file()]


@pytest.fixture
def file_server(tmp_path):
    """Files that no process reaches but through the network; its URL and its folder."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    folder = tmp_path / "served"
    folder.mkdir()
    users = DummyAuthorizer()
    users.add_user("builder", "secret", str(folder), perm="elradfmwMT")
    server = FTPServer(("127.0.0.1", 0), type("Handler", (FTPHandler,), {"authorizer": users}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"ftp://builder:secret@127.0.0.1:{server.address[1]}/shards", folder
    server.close_all()
    thread.join()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_shards_may_travel_over_the_network(cluster, tmp_path, inspector, corpus, exact, file_server):
    url, served = file_server
    engine = RayEngine(workers=2, storage=url)
    stored = set()

    def progress(done, total):
        stored.update(path.relative_to(served).parts[1] for path in served.rglob("*") if path.is_file())

    options = {"codec": "fp32", "shard_pieces": 400, "engine": engine, "progress": progress}
    index = CorpusIndex.build(inspector, corpus, tmp_path / "index", **options)
    _same_tables(index, exact)
    _same_vectors(index, exact)
    assert stored >= {"corpus", "shard-00000", "shard-00001"}, "they were there"
    assert not [path for path in served.rglob("*") if path.is_file()], "and are no more"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_interrupted_build_goes_on_with_the_shards_that_are_missing(
    cluster, tmp_path, inspector, corpus, exact, monkeypatch
):
    class Stop(Exception):
        pass

    def stop(done, total):
        raise Stop

    class HeldShardWriter(ShardWriter):
        """Never comes to the last shard."""

        def answer(self, question):
            while json.loads(question)[0] == 2:
                time.sleep(1)
            return super().answer(question)

    options = {"codec": "fp32", "shard_pieces": 400, "engine": cluster}
    with monkeypatch.context() as patched:
        patched.setattr("exbert_hub.index.ray.distributed.ShardWriter", HeldShardWriter)
        with pytest.raises(Stop) as stopped:
            CorpusIndex.build(inspector, corpus, tmp_path / "index", progress=stop, **options)
    _, alive = psutil.wait_procs(_writers(), timeout=60)
    assert not alive, "whoever stops a build stops its workers"
    del stopped  # and with it what the build held
    build = tmp_path / "index" / ".build"
    done = list(build.glob("shard-*/shard.json"))
    assert 1 <= len(done) < 3
    told = []
    index = CorpusIndex.build(
        inspector, corpus, tmp_path / "index", resume=True, progress=lambda *call: told.append(call), **options
    )
    assert len(told) == 3 - len(done)  # only the others were written
    _same_tables(index, exact)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_shards_left_as_they_are_make_one_index(cluster, tmp_path, inspector, corpus, exact):
    engine = RayEngine(workers=2, merge=False)
    options = {"codec": "fp32", "shard_pieces": 400, "engine": engine, "progress": quiet}
    index = CorpusIndex.build(inspector, corpus, tmp_path / "shards", **options)
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == [
        "shard-00000",
        "shard-00001",
        "shard-00002",
        "shards.json",
    ]
    seen = inspector.inspect("The girl ran to a local pub to escape the din of her city.")
    expected = exact.search(seen, "escape", by="heads", layer=5, heads=[6, 9])
    found = index.search(seen, "escape", by="heads", layer=5, heads=[6, 9])
    assert [(match.row, match.sentence) for match in found] == [(match.row, match.sentence) for match in expected]
    assert found.summary("dep", of="max_attention") == expected.summary("dep", of="max_attention")
    held = CorpusIndex.from_pretrained(tmp_path / "shards", engine=cluster)  # in actors
    assert held.search(seen, "escape", by="heads", layer=5, heads=[6, 9]).to_dict() == found.to_dict()
    assert held.profile(seen, "escape", k=9) == index.profile(seen, "escape", k=9)
    with pytest.raises(BuildError, match="finished index"):
        CorpusIndex.build(inspector, corpus, tmp_path / "shards", **options)
    again = CorpusIndex.build(inspector, corpus, tmp_path / "shards", overwrite=True, limit=40, **options)
    assert len(again.sentences) == 40


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_a_worker_says_is_told(cluster, tmp_path, inspector, corpus):
    engine = RayEngine(workers=2, storage=str(tmp_path / "shared"))
    model = inspector.model_info.model_id
    try:
        object.__setattr__(inspector.model_info, "model_id", "nowhere/nothing")
        with pytest.raises(BuildError, match="nowhere/nothing"):
            CorpusIndex.build(inspector, corpus, tmp_path / "index", layers=[0], engine=engine, progress=quiet)
    finally:
        object.__setattr__(inspector.model_info, "model_id", model)


def test_ray_is_an_extra(tmp_path, inspector, corpus, monkeypatch):
    monkeypatch.setattr("exbert_hub.index.ray.cluster.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ray\[data\]"):
        CorpusIndex.build(inspector, corpus, tmp_path / "index", engine="ray")


def test_one_machine_does_not_write_to_the_hub(inspector, corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BuildError, match="push it"):
        CorpusIndex.build(inspector, corpus, "hf://datasets/owner/name")
    assert not list(tmp_path.iterdir())


def test_shards_begin_where_those_of_one_machine_do():
    counts = np.array([[3, 1], [4, 2], [0, 1], [9, 1], [2, 1], [0, 1]])
    assert list(_cut(counts, 7, Part(2, 10, 0, 0, 0))) == [
        Part(2, 10, 0, 2, 7),
        Part(3, 13, 2, 4, 9),
        Part(4, 15, 4, 6, 2),
    ]
