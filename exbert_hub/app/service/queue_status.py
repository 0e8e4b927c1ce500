"""The line in which requests of the page wait, and where a visitor stands in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from exbert_hub.app.wire.answers import answer
from exbert_hub.app.wire.requests import PlaceRequest
from exbert_hub.app.wire.responses.common import JsonObject
from exbert_hub.app.wire.responses.setup import LinePositionJson

if TYPE_CHECKING:
    import gradio as gr

LINE = "page"
"""Inspections and searches wait in one line, Gradio's of this `concurrency_id`: whoever comes first goes first."""


def place_in_line(page: gr.Blocks) -> Callable[[Any], Awaitable[JsonObject]]:
    """Server function of the page. It does not wait in the line itself."""

    @answer(PlaceRequest)
    def ahead(request: PlaceRequest) -> LinePositionJson:
        line = page._queue.event_queue_per_concurrency_id.get(LINE)  # Gradio tells this to its own components only
        tickets = [_ticket(event.data) for event in line.queue] if line else []
        is_there = request.ticket and request.ticket in tickets
        return {"ahead": tickets.index(request.ticket) if is_there else None}

    async def place(data: Any) -> JsonObject:  # of the event loop, to which the line belongs
        """How many requests wait before the one with this ticket; None if it does not wait."""
        return ahead(data)

    return place


def _ticket(body: Any) -> Any:
    """The browser's own name for a request; no secret, and good for nothing but this."""
    sent = body.event_data if body is not None else None
    return sent.get("ticket") if isinstance(sent, dict) else None
