"""Answers what the page asks, by the model and the index that each request names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from exbert_hub.app.wire.answers import as_notice
from exbert_hub.app.wire.requests import InspectRequest, Scope, TokenQuery
from exbert_hub.app.wire.responses.common import JsonObject
from exbert_hub.app.wire.responses.evidence import EvidenceMessage
from exbert_hub.app.wire.responses.inspection import InspectMessage
from exbert_hub.errors import ExbertError

from .model_pool import LoadingModel, ModelPool
from .model_session import ModelSession

_OF_THE_TEXT: Mapping[str, Any] = {"mask": (), "stack": "", "ablate": ()}
"""What a link may ask of a text that has no such thing, by its default."""


class PageService:
    """One for all visitors. Each request names its model, so two visitors can never get mixed up."""

    def __init__(self, models: ModelPool) -> None:
        self.models = models

    def session(self, scope: Scope) -> ModelSession:
        """The session of the model that a request names; waits for it where it was put away in the meantime.

        :raises ExbertError: if the model is unavailable.
        """
        return self.models.get(scope.model)

    def inspect(self, request: InspectRequest, following: bool = False) -> InspectMessage:
        """Value of the attention view; while the model is being loaded, that it is, so that the page asks again.

        :param following: whether a link is followed. Where its model or its index is unavailable, the page's own are
            shown, with a note, and the rest of the link as far as it goes; likewise the text alone, where the model
            has no such stack, piece or head.
        """
        message = {"request": request.to_wire()} | as_notice(lambda: self._inspect(request, following))
        return cast(InspectMessage, message)

    def _inspect(self, request: InspectRequest, following: bool) -> Mapping[str, Any]:
        try:
            session = self.models.poll(request.model)
        except ExbertError as error:
            if not (following and request.model):
                raise
            return self._instead(request, str(error), model="", index="")
        if isinstance(session, LoadingModel):
            return {"loading": {"model": session.model, "seconds": round(session.seconds)}}
        try:
            message = session.inspect(request)
        except ExbertError as error:
            if not (following and request.index):
                raise
            return self._instead(request, str(error), index="")
        notice = message["notice"]
        if following and notice and any(getattr(request, name) for name in _OF_THE_TEXT):
            return self._instead(request, notice["message"], **_OF_THE_TEXT)
        return message

    def _instead(self, request: InspectRequest, reason: str, **changes: Any) -> JsonObject:
        """The answer to a request that asks for less, with a note that says why."""
        message = self.inspect(request.model_copy(update=changes), following=True)
        return {**message, "asked": request.to_wire(), "note": f"{reason} {message.get('note', '')}".strip()}

    def evidence(self, scope: Scope) -> EvidenceMessage:
        """Value of the evidence before any search, for the model and the index of a request."""
        return cast(EvidenceMessage, no_evidence(scope) | as_notice(lambda: self.session(scope).evidence(scope)))

    def search(self, query: TokenQuery) -> EvidenceMessage:
        """Value of the evidence for a search."""
        message = no_evidence(query) | {"query": query.to_wire()}
        return cast(EvidenceMessage, message | as_notice(lambda: self.session(query).search(query)))

    def accept(self, request: InspectRequest) -> tuple[EvidenceMessage, InspectMessage]:
        """Values of the evidence and of the attention view once the offered index is open.

        :param request: that of the attention view, which stays as it is.
        """

        def opened() -> EvidenceMessage:
            session = self.session(request)
            session.catalog.accept()
            return session.evidence(request)

        return cast(EvidenceMessage, no_evidence(request) | as_notice(opened)), self.inspect(request)


def no_evidence(scope: Scope) -> JsonObject:
    """The evidence where there is nothing to show."""
    own = {"model": scope.model, "index": scope.index}
    return {"scope": own, "index": None, "offer": None, "results": None}
