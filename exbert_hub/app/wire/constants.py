"""What the page has to know of the server's decisions, sent once, in front of its script."""

from __future__ import annotations

from exbert_hub.analysis.significance import LEVEL

from .requests import InspectRequest, TokenQuery
from .responses.common import JsonObject, Message
from .responses.inspection import ALL_LAYERS_UP_TO, THUMBNAIL


class ConstantsJson(Message):
    """The two requests that are made of the state of the page: their fields in order, by the names of the page's
    address, with the defaults of what the page does not set. And numbers that are used on both sides."""

    request: JsonObject  # `InspectRequest`
    query: JsonObject  # `TokenQuery`
    all_layers_up_to: int  # pieces; of a longer text the page asks for the attention layer by layer
    thumbnail: int  # cells on a side of a small picture of a head
    level: float  # of significance


def constants() -> ConstantsJson:
    return {
        "request": InspectRequest.blank(),
        "query": TokenQuery.blank(),
        "all_layers_up_to": ALL_LAYERS_UP_TO,
        "thumbnail": THUMBNAIL,
        "level": LEVEL,
    }
