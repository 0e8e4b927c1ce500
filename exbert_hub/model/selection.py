"""Numbers that somebody names, checked. No heavy imports: the index room uses this too."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import numpy as np

from exbert_hub.errors import SelectionError


def existing_heads(counts: Sequence[int], layer: object, heads: Iterable[int]) -> tuple[int, ...]:
    """The chosen heads of a layer, sorted.

    :param counts: heads per layer, 0 where a layer has no attention.
    :raises SelectionError: for a layer or for heads that do not exist, or an empty choice.
    """
    number = whole_number(layer)
    if layer != "emb" and (number is None or not 0 <= number < len(counts)):
        raise SelectionError(f"layer {layer!r} does not exist: the model has layers 0 to {len(counts) - 1}")
    count = 0 if number is None else counts[number]
    if not count:
        raise SelectionError(f"layer {layer} has no heads to choose")
    named = list(heads) if isinstance(heads, Iterable) else [heads]
    chosen = [whole_number(head) for head in named]
    if None in chosen:
        raise SelectionError(f"heads must be whole numbers, not {heads!r}")
    wrong = [head for head in chosen if head is not None and not 0 <= head < count]
    if wrong or not chosen:
        what = f"head {wrong[0]} does not exist" if wrong else "no head is chosen"
        raise SelectionError(f"{what}: layer {layer} has heads 0 to {count - 1}")
    return tuple(sorted({head for head in chosen if head is not None}))


def whole_number(value: object) -> int | None:
    """`value` as an int if it is a whole number, numpy's included; None for anything else, such as bool."""
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
