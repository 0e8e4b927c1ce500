"""The workbenches of one app: that of its own model, and those of further models that its owner allows."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.payload import model_name
from exbert_hub.errors import ModelLoadError, SelectionError

from .model_session import Workbench
from .open import open_bench

KEPT = 2  # further models in memory; the one not used for longest goes first
WAITING = 4  # models that may wait to be loaded; more are turned away


@dataclass(frozen=True)
class Loading:
    """A model that is not there yet."""

    model: str
    seconds: float


@dataclass(frozen=True)
class _Entry:
    bench: Future[Workbench] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Models:
    """Opens models when they are first asked for. Safe to use from several threads."""

    def __init__(self, own: Workbench, settings: Settings) -> None:
        self.own = own
        self._settings = settings
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._table = threading.Lock()
        self._turn = threading.Lock()  # one model is loaded at a time; those that are there are not held up

    def get(self, model: str = "") -> Workbench:
        """The workbench of a model, the app's own by default; waits until it is loaded.

        :raises SelectionError: if the owner does not allow this model.
        :raises ModelLoadError: if it cannot be loaded.
        """
        return self.own if self.is_own(model) else self._outcome(model, self._entry(model))

    def poll(self, model: str = "") -> Workbench | Loading:
        """The workbench of a model, or how long it has been loading; never waits.

        Raises what `get` does.
        """
        if self.is_own(model):
            return self.own
        entry = self._entry(model)
        if not entry.bench.done():
            return Loading(model, time.monotonic() - entry.since)
        return self._outcome(model, entry)

    def _outcome(self, model: str, entry: _Entry) -> Workbench:
        try:
            return entry.bench.result()
        except BaseException:
            with self._table:  # told; asked again, it is tried again
                if self._entries.get(model) is entry:
                    del self._entries[model]
            raise

    def is_own(self, model: str) -> bool:
        facts = self.own.inspector.facts
        return model in ("", facts.model_id, model_name(facts))

    def _entry(self, model: str) -> _Entry:
        if not self._settings.allows_model(model):
            raise SelectionError(self._refusal(model))
        with self._table:
            entry = self._entries.get(model)
            if entry is None:
                entry = self._start(model)
            self._entries.move_to_end(model)
            loaded = [name for name, other in self._entries.items() if other.bench.done()]
            for name in loaded[:-KEPT]:
                del self._entries[name]
            return entry

    def _start(self, model: str) -> _Entry:
        if sum(not entry.bench.done() for entry in self._entries.values()) >= WAITING:
            raise ModelLoadError(f"{WAITING} models are being loaded already: ask for {model} again in a minute.")
        entry = self._entries[model] = _Entry()
        threading.Thread(target=self._load, args=(model, entry), daemon=True).start()
        return entry

    def _load(self, model: str, entry: _Entry) -> None:
        try:
            with self._turn:
                entry.bench.set_result(open_bench(os.path.expanduser(model), settings=self._settings))
        except BaseException as error:  # whatever it is, it belongs to those who wait
            entry.bench.set_exception(error)

    def _refusal(self, model: str) -> str:
        own, further = model_name(self.own.inspector.facts), ", ".join(self._settings.allowed_models)
        return (
            f"{model!r} is not available here: this app shows {own}"
            + (f" and, by Hub id, {further}" if further else "")
            + ". With exbert_hub on your own machine, any model can be shown."
        )
