"""The columns of a few heads: the same results from fewer bytes."""

import threading

import faiss
import numpy as np
import pytest

from exbert_hub.analysis.vectors import head_query
from exbert_hub.bounded_cache import BoundedCache
from exbert_hub.index.format.codecs import CODECS
from exbert_hub.index.search.head_columns import HeadColumnCache, HeadColumns, copy_columns
from exbert_hub.index.store import background
from exbert_hub.index.store.memory import KEPT
from exbert_hub.index.store.vectors import merge_vectors

from .test_vectors import write_vectors

HEADS, WIDTH, COUNT = 6, 8, 3000


@pytest.fixture(params=["fp16", "fp32", "sq8"])
def stored(request, tmp_path):
    vectors = np.random.default_rng(3).standard_normal((COUNT, HEADS, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    write_vectors(vectors.reshape(COUNT, -1), tmp_path / "part", "fp32" if request.param == "fp32" else "fp16")
    merge_vectors([tmp_path / "part"], tmp_path / "heads.faiss", request.param)
    return tmp_path / "heads.faiss", request.param


@pytest.mark.parametrize("heads", [(0,), (5,), (1, 2), (0, 3, 5)])
def test_packed_heads_answer_like_all_heads_with_zeros(stored, heads):
    path, codec = stored
    whole = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    packed = copy_columns(HeadColumns(path, COUNT, HEADS * WIDTH, HEADS, heads), CODECS[codec])
    assert packed.d == len(heads) * WIDTH and packed.ntotal == COUNT
    for contexts in np.random.default_rng(4).standard_normal((5, HEADS, WIDTH)):
        query = head_query(contexts, heads)
        expected, rows = whole.search(query[None], 50)
        scores, found = packed.search(query.reshape(HEADS, WIDTH)[list(heads)].reshape(1, -1), 50)
        np.testing.assert_allclose(scores, expected, atol=2e-6)
        assert np.array_equal(found, rows)


def test_a_search_by_heads_is_packed_behind_and_answers_the_same(index, inspector, monkeypatch):
    monkeypatch.setattr(background, "HEAD_START", 0)
    packed = threading.Event()
    put = KEPT.put

    def kept(key, value, size):  # what other tests left to be packed may come first
        put(key, value, size)
        if key[-1] == (2, 9):
            packed.set()

    monkeypatch.setattr(KEPT, "put", kept)
    seen = inspector.inspect("The wolf ran into the forest.")
    path = index.folder / "faiss" / "heads-04.faiss"
    cache = index.opened.searcher._columns
    columns = HeadColumns(path, len(index), 0, 12, (2, 9))
    before = index.search(seen, "ran", by="heads", layer=4, heads=[2, 9])
    assert packed.wait(30)
    assert cache.get(columns) is not None
    after = index.search(seen, "ran", by="heads", layer=4, heads=[2, 9])
    np.testing.assert_allclose([m.score for m in after], [m.score for m in before], atol=1e-6)
    assert {m.row for m in after} == {m.row for m in before}


def test_what_saves_little_or_is_too_large_is_not_packed(tmp_path, monkeypatch):
    path = tmp_path / "heads.faiss"
    path.write_bytes(b"never read")
    cache = HeadColumnCache("fp16")
    monkeypatch.setattr(cache._background, "submit", lambda task: pytest.fail("packed"))
    cache.begin(HeadColumns(path, 1000, 48, 6, (0, 1, 2, 3)))
    cache.begin(HeadColumns(path, KEPT.limit, 48, 6, (0,)))


def test_memory_forgets_the_longest_unused_first():
    memory = BoundedCache(limit=10)
    memory.put("a", 1, 4)
    memory.put("b", 2, 4)
    assert memory.get("a") == 1
    memory.put("c", 3, 4)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)
    memory.put("large", 4, 99)
    assert memory.get("large") == 4 and memory.bytes == 99
