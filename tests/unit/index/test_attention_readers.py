"""Readers of stored attention: what is damaged, and what could not be opened at first."""

import numpy as np
import pytest

from exbert_hub.errors import IndexFormatError
from exbert_hub.index.attention import AttentionReader, AttentionWriter, Readers

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
