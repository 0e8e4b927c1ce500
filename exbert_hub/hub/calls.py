"""Calls to the Hub: repeated while a failure may pass by itself, explained when it does not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from exbert_hub.errors import HubError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds before each further attempt, unless the Hub names a time
_PASSING = (408, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 300.0
_REASONS = {
    401: "the token is not valid; log in again with `hf auth login` or pass another token",
    403: "the token does not allow it; it needs write access to this repository",
    409: "the Hub is busy with another change to it; try again",
    412: "somebody else has changed it meanwhile; nothing of theirs was overwritten. Look at it, then try again",
    413: "a request was too large for the Hub",
    429: "too many requests; wait some minutes and try again",
}


def is_reachable(seconds: float = 3.0) -> bool:
    """Whether somebody answers at the Hub's address: asked where nobody wants to wait a minute to learn that not.

    Behind a proxy, which would do the asking, it is taken for granted.
    """
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    from huggingface_hub import constants

    if getproxies():
        return True
    address = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), seconds).close()
    except OSError as error:
        logger.info("%s cannot be reached: %s", constants.ENDPOINT, error)
        return False
    return True


def patiently(call: Callable[[], Answer]) -> Answer:
    """Make a call that may be repeated without harm, again and again while the Hub is busy or the line is down.

    huggingface_hub repeats downloads and uploads of files by itself, but not commits, tags and questions.
    """
    from huggingface_hub.errors import HTTPError

    for wait in _WAITS:
        try:
            return call()
        except HTTPError as error:
            pause = max(wait, _retry_after(error))
            if not _may_pass(error) or pause > _LONGEST_WAIT:
                raise
            logger.warning("The Hub does not answer as it should (%s): trying again in %.0f s", _brief(error), pause)
            time.sleep(pause)
    return call()


@contextmanager
def explaining(what: str) -> Iterator[None]:
    """Turn whatever the Hub's client raises in the block into an error that says what to do.

    :param what: what is being done, such as "opening user/repo".
    :raises HubError: always with the original error as its cause.
    """
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise HubError(f"{what} failed: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    from huggingface_hub import errors

    for link in _chain(error):
        if isinstance(link, errors.GatedRepoError):
            return "access to it is restricted; ask for access on its page, then log in with `hf auth login`"
        if isinstance(link, errors.RevisionNotFoundError):
            return "it has no such branch, tag or commit"
        if isinstance(link, errors.RepositoryNotFoundError):
            return (
                "there is no such dataset repository, or it is private and you are not logged in as somebody who may "
                "see it. Check the name, log in with `hf auth login`, or pass a token"
            )
        if (status := _status(link)) is not None:
            if status >= 500:
                return f"the Hub has a problem (HTTP {status}); try again later, what was transferred is not lost"
            if status in _REASONS:
                said = getattr(link, "server_message", None)
                return _REASONS[status] + (f" (the Hub says: {said.strip().rstrip('.')})" if said else "")
    if isinstance(error, errors.OfflineModeIsEnabled | errors.LocalEntryNotFoundError):
        return (
            "it is not in the cache of this machine, or not all of it, and the Hub was not reached "
            f"({_brief(error.__cause__ or error)})"
        )
    # the threads that upload wrap what happened
    return _brief(error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: threads that upload and falling back to the cache both wrap the real one."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def _may_pass(error: BaseException) -> bool:
    status = _status(error)
    # without an answer the line was cut, or there was none
    return status is None or status in _PASSING


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _retry_after(error: BaseException) -> float:
    value = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0


def _brief(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:300].rstrip(".") or type(error).__name__
