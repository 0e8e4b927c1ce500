"""The line in which requests of the page wait, and where a visitor stands in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from exbert_hub.app.wire.payload import Json

if TYPE_CHECKING:
    import gradio as gr

LINE = "page"
"""Inspections and searches wait in one line, Gradio's of this `concurrency_id`: whoever comes first goes first."""


def place_in_line(page: gr.Blocks) -> Callable[[Mapping[str, Any]], Awaitable[Json]]:
    """Server function of the page. It does not wait in the line itself."""

    async def place(data: Mapping[str, Any]) -> Json:  # of the event loop, to which the line belongs
        """How many requests wait `ahead` of the one with the ticket `data["ticket"]`; None if it does not wait."""
        line = page._queue.event_queue_per_concurrency_id.get(LINE)  # Gradio tells this to its own components only
        tickets = [_ticket(event.data) for event in line.queue] if line else []
        ticket = data.get("ticket")
        return {"ahead": tickets.index(ticket) if ticket and ticket in tickets else None}

    return place


def _ticket(body: Any) -> Any:
    """The browser's own name for a request; no secret, and good for nothing but this."""
    sent = body.event_data if body is not None else None
    return sent.get("ticket") if isinstance(sent, dict) else None
