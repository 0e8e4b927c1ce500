"""The rows of `tokens`, an indexed piece each, as arrays."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.max_attention import candidate_mask


class TokenRows:
    """Where the indexed pieces of a corpus stand; read when first asked for, since millions of rows take memory.

    :param table: `tokens`, in the order of sentences and positions.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def sentences(self) -> np.ndarray:
        """int32 [rows]: the sentence of each."""
        return self.table.column("sentence").to_numpy()

    @cached_property
    def positions(self) -> np.ndarray:
        """int32 [rows]: the position of each in its sentence."""
        return self.table.column("position").to_numpy()

    def label(self, name: str) -> np.ndarray:
        """str [rows]: a label column."""
        return self.table.column(name).cast(pa.string()).to_numpy()

    @cached_property
    def candidates(self) -> np.ndarray:
        """bool [rows]: the pieces that may be the max-attention token of others."""
        return candidate_mask(self, np.arange(len(self)), len(self))

    def of(self, sentence: int) -> slice:
        """The rows of one sentence."""
        first, last = np.searchsorted(self.sentences, [sentence, sentence + 1])
        return slice(int(first), int(last))

    def of_all(self, sentences: np.ndarray) -> np.ndarray:
        """int: the rows of several sentences, in order."""
        return np.flatnonzero(np.isin(self.sentences, sentences))
