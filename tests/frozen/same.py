"""Answers as plain JSON, and where two of them differ."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .stored import FROZEN

COMPUTED = frozenset(("score", "rbo", "jaccard", "cka", "chance", "probability", "shift", "induction", "computed"))
"""Names of numbers that a forward pass comes to: another processor, or another BLAS, changes their last digits."""

TOLERANCE = 2e-3  # of those numbers
_EXACT = 1e-6  # of all others, relative: sums in another order
_DIGITS = 8  # of a number, as it is stored


def plain(value: Any) -> Any:
    """As JSON would have it, and without the folder that this checkout lies in."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, str):
        return value.replace(f"{FROZEN}/", "").replace(str(FROZEN), ".")
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    return value


def differences(expected: Any, found: Any, at: str = "", computed: bool = False) -> Iterator[str]:
    """Each place where an answer is not the stored one.

    :param computed: whether the numbers come from a forward pass.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        if missing := expected.keys() - found.keys():
            yield f"{at}: without {sorted(missing)}"
        if more := found.keys() - expected.keys():
            yield f"{at}: also has {sorted(more)}"
        for name in expected.keys() & found.keys():
            yield from differences(expected[name], found[name], f"{at}.{name}", computed or name in COMPUTED)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{at}: {len(found)} entries, not {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, f"{at}[{number}]", computed)
    elif _is_number(expected) and _is_number(found) and float in (type(expected), type(found)):
        near = math.isclose(expected, found, rel_tol=_EXACT, abs_tol=TOLERANCE if computed else 1e-12)
        if not near:
            yield f"{at}: {found!r}, not {expected!r}"
    elif type(expected) is not type(found) or expected != found:
        yield f"{at}: {found!r}, not {expected!r}"


def assert_same(expected: Any, found: Any) -> None:
    """Fail with the first places that differ."""
    told = list(differences(expected, plain(found)))
    assert not told, "\n".join([f"{len(told)} differences from what is stored:", *told[:20]])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
