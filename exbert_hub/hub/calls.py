"""Calls to the Hub: repeated while a failure may be temporary, explained when it is not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from exbert_hub.errors import HubError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds before each further attempt, unless the Hub names a time
_PASSING = (408, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 300.0
_REASONS = {
    401: "the token is not valid; log in again with `hf auth login` or pass another token",
    403: "the token does not allow it; it needs write access to this repository",
    409: "the Hub is busy with another change to it; try again",
    412: "someone else changed it in the meantime; nothing of theirs was overwritten. Look at it, then try again",
    413: "a request was too large for the Hub",
    429: "too many requests; wait a few minutes and try again",
}


def is_reachable(seconds: float = 3.0) -> bool:
    """Whether anything answers at the Hub's address: asked where a timeout of a minute would be too long.

    Behind a proxy, which would make the connection, it is assumed.
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


def patiently(call: Callable[[], Result]) -> Result:
    """Make a call that is safe to repeat, several times while the Hub is busy or the connection is down.

    huggingface_hub retries downloads and uploads of files by itself, but not commits, tags and queries.
    """
    from huggingface_hub.errors import HTTPError

    for wait in _WAITS:
        try:
            return call()
        except HTTPError as error:
            pause = max(wait, _retry_after(error))
            if not _may_pass(error) or pause > _LONGEST_WAIT:
                raise
            logger.warning("The Hub answered with an error (%s): trying again in %.0f s", _brief(error), pause)
            time.sleep(pause)
    return call()


@contextmanager
def explaining(action: str) -> Iterator[None]:
    """Turn any error of the Hub's client in the block into one that says what to do.

    :param action: what is being done, such as "opening user/repo".
    :raises HubError: with the original error as its cause.
    """
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise HubError(f"{action} failed: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    from huggingface_hub import errors

    for link in _chain(error):
        if isinstance(link, errors.GatedRepoError):
            return "access to it is restricted; ask for access on its page, then log in with `hf auth login`"
        if isinstance(link, errors.RevisionNotFoundError):
            return "it has no such branch, tag or commit"
        if isinstance(link, errors.RepositoryNotFoundError):
            return (
                "there is no such dataset repository, or it is private and you are not logged in as someone who may "
                "see it. Check the name, log in with `hf auth login`, or pass a token"
            )
        if (status := _status(link)) is not None:
            if status >= 500:
                return f"the Hub has a problem (HTTP {status}); try again later; what was transferred is not lost"
            if status in _REASONS:
                message = getattr(link, "server_message", None)
                return _REASONS[status] + (f" (the Hub says: {message.strip().rstrip('.')})" if message else "")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "it needs the Hub, and offline mode is on. To go online, unset HF_HUB_OFFLINE"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return (
            "it is not in the cache of this machine, or only partly, and the Hub was not reached "
            f"({_brief(error.__cause__ or error)})"
        )
    # upload threads wrap the actual error
    return _brief(error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: upload threads and the fallback to the cache both wrap the actual one."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def _may_pass(error: BaseException) -> bool:
    status = _status(error)
    # without a response, the connection was cut or never made
    return status is None or status in _PASSING


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _retry_after(error: BaseException) -> float:
    value = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0


def _brief(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:300].rstrip(".") or type(error).__name__
