"""Readers of stored attention: what is damaged, and what could not be opened at first."""

import numpy as np
import pyarrow as pa
import pytest

from exbert_hub.bounded_cache import BoundedCache
from exbert_hub.errors import IndexFormatError
from exbert_hub.index.store import attention_files
from exbert_hub.index.store.attention_files import AttentionReader, AttentionWriter, Readers, merge_attention

HEADS = 3
LENGTHS = [2, 5, 90, 1, 7, *[2] * 300]


@pytest.fixture
def codes():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, HEADS * length**2, np.uint8).tobytes() for length in LENGTHS]


def write_plain(path, codes):
    writer = AttentionWriter(path)
    for each in codes:
        writer.add(each)
    writer.close()


def test_damaged_pages_are_refused_or_read_as_numbers(tmp_path, codes):
    path = tmp_path / "layer"
    write_plain(path, codes[:2])
    good, refused = path.read_bytes(), 0
    for place in range(4, good.index(b"attention")):  # the first page, its header included
        for value in (0, 0xFF, good[place] ^ 1):
            path.write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
            try:
                reader = AttentionReader(path, HEADS, np.array(LENGTHS[:2]))
                assert reader.out_of(1, 4).shape == (HEADS, 5)
            except IndexFormatError:
                refused += 1
    assert refused > 100


def test_a_reader_that_could_not_be_opened_is_opened_again():
    given = iter([IndexFormatError("damaged"), "a reader"])

    def opened(layer):
        outcome = next(given)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    readers = Readers(opened)
    with pytest.raises(IndexFormatError, match="damaged"):
        readers(3)
    assert readers(3) == readers(3) == "a reader"


def test_pieces_of_a_search_are_read_together_in_any_order(tmp_path, codes):
    write_plain(tmp_path / "layer", codes)
    reader = AttentionReader(tmp_path / "layer", HEADS, np.array(LENGTHS))
    places = [(304, 1), (2, 89), (0, 0), (2, 3), (3, 0), (2, 89), (150, 1)]
    expected = [
        np.square(np.frombuffer(codes[sentence], np.uint8).reshape(HEADS, n, n)[[2, 0]] / 255.0).mean(0)
        for sentence, n in ((sentence, LENGTHS[sentence]) for sentence, _ in places)
    ]
    for _ in range(2):  # from the file, then from what is kept
        for (_, place), mean, (out, into) in zip(places, expected, reader.around(places, [2, 0]), strict=True):
            np.testing.assert_allclose(out, mean[place], atol=1e-6)
            np.testing.assert_allclose(into, mean[:, place], atol=1e-6)
    assert reader.around([], [0]) == []


@pytest.mark.parametrize("block", [1, 50_000, 1 << 30])
def test_sentences_of_the_same_length_are_read_together(tmp_path, codes, monkeypatch, block):
    monkeypatch.setattr(attention_files, "_BLOCK_BYTES", block)
    monkeypatch.setattr(attention_files, "_PASSED_BYTES", block)
    write_plain(tmp_path / "layer", codes)
    reader = AttentionReader(tmp_path / "layer", HEADS, np.array(LENGTHS))
    found = {}
    for sentences, together in reader.alike([2, 0]):
        assert together.dtype == np.float32 and len({LENGTHS[n] for n in sentences}) == 1
        found |= dict(zip(sentences.tolist(), together, strict=True))
    assert sorted(found) == list(range(len(LENGTHS)))
    for sentence, (pieces, whole) in enumerate(zip(LENGTHS, reader, strict=True)):
        stored = np.frombuffer(codes[sentence], np.uint8).reshape(HEADS, pieces, pieces)
        np.testing.assert_allclose(whole, np.square(stored / 255), atol=1e-6)
        np.testing.assert_allclose(found[sentence], whole[[2, 0]].sum(0), atol=1e-6)


def test_a_small_layer_is_kept_whole_once_it_was_counted_over(tmp_path, codes, monkeypatch):
    kept = BoundedCache(1 << 30)
    monkeypatch.setattr(attention_files, "KEPT", kept)
    write_plain(tmp_path / "layer", codes)
    reader = AttentionReader(tmp_path / "layer", HEADS, np.array(LENGTHS))
    places = [(304, 1), (2, 89), (0, 0)]
    before = reader.around(places, [2, 0])
    assert reader._kept and not kept.bytes
    first = dict(part for numbers, sums in reader.alike([1]) for part in zip(numbers.tolist(), sums, strict=True))
    assert kept.bytes == sum(map(len, codes)) and not reader._kept
    monkeypatch.setattr(reader, "_read", lambda groups: pytest.fail("read again"))
    for numbers, sums in reader.alike([1]):
        assert all(np.array_equal(first[number], one) for number, one in zip(numbers.tolist(), sums, strict=True))
    for (out, into), (own_out, own_into) in zip(before, reader.around(places, [2, 0]), strict=True):
        np.testing.assert_array_equal(out, own_out)
        np.testing.assert_array_equal(into, own_into)


def test_a_large_layer_is_not_kept_whole(tmp_path, codes, monkeypatch):
    kept = BoundedCache(1 << 30)
    monkeypatch.setattr(attention_files, "KEPT", kept)
    monkeypatch.setattr(attention_files, "_CACHED_BYTES", sum(map(len, codes)) - 1)
    write_plain(tmp_path / "layer", codes)
    reader = AttentionReader(tmp_path / "layer", HEADS, np.array(LENGTHS))
    assert sum(len(numbers) for numbers, _ in reader.alike([1])) == len(LENGTHS) and not kept.bytes


def test_what_is_kept_is_bounded(tmp_path, codes, monkeypatch):
    monkeypatch.setattr(attention_files, "_CACHED_BYTES", 3 * max(map(len, codes)))
    write_plain(tmp_path / "layer", [code for code in codes[:5] for _ in range(20)])
    reader = AttentionReader(tmp_path / "layer", HEADS, np.repeat(LENGTHS[:5], 20))
    first = reader.around([(row, 0) for row in range(100)], [1])
    assert len(reader._first) > 20 and len(reader._kept) >= 1
    assert (
        sum(len(row) for group in reader._kept.keys() for row in reader._kept.get(group))
        <= attention_files._CACHED_BYTES
    )
    assert all(map(np.array_equal, first[57], reader.around([(57, 0)], [1])[0]))
    before = reader._kept.keys()
    assert len(list(reader)) == 100 and reader._kept.keys() == before  # one pass over everything keeps nothing


def test_a_file_is_merged_without_being_held(tmp_path, monkeypatch):
    sentence = np.random.default_rng(0).integers(0, 256, 12 * 36**2, np.uint8).tobytes()
    write_plain(tmp_path / "part", [sentence] * 600)  # 9 MB that zstd cannot make smaller
    before, held, add = pa.total_allocated_bytes(), [], AttentionWriter.add
    monkeypatch.setattr(
        AttentionWriter, "add", lambda self, one: (add(self, one), held.append(pa.total_allocated_bytes()))
    )
    merge_attention([tmp_path / "part"], tmp_path / "whole")
    assert len(held) == 600 and max(held) - before < 2e6
