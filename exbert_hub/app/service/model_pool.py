"""The models of one app: its own, and further ones that its owner allows, each with its session."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.parse import quoted
from exbert_hub.app.wire.responses.model import model_name
from exbert_hub.errors import ModelLoadError, SelectionError

from .model_session import ModelSession
from .open import open_session

KEPT = 2  # further models in memory; the one not used for longest goes first
WAITING = 4  # models that may wait to be loaded; more are turned away


@dataclass(frozen=True)
class LoadingModel:
    """A model that is not there yet."""

    model: str
    seconds: float


@dataclass(frozen=True)
class _Entry:
    session: Future[ModelSession] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class ModelPool:
    """Opens models when they are first asked for. Safe to use from several threads."""

    def __init__(self, own: ModelSession, settings: Settings) -> None:
        self.own = own
        self._settings = settings
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._table = threading.Lock()
        self._turn = threading.Lock()  # one model is loaded at a time; those that are there are not held up

    def get(self, model: str = "") -> ModelSession:
        """The session of a model, the app's own by default; waits until it is loaded.

        :raises SelectionError: if the owner does not allow this model.
        :raises ModelLoadError: if it cannot be loaded.
        """
        return self.own if self.is_own(model) else self._outcome(model, self._entry(model))

    def poll(self, model: str = "") -> ModelSession | LoadingModel:
        """The session of a model, or how long it has been loading; never waits.

        Raises what `get` does.
        """
        if self.is_own(model):
            return self.own
        entry = self._entry(model)
        if not entry.session.done():
            return LoadingModel(model, time.monotonic() - entry.since)
        return self._outcome(model, entry)

    def _outcome(self, model: str, entry: _Entry) -> ModelSession:
        try:
            return entry.session.result()
        except BaseException:
            with self._table:  # whoever asks next tries again
                if self._entries.get(model) is entry:
                    del self._entries[model]
            raise

    def is_own(self, model: str) -> bool:
        model_info = self.own.inspector.model_info
        return model in ("", model_info.model_id, model_name(model_info))

    def _entry(self, model: str) -> _Entry:
        if not self._settings.allows_model(model):
            raise SelectionError(self._refusal(model))
        with self._table:
            entry = self._entries.get(model)
            if entry is None:
                entry = self._start(model)
            self._entries.move_to_end(model)
            loaded = [name for name, other in self._entries.items() if other.session.done()]
            for name in loaded[:-KEPT]:
                del self._entries[name]
            return entry

    def _start(self, model: str) -> _Entry:
        if sum(not entry.session.done() for entry in self._entries.values()) >= WAITING:
            raise ModelLoadError(f"{WAITING} models are being loaded already: ask for {model} again in a minute.")
        entry = self._entries[model] = _Entry()
        threading.Thread(target=self._load, args=(model, entry), daemon=True).start()
        return entry

    def _load(self, model: str, entry: _Entry) -> None:
        try:
            with self._turn:
                entry.session.set_result(open_session(os.path.expanduser(model), settings=self._settings))
        except BaseException as error:  # whatever it is, it belongs to those who wait
            entry.session.set_exception(error)

    def _refusal(self, model: str) -> str:
        own, further = model_name(self.own.inspector.model_info), ", ".join(self._settings.allowed_models)
        return (
            f"{quoted(model)} is not available here: this app shows {own}"
            + (f" and, by Hub id, {further}" if further else "")
            + ". With exbert_hub on your own machine, any model can be shown."
        )
