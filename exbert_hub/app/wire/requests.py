"""What the page sends, as frozen values: parsed once at the door (`parse.py`, `answers.py`), then passed whole.

Every field is bounded in length, count and range, so that nothing is allocated for what is refused. Its alias, if it
has one, is its name on the page and in the page's address, which links depend on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field

from exbert_hub.index.format.types import MATCHES

from .parse import Request

LONGEST_TEXT = 1 << 22  # characters; `Settings.max_characters` is what an owner allows
LONGEST_NAME = 4096  # characters: of a path
MOST_PIECES = 1 << 20
MOST_LAYERS, MOST_HEADS = 1 << 10, 1 << 12
MOST_ABLATED = 1 << 14  # heads: all of 128 layers with 128 heads
MOST_MATCHES = 10_000  # of a search of the page

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Key = Annotated[str, Field(max_length=64)]
Position = Annotated[int, Field(ge=0, lt=MOST_PIECES)]
LayerNumber = Annotated[int, Field(ge=0, lt=MOST_LAYERS)]
HeadNumber = Annotated[int, Field(ge=0, lt=MOST_HEADS)]
# JSON has no tuples: a strict model takes a list for one only where it is told to
Positions = Annotated[tuple[Position, ...], Field(max_length=MOST_PIECES, strict=False)]
Heads = Annotated[tuple[HeadNumber, ...], Field(max_length=MOST_HEADS, strict=False)]
HeadPlace = Annotated[tuple[LayerNumber, HeadNumber], Field(strict=False)]
Ablation = Annotated[tuple[HeadPlace, ...], Field(max_length=MOST_ABLATED, strict=False)]

AttentionKind = Literal["attention", "norms", "rollout"]
"""What the view shows of an inspection: attention, value-weighted attention, or attention rollout."""
CorpusKind = Literal["demo", "hub", "folder", "upload"]
TableFormat = Literal["csv", "json", "parquet"]


def _head_name(name: str) -> str:
    if not re.fullmatch(r"\d{1,3}-\d{1,4}", name, re.ASCII):
        raise ValueError("a head is named by layer and head, such as 5-9")
    return name


HeadName = Annotated[str, Field(max_length=16), AfterValidator(_head_name)]


# --- what to look at -------------------------------------------------------------------------------------------------


class Nothing(Request):
    """A question without a field."""


class Scope(Request):
    """The model that a request is about, and which of its indexes; "" for the page's own."""

    model: Name = ""
    index: Name = ""


class ModelInput(NamedTuple):
    """All that the computation of a model depends on."""

    text: str
    text_pair: str
    mask: tuple[int, ...]  # positions of pieces
    ablate: tuple[tuple[int, int], ...]  # layer and head of those that are silenced, sorted
    norms: bool  # whether value norms are wanted


class InspectRequest(Scope):
    """A text to look at. Its defaults are the page's."""

    text: Text = ""
    text_pair: Text = Field("", alias="pair")
    stack: Literal["", "encoder", "decoder", "cross"] = ""  # "" for the model's main stack
    mask: Positions = ()
    attention_kind: AttentionKind = Field("attention", alias="mode")
    ablate: Ablation = ()  # layer and head of those that are silenced

    @property
    def model_input(self) -> ModelInput:
        norms = self.attention_kind == "norms"
        return ModelInput(self.text, self.text_pair, self.mask, tuple(sorted({*self.ablate})), norms)


class TokenQuery(Scope):
    """A search for the corpus pieces that are like one piece of an inspected text, with all of its options."""

    text: Text
    text_pair: Text = Field("", alias="pair")
    mask: Positions = ()
    token: Position
    by: Literal["embedding", "heads"]
    layer: LayerNumber | Literal["emb"]
    heads: Heads = ()  # none: all of the layer
    ablate: Ablation = ()
    k: int = Field(MATCHES, ge=1, le=MOST_MATCHES)
    exclude_query: bool = True
    unique_sentences: bool = True

    @property
    def inspect(self) -> InspectRequest:
        return InspectRequest(
            model=self.model,
            index=self.index,
            text=self.text,
            text_pair=self.text_pair,
            mask=self.mask,
            ablate=self.ablate,
        )

    @property
    def chosen_heads(self) -> list[int] | None:
        """As the index takes them."""
        return list(self.heads) or None

    @property
    def options(self) -> dict[str, Any]:
        """How to search, whatever for: arguments of `CorpusIndex.search` and `CorpusIndex.profile`."""
        return {"k": self.k, "exclude_query": self.exclude_query, "unique_sentences": self.unique_sentences}


def by_layer(ablate: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Layers and heads as `Inspector.inspect` takes them."""
    heads: dict[int, list[int]] = {}
    for layer, head in sorted(set(ablate)):
        heads.setdefault(layer, []).append(head)
    return heads


# --- events of the components ----------------------------------------------------------------------------------------


class InspectEvent(Request):
    """The attention view asks for a text."""

    request: InspectRequest
    restore: bool = False  # whether a link or the back button is being followed
    switched: bool = False  # whether it is about another model or index than the one on the page


class SearchEvent(Request):
    """The evidence asks for a search."""

    query: TokenQuery


class AcceptEvent(Request):
    """Somebody wants the offered index to be opened."""

    request: InspectRequest


# --- server functions ------------------------------------------------------------------------------------------------


class TableRequest(Request):
    """All matches of a search, as a file."""

    query: TokenQuery
    format: TableFormat


class ProfileRequest(Request):
    """A label of the nearest pieces, layer by layer."""

    query: TokenQuery
    field: Name


class AttentionRequest(Request):
    """One layer of an inspection."""

    request: InspectRequest
    layer: LayerNumber


class ThumbnailsRequest(Request):
    """Every head of an inspection as a small picture of some pieces."""

    request: InspectRequest
    rows: Positions = Field(min_length=1)
    cols: Positions = Field(min_length=1)


class CompareRequest(Request):
    """The token of a query against the same masked, without the silenced heads, in another sentence, or by another
    model."""

    kind: Literal["mask", "heads", "text", "model"]
    against: Text = ""  # the other sentence, or the other model
    field: Name = "pos"
    query: TokenQuery


class LensRequest(Request):
    """What each layer would predict for the token of a query."""

    query: TokenQuery


class HeadsRequest(Scope):
    """All heads by one measure; by the clearest one where there is no such measure."""

    measure: Name = ""
    label: Name = ""
    direction: Name = ""


class HeadRequest(Scope):
    """One head."""

    head: HeadName

    @property
    def place(self) -> tuple[int, int]:
        """Layer and head."""
        layer, head = map(int, self.head.split("-"))
        return layer, head


class HeadExamplesRequest(HeadRequest):
    """Sentences that show a head doing what a measure says."""

    measure: Name
    label: Name = ""
    direction: Name = ""


class BuildKeyRequest(Request):
    """About the build that is under way; whoever knows its key began it."""

    key: Key = ""


class BuildRequest(BuildKeyRequest):
    """An index to build."""

    model: Name = ""
    kind: CorpusKind
    corpus: Name = ""  # id of a dataset, or a path; "" for the demo's corpus
    annotator: Name = ""
    limit: int = Field(ge=1, le=10**9)  # sentences
    split: Name = ""
    text_column: Name = Field("", alias="column")


class PlaceRequest(Request):
    """Where the request with this ticket stands in the line."""

    ticket: Key = ""
