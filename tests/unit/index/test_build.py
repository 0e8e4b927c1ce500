"""Builds: layout, coverage, resume, refusal; and that anybody can read the result without us."""

import json
import os
from dataclasses import replace

import datasets
import faiss
import numpy as np
import pyarrow.parquet as pq
import pytest

from exbert_hub.cache import locked
from exbert_hub.errors import BuildError, CorpusError, LockedError, ResourceError, SelectionError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.build import estimate as estimates
from exbert_hub.index.build.options import BuildOptions
from exbert_hub.index.build.plan import make_plan
from exbert_hub.index.format.manifest import Manifest

from .conftest import ListCorpus


def quiet(done, total):
    """No bar."""


class Interrupted(Exception):
    """Stands for whatever ends a build."""


def build(inspector, corpus, folder, **options):
    return CorpusIndex.build(inspector, corpus, folder, **{"shard_pieces": 400, "progress": quiet, **options})


def test_layout_on_disk(exact):
    folder = exact.folder
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    shards = len([name for name in files if name.startswith("tokens/")])
    assert shards >= 3
    expected = ["exbert.json", "heads.parquet", *(f"attention/layer-{n:02d}.parquet" for n in range(6))]
    expected += [f"faiss/embedding-{n}.faiss" for n in ("emb", *(f"{n:02d}" for n in range(6)))]
    expected += [f"faiss/heads-{n:02d}.faiss" for n in range(6)]
    expected += [f"{table}/part-{n:05d}.parquet" for table in ("tokens", "sentences") for n in range(shards)]
    assert files == sorted(expected)
    assert set(exact.manifest.files) == set(files) - {"exbert.json"}


def test_coverage_report(exact, corpus, inspector):
    coverage = exact.manifest.coverage
    assert coverage.sentences == coverage.windows == len(corpus) == len(exact.sentences)
    assert coverage.words == sum(len(sentence.words) for sentence in corpus)
    plain = sum(int((~inspector.tokenize(sentence.text).special).sum()) for sentence in corpus)
    assert coverage.pieces == plain == coverage.pieces_indexed + coverage.pieces_without_word
    assert coverage.pieces_indexed == len(exact) == exact.manifest.pieces
    assert coverage.sentences_cut == 0


def test_base_rates_in_the_manifest(exact):
    rates = exact.manifest.base_rates["pos"]
    assert sum(rates.values()) == pytest.approx(1)
    assert rates["VERB"] == pytest.approx(exact.tokens["pos"][:].count("VERB") / len(exact))


def test_long_sentences_are_cut_into_windows_and_nothing_is_lost(tmp_path, inspector, corpus, monkeypatch):
    def narrow(model, info, options):
        return make_plan(model, info, replace(options, window=12))

    monkeypatch.setattr("exbert_hub.index.corpus_index.make_plan", narrow)
    index = build(inspector, corpus, tmp_path / "cut")
    coverage = index.manifest.coverage
    assert coverage.sentences_cut > 10 and coverage.windows == len(index.sentences) > coverage.sentences
    assert max(len(pieces) for pieces in index.sentences["pieces"]) <= 12
    assert coverage.words == sum(len(sentence.words) for sentence in corpus)
    texts = "".join("".join(index.sentences["text"]).split())
    assert texts == "".join("".join("".join(sentence.text for sentence in corpus)).split())


def test_shards_do_not_change_the_index(tmp_path, inspector, corpus, exact):
    whole = build(inspector, corpus, tmp_path / "whole", codec="fp32", shard_pieces=10**6)
    assert whole.tokens.to_pandas().equals(exact.tokens.to_pandas())
    for name in ("embedding-emb", "embedding-05", "heads-03"):
        one, other = (
            faiss.read_index(str(i.folder / "faiss" / f"{name}.faiss")).reconstruct_n(0, len(exact))
            for i in (whole, exact)
        )
        np.testing.assert_allclose(one, other, atol=2e-5)


def _interrupt_after(pieces):
    def progress(done, total):
        if done > pieces:
            raise Interrupted

    return progress


def test_an_interrupted_build_is_resumed_from_its_last_whole_shard(tmp_path, inspector, corpus, exact, monkeypatch):
    folder = tmp_path / "resumed"
    with pytest.raises(Interrupted):
        build(inspector, corpus, folder, codec="fp32", progress=_interrupt_after(900))
    done = sorted(path.name for path in (folder / ".build").glob("shard-*") if (path / "shard.json").exists())
    assert done == ["shard-00000", "shard-00001"]
    before = {path: path.stat().st_mtime_ns for path in (folder / ".build").rglob("shard-0000[01]/**/*.faiss")}
    assert before

    with pytest.raises(BuildError, match="--resume"):
        build(inspector, corpus, folder, codec="fp32")
    with pytest.raises(BuildError, match="something else"):
        build(inspector, corpus, folder, codec="fp16", resume=True)

    starts = []
    index = build(inspector, corpus, folder, codec="fp32", resume=True, progress=lambda d, t: starts.append(d))
    assert starts[0] > 800  # what the first two shards hold was not computed again
    for table in ("tokens", "sentences"):
        for part in sorted((folder / table).iterdir()):
            assert part.read_bytes() == (exact.folder / table / part.name).read_bytes()
    assert not (folder / ".build").exists()
    assert index.manifest.coverage == exact.manifest.coverage


def test_a_build_may_be_resumed_under_another_name_of_its_corpus(tmp_path, inspector, corpus):
    folder = tmp_path / "renamed"
    with pytest.raises(Interrupted):
        build(inspector, corpus, folder, progress=_interrupt_after(900))
    moved = ListCorpus(replace(corpus.info, name="other", source="elsewhere"), corpus.sentences)
    assert len(build(inspector, moved, folder, resume=True).sentences) == len(corpus)


def test_a_build_that_had_only_to_tidy_up_is_resumed_to_the_same_index(tmp_path, inspector, corpus, monkeypatch):
    folder = tmp_path / "tidy"
    save = Manifest.save

    def save_and_die(manifest, folder):
        save(manifest, folder)
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "save", save_and_die)
        with pytest.raises(Interrupted):
            build(inspector, corpus, folder, limit=5, layers=[0], shard_pieces=10**6)
    assert (folder / "exbert.json").exists() and (folder / ".build").exists()
    build(inspector, corpus, folder, limit=5, layers=[0], shard_pieces=10**6, resume=True)
    assert not (folder / ".build").exists()


def test_a_sample_is_drawn_from_everywhere_and_again_the_same(tmp_path, inspector, corpus):
    options = {"layers": [0], "attention": False, "sample": 9}
    one = build(inspector, corpus, tmp_path / "one", shard_pieces=60, **options)
    other = build(inspector, corpus, tmp_path / "other", **options)
    every = [sentence.text for sentence in corpus]
    drawn = [every.index(text) for text in one.sentences["text"]]
    assert len(drawn) == 9 and drawn == sorted(drawn) and drawn[-1] > 30
    assert one.tokens.to_pandas().equals(other.tokens.to_pandas())
    assert one.manifest.sample == 9
    assert one.manifest.coverage.notes["sentences outside the sample"] == len(corpus) - 9

    limited = build(inspector, corpus, tmp_path / "limited", limit=12, **options)
    assert set(limited.sentences["text"]) <= set(every[:12])
    more = build(inspector, corpus, tmp_path / "more", **options | {"sample": 10**6})
    assert len(more.sentences) == len(corpus)


def test_choose_less(tmp_path, inspector, corpus):
    index = build(inspector, corpus, tmp_path / "less", kinds=["heads"], layers=[0, 5], attention=False, limit=9)
    assert index.layers("heads") == (0, 5) and index.layers("embedding") == ()
    assert len(index.sentences) == 9
    seen = inspector.inspect("He ran.")
    found = index.search(seen, "ran", by="heads", layer=5, k=3)
    assert found[0].max_attention is None and found[0].context.attention_out is None
    assert found.summary("dep", of="max_attention").total == 0
    with pytest.raises(SelectionError, match="no embedding vectors"):
        index.search(seen, "ran", layer=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": [6]},
        {"kinds": ["logits"]},
        {"kinds": []},
        {"codec": "int4"},
        {"limit": 0},
        {"sample": 0},
        {"layers": [1.0]},
        {"layers": [True]},
        {"shard_pieces": 0},
    ],
)
def test_what_does_not_exist_cannot_be_built(tmp_path, inspector, corpus, wrong):
    with pytest.raises(SelectionError):
        build(inspector, corpus, tmp_path / "none", **wrong)


def test_sq8_is_smaller_and_close(tmp_path, inspector, corpus, exact):
    small = build(inspector, corpus, tmp_path / "sq8", codec="sq8")
    seen = inspector.inspect("The girl ran to a local pub.")
    for by, layer in (("embedding", 3), ("heads", 5)):
        ours, theirs = ({m.row for m in i.search(seen, "ran", by=by, layer=layer)} for i in (small, exact))
        assert len(ours & theirs) >= 46
    size = (small.folder / "faiss/heads-00.faiss").stat().st_size
    assert size < 0.3 * (exact.folder / "faiss/heads-00.faiss").stat().st_size


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, inspector, corpus):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BuildError, match="not empty"):
        build(inspector, corpus, tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_overwrite_replaces_an_index_and_nothing_else(tmp_path, inspector, corpus):
    folder = tmp_path / "index"
    build(inspector, corpus, folder, limit=5, layers=[0])
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(BuildError, match="finished index"):
        build(inspector, corpus, folder, limit=6, layers=[1])
    index = build(inspector, corpus, folder, limit=6, layers=[1], overwrite=True)
    assert len(index.sentences) == 6
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "faiss" / "heads-00.faiss").exists()


def test_a_build_that_cannot_fit_is_refused_with_the_numbers(tmp_path, inspector, corpus, monkeypatch):
    usage = type("Usage", (), {"free": 10_000_000})
    monkeypatch.setattr(estimates.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ResourceError, match=r"MB of disk \(10\.0 MB free\)"):
        build(inspector, corpus, tmp_path / "big")
    assert not (tmp_path / "big" / "exbert.json").exists()


def test_a_refused_build_leaves_the_index_it_would_have_replaced(tmp_path, inspector, corpus, monkeypatch):
    folder = tmp_path / "index"
    build(inspector, corpus, folder, limit=5, layers=[0])
    monkeypatch.setattr(estimates.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(ResourceError):
        build(inspector, corpus, folder, overwrite=True)
    assert len(CorpusIndex.from_pretrained(folder).sentences) == 5


def test_a_build_that_needs_too_much_memory_is_refused(tmp_path, inspector, corpus, monkeypatch):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 10_000_000}))
    with pytest.raises(ResourceError, match=r"\d+ MB of memory \(10\.0 MB free\)"):
        build(inspector, corpus, tmp_path / "big")


def test_the_estimate_is_near_what_is_built(exact, inspector, corpus, tmp_path):
    plan = make_plan(inspector.model_info, corpus.info, BuildOptions(codec="fp32"))
    guess = estimates.estimate(corpus, inspector, plan, tmp_path)
    assert guess.pieces == exact.manifest.coverage.pieces  # all sentences fit into the sample
    size = sum(entry.size for entry in exact.manifest.files.values())
    assert size < guess.disk < 4 * size
    assert guess.seconds > 0


def test_an_empty_corpus_is_refused(tmp_path, inspector, corpus):
    with pytest.raises(CorpusError, match="no sentence"):
        build(inspector, ListCorpus(corpus.info, ()), tmp_path / "empty")


def test_two_builds_in_one_folder_are_kept_apart(tmp_path, inspector, corpus):
    with locked(tmp_path / "index"):
        import threading

        caught = []

        def attempt():
            try:
                build(inspector, corpus, tmp_path / "index")
            except LockedError as error:
                caught.append(error)

        other = threading.Thread(target=attempt)
        other.start()
        other.join()
    assert len(caught) == 1


# -- without us -------------------------------------------------------------------------------------------------------


def test_a_plain_datasets_user_can_read_and_search_it(index, inspector, tmp_path):
    folder = index.folder
    cache = str(tmp_path)
    tokens = datasets.load_dataset(
        "parquet", data_files=str(folder / "tokens/*.parquet"), split="train", cache_dir=cache
    )
    sentences = datasets.load_dataset(
        "parquet", data_files=str(folder / "sentences/*.parquet"), split="train", cache_dir=cache
    )
    tokens.load_faiss_index("heads-05", str(folder / "faiss/heads-05.faiss"))
    seen = inspector.inspect("The girl ran to a local pub.")
    query = seen.contexts[5][3]
    query = (query / np.linalg.norm(query, axis=-1, keepdims=True) / 12).reshape(-1).astype(np.float32)
    scores, rows = tokens.get_nearest_examples("heads-05", query, k=10)
    ours = index.search(seen, 3, by="heads", layer=5, k=10)
    assert rows["piece"] == [match.labels["piece"] for match in ours]
    assert scores == pytest.approx([match.score for match in ours], abs=1e-5)
    assert sentences[rows["sentence"][0]]["text"] == ours[0].context.text


def test_the_opened_index_is_a_dataset_with_faiss_indexes_attached(index):
    assert isinstance(index.tokens, datasets.Dataset)
    assert set(index.tokens.list_indexes()) == {spec.name for spec in index.manifest.vectors}
    assert index.tokens.get_index("embedding-emb").faiss_index.ntotal == len(index.tokens)
    assert pq.read_schema(index.folder / "tokens/part-00000.parquet").names == index.tokens.column_names


def test_manifest_is_complete(index, inspector):
    raw = json.loads((index.folder / "exbert.json").read_text())
    assert raw["model"]["heads"] == [12] * 6 and raw["model"]["hidden_size"] == 384
    assert raw["corpus"]["license"] == "cc0-1.0"
    assert raw["codec"] == "fp16" and raw["normalisation"] == "l2" and raw["metric"] == "inner_product"
    assert {"torch", "transformers", "datasets", "faiss-cpu"} <= raw["versions"].keys()
    assert all(len(entry["sha256"]) == 64 for entry in raw["files"].values())
