"""What the owner of a page decides, read from the environment: a Space is set up without touching its code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from exbert_hub import hub
from exbert_hub.errors import SelectionError, TextTooLongError

PREFIX = "EXBERT_"


def _split(names: Any) -> Any:
    """Names separated by commas or spaces."""
    return tuple(filter(None, re.split(r"[,\s]+", names))) if isinstance(names, str) else names


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Each field is read by `from_env` from the environment variable `EXBERT_` plus its name in capitals.

    A page is public when people other than its owner may reach it: on a Space, through a share link, or when it
    listens on more than this machine. There nothing is allowed that the owner has not allowed.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, str_strip_whitespace=True)

    model: str | None = None  # what to show when `launch()` is called without a model; None: the embedded demo
    index: str | None = None  # folder or dataset repository of the index to show
    allowed_models: Names = ("*",)  # further models for visitors and programs: ids or patterns ("bert-*")
    allow_build: bool = True  # whether visitors may build indexes
    allow_folders: bool = True  # whether models and corpora may be folders of this machine; never on a public page
    queue_size: Count = 64  # requests that may wait; more are turned away
    concurrency: Count = 1  # requests worked on at once; two would mostly wait for each other's turn of Python
    max_characters: Count = 100_000  # of a text
    max_pieces: Annotated[int, Field(ge=8)] = 1024  # of a text, special tokens counted
    max_matches: Count = 1000  # of a search by a program
    max_sentences: Count = 1_000_000  # of a corpus that is built from the page
    max_upload: Count = 100  # megabytes of a file that is sent to the page
    calls_per_minute: Annotated[int, Field(ge=0)] = 0  # by one program, ten times as many by all together; 0: no limit
    mcp: bool = False  # whether the API is offered as tools for agents too
    is_public: bool = False  # not read from the environment

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed and the defaults: the environment is read by `from_env` alone."""
        return (init_settings,)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, is_public: bool = False) -> Settings:
        """Settings of this process; `SPACE_ID`, which the Hub sets, marks a Space.

        :param is_public: whether the page can be reached by others, where that is known already.
        :raises SelectionError: if a variable has a value that makes no sense.
        """
        environ = os.environ if environ is None else environ
        is_public = is_public or bool(environ.get("SPACE_ID"))
        source = EnvSettingsSource(cls)
        source.env_vars = {name.lower(): value.strip() for name, value in environ.items()}
        # no value is no choice, except of models: there it is none
        chosen = {name: value for name, value in source().items() if value or name == "allowed_models"}
        fixed = {"is_public": True, "allow_folders": False} if is_public else {"is_public": False}
        try:
            return cls(**(_PUBLIC if is_public else {}) | chosen | fixed)
        except ValidationError as error:
            first = error.errors()[0]
            name, value, problem = str(first["loc"][0]).upper(), str(first["input"])[:100], first["msg"]
            raise SelectionError(f"{PREFIX}{name}={value!r} cannot be used: {problem}.") from None

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
        if not hub.is_hub_id(model):
            return False
        return any(fnmatchcase(model.lower(), pattern.lower()) for pattern in self.allowed_models)

    def allows_folder(self, path: str) -> bool:
        """Whether visitors may name a file or folder of this machine."""
        return self.allow_folders and not self.is_public and os.path.exists(os.path.expanduser(path))


_PUBLIC: dict[str, Any] = dict(  # the defaults of a public page, where they differ
    allowed_models=(),
    allow_build=False,
    max_characters=5_000,
    max_pieces=512,
    max_matches=200,
    max_sentences=2_000,
    max_upload=2,
    calls_per_minute=60,
)
