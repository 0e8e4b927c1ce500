"""Who runs a model when: forward passes at once, where that changes nothing for any of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from torch import Tensor, nn

_MOVING_ROPE = ("dynamic", "longrope")  # other frequencies for texts longer than a probe may be


class ForwardGate:
    """Lets threads run something at once as long as they want it set up alike; others wait until it is free.

    First come, first served: a thread that wants another set-up waits for those before it only.

    :param set_up: makes what is run as somebody wants it; called while nobody runs it.
    """

    def __init__(self, set_up: Callable[[str], None]) -> None:
        self._set_up = set_up
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._inside = 0
        self._setting, self._alone = "", False  # of those inside

    @contextmanager
    def __call__(self, setting: str, alone: bool) -> Iterator[None]:
        """Wait for one's turn, and have it while the block runs.

        :param alone: share it with nobody.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is ticket and self._fits(setting, alone))
                if not self._inside:
                    self._set_up(setting)
                    self._setting, self._alone = setting, alone
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _fits(self, setting: str, alone: bool) -> bool:
        return not self._inside or not (alone or self._alone or setting != self._setting)


def follows_contexts() -> bool:
    """Whether transformers collects the states of a forward pass by thread; its first 5.x replaced methods of the
    model while it ran."""
    return find_spec("transformers.utils.output_capturing") is not None


class Footprints:
    """Whether forward passes leave something behind in a model, such as positions worked out for the last length: the
    next one, at the same time, would find it.

    :param model: as it was before.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model, self._before = model, _held(model)

    def left(self) -> bool:
        """Whether it holds anything else by now, or may come to do so with longer texts."""
        after = _held(self._model)
        same = len(after) == len(self._before) and all(
            one is other and version == other_version
            for (one, version), (other, other_version) in zip(self._before, after, strict=True)
        )
        kinds = " ".join(str(getattr(module, "rope_type", "")) for module in self._model.modules())
        return not same or any(kind in kinds for kind in _MOVING_ROPE)


def _held(model: nn.Module) -> Sequence[tuple[object, int]]:
    """All that the modules hold; how often a tensor was written to."""
    held = (
        value
        for module in model.modules()
        for values in (vars(module), module._parameters, module._buffers)
        for value in values.values()
    )
    return [(value, _version(value)) for value in held]


def _version(value: object) -> int:
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0
