"""The workbenches of one app: that of its own model, and those of further models that its owner allows."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..errors import SelectionError
from .payload import model_name
from .session import Workbench
from .settings import Settings

KEPT = 2  # further models in memory; the one not used for longest goes first


class Models:
    """Opens models when they are first asked for. Safe to use from several threads."""

    def __init__(self, own: Workbench, settings: Settings) -> None:
        self.own = own
        self._settings = settings
        self._open: OrderedDict[str, Workbench] = OrderedDict()
        self._opening = threading.Lock()  # one at a time: a model is loaded once, however many wait for it

    def get(self, model: str = "") -> Workbench:
        """The workbench of a model, the app's own by default.

        :raises SelectionError: if the owner does not allow this model.
        :raises ModelLoadError: if it cannot be loaded.
        """
        facts = self.own.inspector.facts
        if model in ("", facts.model_id, model_name(facts)):
            return self.own
        if not self._settings.allows_model(model):
            raise SelectionError(self._refusal(model))
        with self._opening:
            if model not in self._open:
                self._open[model] = self._load(model)
            self._open.move_to_end(model)
            while len(self._open) > KEPT:
                self._open.popitem(last=False)
            return self._open[model]

    def _load(self, model: str) -> Workbench:
        from .launch import open_bench

        return open_bench(model, settings=self._settings)

    def _refusal(self, model: str) -> str:
        own, further = model_name(self.own.inspector.facts), ", ".join(self._settings.allowed_models)
        return (
            f"{model!r} is not available here: this app shows {own}"
            + (f" and, by Hub id, {further}" if further else "")
            + ". With exbert_hub on your own machine, any model can be shown."
        )
