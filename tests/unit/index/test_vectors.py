"""FAISS files: what passes, and what FAISS never gets to see."""

import struct

import faiss
import numpy as np
import pytest

from exbert_hub.analysis.vectors import normalise
from exbert_hub.errors import IndexFormatError
from exbert_hub.index.store.vectors import check_header, merge_vectors, nearest
from exbert_hub.index.store.vectors import write_vectors as write_rows

DIM, COUNT = 24, 300


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return normalise(np.random.default_rng(0).normal(size=(COUNT, DIM)))


def write_vectors(vectors, path, codec):
    write_rows(vectors.astype(np.float32 if codec == "fp32" else np.float16), path)


@pytest.fixture(params=["fp16", "fp32", "sq8"])
def merged(request, tmp_path, vectors):
    shard = "fp32" if request.param == "fp32" else "fp16"
    parts = [tmp_path / f"{n}.faiss" for n in range(2)]
    write_vectors(vectors[:100], parts[0], shard)
    write_vectors(vectors[100:], parts[1], shard)
    merge_vectors(parts, tmp_path / "merged.faiss", request.param)
    return request.param, tmp_path / "merged.faiss"


def test_merged_shards_hold_the_vectors_in_order(merged, vectors):
    codec, path = merged
    index = faiss.read_index(str(path))
    assert index.metric_type == faiss.METRIC_INNER_PRODUCT
    tolerance = {"fp32": 0, "fp16": 5e-4, "sq8": 5e-3}[codec]
    np.testing.assert_allclose(index.reconstruct_n(0, COUNT), vectors, atol=tolerance)


@pytest.mark.parametrize("codec", ["fp16", "fp32"])
def test_vectors_are_written_in_the_order_asked_for(tmp_path, monkeypatch, vectors, codec):
    monkeypatch.setattr(
        "exbert_hub.index.store.vectors._ORDERED", 7 * DIM * 2
    )  # several blocks, the last one not full
    stored = vectors.astype(np.float32 if codec == "fp32" else np.float16)
    order = np.random.default_rng(1).permutation(COUNT)
    write_rows(stored, tmp_path / "given.faiss", order)
    write_rows(stored[order], tmp_path / "sorted.faiss")
    assert (tmp_path / "given.faiss").read_bytes() == (tmp_path / "sorted.faiss").read_bytes()
    assert np.array_equal(faiss.read_index(str(tmp_path / "given.faiss")).reconstruct_n(0, COUNT), stored[order])


def test_an_honest_file_passes(merged):
    codec, path = merged
    check_header(path, codec, DIM, COUNT)


def _flip(path, at, value):
    content = bytearray(path.read_bytes())
    content[at : at + len(value)] = value
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"IwFl"),  # another index type
        (0, b"IxHN"),
        (4, struct.pack("<i", DIM + 1)),
        (8, struct.pack("<q", COUNT + 1)),
        (8, struct.pack("<q", -1)),
        (32, b"\x00"),  # not trained
        (33, struct.pack("<i", 1)),  # L2
    ],
)
def test_a_forged_header_is_refused(merged, at, value):
    codec, path = merged
    _flip(path, at, value)
    with pytest.raises(IndexFormatError, match=str(path)):
        check_header(path, codec, DIM, COUNT)


def test_a_forged_length_is_refused(merged):
    codec, path = merged
    end = path.stat().st_size - COUNT * DIM * {"fp16": 2, "fp32": 4, "sq8": 1}[codec] - 8
    _flip(path, end, struct.pack("<Q", 1 << 60))
    with pytest.raises(IndexFormatError):
        check_header(path, codec, DIM, COUNT)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\x00", lambda b: b[:20], lambda b: b""])
def test_a_file_of_another_length_is_refused(merged, change):
    codec, path = merged
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(IndexFormatError):
        check_header(path, codec, DIM, COUNT)


@pytest.mark.parametrize("offset", [37, 41, 49, 57, 65])
def test_forged_quantiser_fields_are_refused(tmp_path, vectors, offset):
    path = tmp_path / "v.faiss"
    write_vectors(vectors, path, "fp16")
    _flip(path, offset, b"\x07")
    with pytest.raises(IndexFormatError):
        check_header(path, "fp16", DIM, COUNT)


def test_another_codec_than_promised_is_refused(merged):
    codec, path = merged
    for other in {"fp16", "fp32", "sq8"} - {codec}:
        with pytest.raises(IndexFormatError):
            check_header(path, other, DIM, COUNT)


def test_a_search_leaves_the_threads_of_faiss_as_they_were(merged, vectors):
    index = faiss.read_index(str(merged[1]))
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(3)
        nearest(index, "", vectors[0].astype(np.float32), 5)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)
