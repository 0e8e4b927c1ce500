"""Answers what the page asks, by the model and the index that each request names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exbert_hub.app.wire import payload
from exbert_hub.app.wire.payload import Json, name_in
from exbert_hub.errors import ExbertError

from .model_session import Workbench, noticed
from .models import Loading, Models

_OF_THE_TEXT = {"mask": [], "stack": "", "ablate": []}  # what a link may ask of a text that has not got it


class Desk:
    """One for all visitors. What it is asked names its model each time, so two of them can never get mixed up."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def bench(self, data: Mapping[str, Any]) -> Workbench:
        """The workbench of the model that a request names; waits for it where it was put away in the meantime.

        :raises ExbertError: if the model is not to be had.
        """
        return self.models.get(name_in(data, "model"))

    def inspect(self, data: Mapping[str, Any], following: bool = False) -> Json:
        """Value of the attention view; while the model is being loaded, that it is, so that the page asks again.

        :param following: whether a link is followed. Where its model or its index is not to be had, the page's own
            are shown, with a note, and the rest of the link as far as it goes; likewise the text alone, where the
            model has no such stack, piece or head.
        """
        return {"request": dict(data)} | noticed(lambda: self._inspect(data, following))

    def _inspect(self, data: Mapping[str, Any], following: bool) -> Json:
        model, index = name_in(data, "model"), name_in(data, "index")
        try:
            found = self.models.poll(model)
        except ExbertError as error:
            if not (following and model):
                raise
            return self._instead(data, error, model="", index="")
        if isinstance(found, Loading):
            return {"loading": {"model": found.model, "seconds": round(found.seconds)}}
        try:
            answer = found.inspect(data)
        except ExbertError as error:
            if not (following and index):
                raise
            return self._instead(data, error, index="")
        if following and answer["notice"] and any(data.get(name) for name in _OF_THE_TEXT):
            return self._instead(data, answer["notice"]["message"], **_OF_THE_TEXT)
        return answer

    def _instead(self, data: Mapping[str, Any], error: ExbertError | str, **changed: Any) -> Json:
        answer = self.inspect(dict(data) | changed, following=True)
        return answer | {"asked": dict(data), "note": f"{error} {answer.get('note', '')}".strip()}

    def evidence(self, data: Mapping[str, Any]) -> Json:
        """Value of the evidence before any search for the model and the index of a request."""
        return _no_evidence(data) | noticed(lambda: self.bench(data).evidence(data))

    def search(self, data: Mapping[str, Any]) -> Json:
        """Value of the evidence for a search."""
        return _no_evidence(data) | {"query": dict(data)} | noticed(lambda: self.bench(data).search(data))

    def accept(self, data: Mapping[str, Any]) -> tuple[Json, Json]:
        """Values of the evidence and of the attention view once the offered index is open.

        :param data: the request of the attention view, which stays as it is.
        """

        def take() -> Json:
            bench = self.bench(data)
            bench.shelf.accept()
            return bench.evidence(data)

        return _no_evidence(data) | noticed(take), self.inspect(data)


def _no_evidence(data: Mapping[str, Any]) -> Json:
    return {"scope": payload.scope(data), "index": None, "offer": None, "results": None}
