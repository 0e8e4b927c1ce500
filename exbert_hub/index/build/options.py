"""What a build is asked for, as one value: made where the question comes in, then passed whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exbert_hub.errors import SelectionError
from exbert_hub.index.format.codecs import CODECS, DEFAULT_CODEC
from exbert_hub.index.format.types import Codec, Kind, Layer

WINDOW = 512

Progress = Callable[[int, int], None]
"""Called with the pieces done and the pieces expected, after every batch."""


@dataclass(frozen=True)
class BuildOptions:
    """How to build an index; see `CorpusIndex.build`.

    :raises SelectionError: for a kind or codec that does not exist, or a number that is not positive.
    """

    kinds: Sequence[Kind] = ("embedding", "heads")
    layers: Sequence[Layer] | None = None  # all, and the input embeddings, if None
    attention: bool = True
    codec: Codec = DEFAULT_CODEC
    fast: bool | None = None  # whether to add the coarse stage of fast search; by size if None
    limit: int | None = None  # sentences
    sample: int | None = None  # sentences, drawn from those
    shard_pieces: int | None = None  # by size if None
    window: int = WINDOW  # pieces of a window at most, special tokens counted; less where the model takes less
    resume: bool = False
    overwrite: bool = False
    progress: Progress | None = field(default=None, compare=False)  # a bar if None

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise SelectionError(f"codec {self.codec!r} is unknown: choose one of {', '.join(CODECS)}")
        for name in ("limit", "sample", "shard_pieces"):
            if (count := getattr(self, name)) is not None and count < 1:
                raise SelectionError(f"{name}={count}: must be at least 1")
        if set(self.kinds) - {"embedding", "heads"} or not self.kinds:
            raise SelectionError(f"kinds must be 'embedding', 'heads' or both, not {list(self.kinds)}")


DEFAULTS = BuildOptions()
