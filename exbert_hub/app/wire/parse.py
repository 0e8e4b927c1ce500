"""What comes from a browser as a value of one of our types, or as one short line that says what is wrong with it."""

from __future__ import annotations

import reprlib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from exbert_hub.errors import RequestError

_SHOWN = 80  # characters of a value that an error quotes


class Request(BaseModel):
    """Frozen and strict; a field that is not known here is a mistake of the page."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """As the page sends it: the same names in the same order, since the page compares the two as text."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def blank(cls) -> dict[str, Any]:
        """All fields by their names on the page, with their defaults; None where there is none."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        return {name: None if field.is_required() else field.default for name, field in fields.items()}


RequestType = TypeVar("RequestType", bound=Request)


def parse(request_type: type[RequestType], data: object) -> RequestType:
    """
    :raises RequestError: in one short line, which quotes 80 characters at most of what came.
    """
    try:
        return request_type.model_validate(data)
    except ValidationError as error:
        raise RequestError(first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, as one line."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = shortened(".".join(map(str, problem["loc"])))
    message = problem["msg"].removeprefix("Value error, ")
    value = "" if problem["type"] in ("missing", "extra_forbidden") else f", not {quoted(problem['input'])}"
    return f"{place}: {message}{value}" if place else f"{message}{value}"


def quoted(value: object) -> str:
    """A value as errors show it: of a long one the beginning."""
    return shortened(_repr.repr(value))


def shortened(text: str) -> str:
    """A text as errors show it, without quotation marks."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


_repr = reprlib.Repr()  # of a huge value, a few parts are made into text
_repr.maxstring = _repr.maxother = _SHOWN
_repr.maxlong = 40
