"""How vectors are stored: each codec once, with all that the rest of the package has to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

INNER_PRODUCT = 0
"""`METRIC_INNER_PRODUCT` of FAISS: all vectors are normalised, so it is their cosine."""

ShardCodec = Literal["fp16", "fp32"]


@dataclass(frozen=True)
class VectorCodec:
    """One way to store vectors.

    To add one, add it to `CODECS`: the header check, the merge, searches by a few heads, the estimate and the command
    line read it there.
    """

    name: str
    factory: str  # what `faiss.index_factory` makes of it
    fourcc: bytes  # type of the index at the head of its file (faiss/impl/index_write.cpp)
    bytes_per_value: int
    shard_codec: ShardCodec  # of the shards of a build; another one than `name` is encoded once, at the merge
    quantiser: int | None = None  # faiss.ScalarQuantizer.QT_…; None for vectors stored as they are
    ranges: int = 0  # numbers per dimension that are learned from the vectors
    coarse_attention: bool = False  # whether the attention beside such vectors is stored in fewer levels too

    @property
    def in_shards(self) -> bool:
        """Whether shards hold it as it is, so that a merge only copies."""
        return self.shard_codec == self.name


CODECS = {
    codec.name: codec
    for codec in (
        VectorCodec("fp16", "SQfp16", b"IxSQ", 2, "fp16", quantiser=4),
        VectorCodec("fp32", "Flat", b"IxFI", 4, "fp32"),
        VectorCodec("sq8", "SQ8", b"IxSQ", 1, "fp16", quantiser=0, ranges=2, coarse_attention=True),
    )
}
"""By name, the default first."""

DEFAULT_CODEC = next(iter(CODECS))

SMALLEST = min(CODECS.values(), key=lambda codec: codec.bytes_per_value)
