"""Answers of the page's functions: what was asked for, or a notice that says why not. Nothing else leaves them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from exbert_hub.errors import ExbertError, MaskError, RequestError, TextTooLongError

from .parse import Request, parse
from .responses.common import JsonObject, NoticeJson

logger = logging.getLogger(__name__)

ServerFunction = Callable[[Any], JsonObject]
"""As Gradio calls it: with whatever the browser sent."""

_TITLES: Mapping[type[ExbertError], str] = {
    MaskError: "This cannot be masked",
    TextTooLongError: "The text is too long",
    RequestError: "The page asked for something that makes no sense",
}
_BROKEN: NoticeJson = {"title": "Something broke on our side", "message": "The server's log has the details."}

RequestType = TypeVar("RequestType", bound=Request)


def answer(request_type: type[RequestType]) -> Callable[[Callable[[RequestType], Mapping[str, Any]]], ServerFunction]:
    """Makes a server function of the page from a function that takes a typed request: what the browser sent is parsed,
    and errors become notices."""

    def wrap(function: Callable[[RequestType], Mapping[str, Any]]) -> ServerFunction:
        def server_function(data: Any) -> JsonObject:
            return as_notice(lambda: function(parse(request_type, data)))

        # not functools.wraps: Gradio would read the types of the function inside
        server_function.__name__, server_function.__doc__ = function.__name__, function.__doc__
        return server_function

    return wrap


def as_notice(make: Callable[[], Mapping[str, Any]]) -> JsonObject:
    """The answer, or the error as a notice. The page must come to rest whatever happens, so nothing escapes."""
    try:
        return dict(make())
    except ExbertError as error:
        return {"notice": notice(error)}
    except Exception:
        logger.exception("a request of the page failed")
        return {"notice": _BROKEN}


def notice(error: ExbertError) -> NoticeJson:
    """An error as the page shows it: a title by kind of mistake, and the message."""
    return {"title": _TITLES.get(type(error), "That did not work"), "message": str(error)}
