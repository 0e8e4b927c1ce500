"""What the owner of a page decides, read from the environment: a Space is set up without touching its code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from exbert_hub.errors import SelectionError, TextTooLongError

PREFIX = "EXBERT_"
_HUB_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class Settings:
    """Each field is read from the environment variable `EXBERT_` plus its name in capitals.

    A page is public when people other than its owner may reach it: on a Space, through a share link, or when it
    listens on more than this machine. There nothing is allowed that the owner has not allowed.
    """

    model: str | None = None  # what to show when `launch()` is called without a model; None: the embedded demo
    index: str | None = None  # folder or dataset repository of the index to show
    allowed_models: tuple[str, ...] = ("*",)  # further models for visitors and programs: ids or patterns ("bert-*")
    allow_build: bool = True  # whether visitors may build indexes
    allow_folders: bool = True  # whether models and corpora may be folders of this machine; never on a public page
    queue_size: int = 64  # requests that may wait; more are turned away
    concurrency: int = 1  # requests worked on at once; two would mostly wait for each other's turn of Python
    max_characters: int = 100_000  # of a text
    max_pieces: int = 1024  # of a text, special tokens counted
    max_matches: int = 1000  # of a search by a program
    max_sentences: int = 1_000_000  # of a corpus that is built from the page
    max_upload: int = 100  # megabytes of a file that is sent to the page
    calls_per_minute: int = 0  # by one program, and ten times as many by all together; 0: no limit
    mcp: bool = False  # whether the API is offered as tools for agents too
    is_public: bool = False  # not read from the environment

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, is_public: bool = False) -> Settings:
        """Settings of this process; `SPACE_ID`, which the Hub sets, marks a Space.

        :param is_public: whether the page can be reached by others, where that is known already.
        :raises SelectionError: if a variable has a value that makes no sense.
        """
        env = os.environ if environ is None else environ
        is_public = is_public or bool(env.get("SPACE_ID"))
        base = _PUBLIC if is_public else cls()
        return cls(
            model=_text(env, "MODEL"),
            index=_text(env, "INDEX"),
            allowed_models=_names(env, "ALLOWED_MODELS", base.allowed_models),
            allow_build=_switch(env, "ALLOW_BUILD", base.allow_build),
            allow_folders=_switch(env, "ALLOW_FOLDERS", base.allow_folders) and not is_public,
            queue_size=_count(env, "QUEUE_SIZE", base.queue_size, least=1),
            concurrency=_count(env, "CONCURRENCY", base.concurrency, least=1),
            max_characters=_count(env, "MAX_CHARACTERS", base.max_characters, least=1),
            max_pieces=_count(env, "MAX_PIECES", base.max_pieces, least=8),
            max_matches=_count(env, "MAX_MATCHES", base.max_matches, least=1),
            max_sentences=_count(env, "MAX_SENTENCES", base.max_sentences, least=1),
            max_upload=_count(env, "MAX_UPLOAD", base.max_upload, least=1),
            calls_per_minute=_count(env, "CALLS_PER_MINUTE", base.calls_per_minute, least=0),
            mcp=_switch(env, "MCP", base.mcp),
            is_public=is_public,
        )

    def check_text(self, *texts: str) -> None:
        """
        :raises TextTooLongError: if the texts together have more characters than are taken.
        """
        length = sum(map(len, texts))
        if length > self.max_characters:
            raise TextTooLongError(
                f"{length:,} characters are too many: up to {self.max_characters:,} are taken here."
            )

    def allows_model(self, model: str) -> bool:
        """Whether visitors may ask for a model: a Hub id that one of the patterns matches, or an allowed folder."""
        if os.path.exists(path := os.path.expanduser(model)):  # transformers would read it, even as a Hub id
            return self.allows_folder(path)
        if not _HUB_ID.fullmatch(model) or ".." in model:
            return False
        return any(fnmatchcase(model.lower(), pattern.lower()) for pattern in self.allowed_models)

    def allows_folder(self, path: str) -> bool:
        """Whether visitors may name a file or folder of this machine."""
        return self.allow_folders and not self.is_public and os.path.exists(os.path.expanduser(path))


_PUBLIC = Settings(
    allowed_models=(),
    allow_build=False,
    allow_folders=False,
    max_characters=5_000,
    max_pieces=512,
    max_matches=200,
    max_sentences=2_000,
    max_upload=2,
    calls_per_minute=60,
    is_public=True,
)


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(PREFIX + name, "").strip() or None


def _names(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if PREFIX + name not in env:
        return default
    return tuple(part for part in re.split(r"[,\s]+", env[PREFIX + name]) if part)


def _switch(env: Mapping[str, str], name: str, default: bool) -> bool:
    value = (_text(env, name) or "").lower()
    if value not in ("", *_YES, *_NO):
        raise SelectionError(f"{PREFIX}{name}={value!r} is neither yes nor no: write 1 or 0.")
    return default if not value else value in _YES


def _count(env: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    value = _text(env, name)
    if value is None:
        return default
    if not value.isdecimal() or int(value) < least:
        raise SelectionError(f"{PREFIX}{name}={value!r} is not a whole number from {least} on.")
    return int(value)
