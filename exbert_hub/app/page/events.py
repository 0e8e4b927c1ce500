"""Events of the page's components: what the browser sends is parsed, and answered with new values for components."""

# no `from __future__ import annotations`: Gradio reads the types of these functions at run time
from typing import Any

import gradio as gr

from exbert_hub.app.service.page_service import PageService, no_evidence
from exbert_hub.app.wire.answers import notice
from exbert_hub.app.wire.parse import parse
from exbert_hub.app.wire.requests import AcceptEvent, InspectEvent, Scope, SearchEvent
from exbert_hub.errors import RequestError

from . import text_pair


class PageEvents:
    """A request that makes no sense is sent back with a notice: by it the page knows what the notice belongs to."""

    def __init__(self, service: PageService) -> None:
        self._service = service

    def inspect(self, event: gr.EventData) -> tuple[Any, ...]:
        """Values of the attention view, the sentence, the evidence, the box of the second text and its buttons."""
        sent = {"request": event.request, "restore": event.restore, "switched": event.switched}
        try:
            parsed = parse(InspectEvent, sent)
        except RequestError as error:
            message = {"request": event.request, "notice": notice(error)}
            return message, gr.skip(), gr.skip(), *text_pair.stay()
        answer = self._service.inspect(parsed.request, following=parsed.restore)
        shown = answer["request"]
        restore = parsed.restore and "loading" not in answer
        switched = parsed.switched and answer.get("inspection") is not None
        model_info = answer.get("facts") if restore or switched else None
        return (
            answer,
            shown["text"] if restore else gr.skip(),
            self._service.evidence(Scope(model=shown["model"], index=shown["index"])) if switched else gr.skip(),
            *(text_pair.follow(model_info["kind"], shown["pair"]) if model_info else text_pair.stay()),
        )

    def search(self, event: gr.EventData) -> Any:
        """Value of the evidence."""
        try:
            parsed = parse(SearchEvent, {"query": event.query})
        except RequestError as error:
            return no_evidence(Scope()) | {"query": event.query, "notice": notice(error)}
        return self._service.search(parsed.query)

    def accept(self, event: gr.EventData) -> tuple[Any, Any]:
        """Values of the evidence and the attention view."""
        try:
            parsed = parse(AcceptEvent, {"request": event.request})
        except RequestError as error:
            return no_evidence(Scope()) | {"notice": notice(error)}, gr.skip()
        return self._service.accept(parsed.request)
