"""Fast search: a coarse stage picks candidates, the vectors rank them."""

import shutil
import struct

import faiss
import numpy as np
import pytest

from exbert_hub.analysis.vectors import normalise
from exbert_hub.errors import IndexFormatError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.store import coarse
from exbert_hub.index.store.coarse import (
    add_coarse_stages,
    candidates,
    check_coarse,
    pays_off,
    search_coarse,
    shape_of,
    write_coarse,
)
from exbert_hub.index.store.vectors import merge_vectors

from .test_vectors import write_vectors

DIM, COUNT = 48, 20_003


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Vectors around 300 centres, their FAISS file and its coarse stage."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((300, DIM)) * np.arange(1, DIM + 1) ** -0.5
    vectors = normalise(centres[rng.integers(0, 300, COUNT)] + 0.2 * rng.standard_normal((COUNT, DIM)))
    folder = tmp_path_factory.mktemp("fast")
    write_vectors(vectors, folder / "part.faiss", "fp16")
    merge_vectors([folder / "part.faiss"], folder / "all.faiss", "fp16")
    write_coarse(folder / "all.faiss", folder / "all.coarse.faiss")
    return folder, vectors


def test_it_finds_what_an_exact_search_finds_with_the_same_scores(files):
    folder, vectors = files
    index = faiss.read_index(str(folder / "all.faiss"), faiss.IO_FLAG_MMAP_IFC)
    hits = 0
    for query in vectors[::500]:
        exact_scores, exact_rows = index.search(query[None], 50)
        scores, rows = search_coarse(index, folder / "all.coarse.faiss", query, 50)
        common = np.isin(rows, exact_rows[0])
        hits += common.sum()
        np.testing.assert_allclose(scores, (index.reconstruct_batch(rows) @ query), atol=1e-5)
        assert np.all(np.diff(scores) <= 0)
    assert hits / (50 * len(vectors[::500])) >= 0.99


def test_the_same_vectors_make_the_same_file(files, tmp_path):
    folder, _ = files
    write_coarse(folder / "all.faiss", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (folder / "all.coarse.faiss").read_bytes()


@pytest.mark.parametrize("dim", [48, 64, 50, 49])
def test_an_honest_file_of_every_width_passes(tmp_path, dim):
    vectors = normalise(np.random.default_rng(dim).standard_normal((700, dim)))
    write_vectors(vectors, tmp_path / "v", "fp16")
    write_coarse(tmp_path / "v", tmp_path / "c")
    check_coarse(tmp_path / "c", dim, 700)


def test_a_file_that_is_not_what_it_should_be_is_refused(files, tmp_path):
    honest = (files[0] / "all.coarse.faiss").read_bytes()
    head, scan = 37, 37 + 32 + 4 * 16 * DIM
    places = [(0, b"IxPQ"), (4, b"\x31"), (8, struct.pack("<q", COUNT + 1)), (32, b"\0"), (33, b"\1")]
    places += [(head + 8 * n, b"\x77") for n in range(4)]
    places += [(scan + at, b"\x77") for at in (0, 4, 8, 12, 20, 28)]
    path = tmp_path / "forged"
    for at, value in places:
        path.write_bytes(honest[:at] + value + honest[at + len(value) :])
        with pytest.raises(IndexFormatError, match="not the coarse stage"):
            check_coarse(path, DIM, COUNT)
    for content in (honest[:-1], honest + b"\0", honest[:50], b""):
        path.write_bytes(content)
        with pytest.raises(IndexFormatError, match="coarse stage|cut short"):
            check_coarse(path, DIM, COUNT)


@pytest.fixture(scope="module")
def with_coarse_stages(index, tmp_path_factory):
    folder = tmp_path_factory.mktemp("coarse") / "index"
    shutil.copytree(index.folder, folder)
    add_coarse_stages(folder)
    return folder


@pytest.fixture
def searchable(with_coarse_stages, tmp_path, monkeypatch):
    shutil.copytree(with_coarse_stages, tmp_path / "index")
    monkeypatch.setattr(coarse, "_EXACT_SHARE", 1e9)  # or so small an index would always be searched exactly
    return CorpusIndex.from_pretrained(tmp_path / "index")


@pytest.mark.parametrize("by", ["embedding", "heads"])
def test_every_result_says_how_it_was_found(searchable, inspector, by):
    seen = inspector.inspect("The wolf ran into the forest.")
    by_size = searchable.search(seen, "wolf", by=by, layer=2, k=5)
    exact = searchable.search(seen, "wolf", by=by, layer=2, k=5, exact=True)
    quick = searchable.search(seen, "wolf", by=by, layer=2, k=5, exact=False)
    assert [found.query.mode for found in (by_size, exact, quick)] == ["exact", "exact", "fast"]
    assert "fast search" in str(quick.query) and quick.to_dict()["query"]["mode"] == "fast"
    assert [match.row for match in quick] == [match.row for match in exact]


def test_large_indexes_are_searched_fast_by_default(searchable, inspector, monkeypatch):
    monkeypatch.setattr(coarse, "COARSE_FROM", 100)
    seen = inspector.inspect("The wolf ran into the forest.")
    assert searchable.search(seen, "wolf", layer=2, k=5).query.mode == "fast"
    assert searchable.search(seen, "wolf", layer=2, k=5, exact=True).query.mode == "exact"
    assert searchable.search(seen, "wolf", by="heads", layer=2, heads=[1], k=5).query.mode == "exact"
    assert {layer.mode for layer in searchable.profile(seen, "wolf").layers} == {"fast"}


def test_without_a_coarse_stage_every_search_is_exact(index, inspector):
    seen = inspector.inspect("The wolf ran into the forest.")
    assert index.search(seen, "wolf", layer=2, k=5, exact=False).query.mode == "exact"


def test_many_results_of_few_vectors_are_found_exactly(with_coarse_stages, inspector):
    seen = inspector.inspect("The wolf ran into the forest.")
    small = CorpusIndex.from_pretrained(with_coarse_stages)
    assert small.search(seen, "wolf", layer=2, exact=False).query.mode == "exact"


def test_a_forged_coarse_stage_is_found_on_opening(searchable):
    path = searchable.folder / "faiss" / "heads-03.coarse.faiss"
    content = bytearray(path.read_bytes())
    content[:4] = b"IxHN"
    path.write_bytes(content)
    with pytest.raises(IndexFormatError, match="coarse stage"):
        CorpusIndex.from_pretrained(searchable.folder)


def test_codes_are_as_long_as_the_width_allows():
    assert [shape_of(dim).values for dim in (768, 1024, 50, 49)] == [3, 4, 2, 1]


def test_more_candidates_are_named_in_a_larger_index():
    assert candidates(384, 1_000) == candidates(384, 500_000) == shape_of(384).candidates
    assert candidates(384, 5_000_000) == 190
    assert candidates(1024, 2_000_000) == 2 * shape_of(1024).candidates


def test_so_many_results_that_their_candidates_are_a_quarter_of_the_vectors_are_searched_exactly():
    assert pays_off(384, 2_083, 500_000) and not pays_off(384, 2_084, 500_000)
    assert pays_off(384, 6_578, 5_000_000) and not pays_off(384, 6_579, 5_000_000)


def test_a_search_asks_for_the_candidates_of_its_size(files, monkeypatch):
    """With one candidate a result an index this size is searched badly; the same one as if it were large is not."""
    folder, vectors = files
    index = faiss.read_index(str(folder / "all.faiss"), faiss.IO_FLAG_MMAP_IFC)
    monkeypatch.setattr(coarse, "shape_of", lambda dim: coarse.Shape(3, 1))

    def recall() -> float:
        asked = vectors[::500]
        found = [(search_coarse(index, folder / "all.coarse.faiss", query, 50)[1], query) for query in asked]
        return float(np.mean([np.isin(rows, index.search(query[None], 50)[1][0]).mean() for rows, query in found]))

    few = recall()
    monkeypatch.setattr(coarse, "_MORE_CANDIDATES_FROM", COUNT / 60**2)
    assert few < 0.9 and recall() >= 0.99
