"""What programs ask, as frozen values; see `requests.py`. Numbers may come as text, as they do in a command line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .requests import MOST_MATCHES, MOST_PIECES, Heads, LayerNumber, Name, Position, Text

MOST_PREDICTIONS = 10

Word = Annotated[str, Field(max_length=1000)]
TokenPlace = Position | Word
"""A word of the text, or the position of a piece."""


class ApiRequest(BaseModel):
    """About a model: another one than the server's own, or ""."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: Name = ""


class ApiInspectRequest(ApiRequest):
    """A text to look at."""

    text: Text
    text_pair: Text = ""
    mask: Annotated[tuple[TokenPlace, ...], Field(max_length=MOST_PIECES)] = ()
    layer: LayerNumber | None = None
    heads: Heads | None = None
    top_k: Annotated[int, Field(ge=0, le=MOST_PREDICTIONS)] = 5


class ApiSearchRequest(ApiRequest):
    """A search for what is like one word of a text."""

    text: Text
    token: TokenPlace
    mask: bool = False
    by: Literal["embedding", "heads"] = "embedding"
    layer: LayerNumber | Literal["emb"] | None = None
    heads: Heads | None = None
    k: Annotated[int, Field(ge=1, le=MOST_MATCHES)] = 20


class ApiSummaryRequest(BaseModel):
    """What the matches of a search have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: ApiSearchRequest
    field: Name = "pos"
    of: Literal["match", "max_attention", "next"] = "match"
