"""The rows of the two tables of an index, made of annotated windows."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from exbert_hub.corpus.storage.arrow import batch_of
from exbert_hub.corpus.types import WORD_LABELS
from exbert_hub.index.format.tables import sentences_format, tokens_format

from .windows import Window


def tokens_table(windows: Sequence[Window], extra: Sequence[str], first_sentence: int) -> pa.Table:
    """Rows in the order of sentences and of pieces within: the order of the vectors."""
    positions = [window.indexed.nonzero()[0] for window in windows]
    indices = [window.word_of_piece[chosen] for window, chosen in zip(windows, positions, strict=True)]
    words = [w.sentence.words[index] for w, chosen in zip(windows, indices, strict=True) for index in chosen.tolist()]
    columns: dict[str, Any] = {
        "piece": [
            w.tokens.pieces[place] for w, chosen in zip(windows, positions, strict=True) for place in chosen.tolist()
        ],
        "piece_id": np.concatenate([w.tokens.ids[chosen] for w, chosen in zip(windows, positions, strict=True)]),
        "sentence": np.repeat(np.arange(len(windows)) + first_sentence, [len(chosen) for chosen in positions]),
        "position": np.concatenate(positions),
        "word": np.concatenate(indices),
    }
    columns |= {name: list(map(attrgetter(name), words)) for name in WORD_LABELS}
    columns |= {name: [word.extra.get(name, "") for word in words] for name in extra}
    return pa.table(columns, schema=tokens_format(extra).schema)


def sentences_table(windows: Sequence[Window], extra: Sequence[str]) -> pa.Table:
    schema = sentences_format(extra).schema
    tokens = [window.tokens for window in windows]
    offsets = np.concatenate([one.offsets for one in tokens])
    columns = (
        [piece for one in tokens for piece in one.pieces],
        np.concatenate([one.ids for one in tokens]),
        offsets[:, 0],
        offsets[:, 1],
        np.concatenate([window.word_of_piece for window in windows]),
        np.concatenate([one.special for one in tokens]),
    )
    struct = schema.field("pieces").type.value_type
    arrays = [pa.array(column, field.type) for column, field in zip(columns, struct, strict=True)]
    ends = np.cumsum([0, *map(len, windows)])
    pieces = pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.StructArray.from_arrays(arrays, fields=list(struct))
    )
    # as in an annotated corpus, but with "" for what a word does not have
    annotated = batch_of([window.sentence for window in windows], list(extra), missing="")
    return pa.Table.from_arrays([annotated.column("text"), annotated.column("words"), pieces], schema=schema)
