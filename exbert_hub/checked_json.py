"""JSON that anybody may have written, read as a value of a type or refused in one line."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .errors import ExbertError, IndexFormatError

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

Shape = TypeVar("Shape")


def parse_json(
    text: str | bytes, shape: type[Shape], name: str, error: type[ExbertError] = IndexFormatError, strict: bool = True
) -> Shape:
    """A JSON text as a value of a type that pydantic knows: a model, a dataclass, `dict[str, int]` …

    Text that is nested too deeply is refused like any other that is not of the type; Python's parser would end in a
    RecursionError.

    :param name: what errors call it, such as its path.
    :param strict: whether a number may not stand for a text, nor 1.0 for 1.
    :raises ExbertError: of the class `error`, with the first thing that is wrong.
    """
    from pydantic import ValidationError

    try:
        return _adapter(cast("Hashable", shape)).validate_json(text, strict=strict)
    except ValidationError as problem:
        raise error(f"{name} is malformed: {first_problem(problem)}") from problem


def parse_value(value: object, shape: type[Shape], name: str, error: type[ExbertError] = IndexFormatError) -> Shape:
    """The same of what JSON or YAML was read to before."""
    from pydantic import ValidationError

    try:
        return _adapter(cast("Hashable", shape)).validate_python(value)
    except ValidationError as problem:
        raise error(f"{name} is malformed: {first_problem(problem)}") from problem


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part)[:80] for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(shape)
