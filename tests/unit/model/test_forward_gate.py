"""Forward passes at once: who waits for whom, and which models allow it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from exbert_hub.model import batching
from exbert_hub.model.batching import Batcher
from exbert_hub.model.capture.capture import Capture
from exbert_hub.model.capture.forward_gate import Footprints, ForwardGate
from tests.tiny_models import ARCHITECTURES

from .conftest import Built

PATIENCE = 30  # seconds, where something must happen


class Running:
    """Threads that have their turn until they are told to go on."""

    def __init__(self, gate: ForwardGate) -> None:
        self._gate, self._pool = gate, ThreadPoolExecutor(8)

    def start(self, setting: str, alone: bool = False) -> tuple[threading.Event, threading.Event]:
        """What is set once the thread is in, and what it waits for to leave."""
        inside, leave = threading.Event(), threading.Event()

        def run() -> None:
            with self._gate(setting, alone):
                inside.set()
                assert leave.wait(PATIENCE)

        self._pool.submit(run)
        return inside, leave


def queued(gate: ForwardGate, running: Running, setting: str, alone: bool = False) -> tuple:
    """A thread that has come and cannot get in yet."""
    before = len(gate._waiting)
    events = running.start(setting, alone)
    while len(gate._waiting) == before:  # it takes its place in the queue before it looks whether it may go in
        if events[0].wait(0.01):
            break
    assert not events[0].is_set()
    return events


def test_those_who_want_the_same_are_in_at_once() -> None:
    settings: list[str] = []
    gate = ForwardGate(settings.append)
    running = Running(gate)
    first, second = running.start("sdpa"), running.start("sdpa")
    assert first[0].wait(PATIENCE) and second[0].wait(PATIENCE)  # neither has left
    assert settings == ["sdpa"]  # nothing is set up while one is in
    first[1].set(), second[1].set()


def test_another_setting_waits_and_is_not_overtaken() -> None:
    settings: list[str] = []
    gate = ForwardGate(settings.append)
    running = Running(gate)
    first = running.start("sdpa")
    assert first[0].wait(PATIENCE)
    other = queued(gate, running, "eager")
    late = queued(gate, running, "sdpa")  # would fit, but came later
    first[1].set()
    assert other[0].wait(PATIENCE) and not late[0].is_set()
    other[1].set()
    assert late[0].wait(PATIENCE)
    late[1].set()
    assert settings == ["sdpa", "eager", "sdpa"]


def test_alone_is_alone() -> None:
    gate = ForwardGate(lambda setting: None)
    running = Running(gate)
    first = running.start("sdpa", alone=True)
    assert first[0].wait(PATIENCE)
    second = queued(gate, running, "sdpa")
    first[1].set()
    assert second[0].wait(PATIENCE)
    second[1].set()


def test_a_setting_that_fails_does_not_hold_up_others() -> None:
    def refuse(setting: str) -> None:
        if setting == "flash":
            raise ValueError("no such attention")

    gate = ForwardGate(refuse)
    with pytest.raises(ValueError, match="no such attention"), gate("flash", False):
        pass
    with gate("sdpa", False):
        assert gate._inside == 1
    assert gate._inside == 0 and not gate._waiting


class Keeps(nn.Module):
    """Works something out for the length of the last text, as rotary positions are in some models."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.positions = how, torch.arange(4)
        self.register_buffer("count", torch.zeros(1))
        if how == "rope":
            self.rope_type = {"full_attention": "longrope"}

    def forward(self, states: Tensor) -> Tensor:
        if self.how == "attribute":
            self.positions = torch.arange(len(states))
        elif self.how == "buffer":
            self.count += 1
        return states


@pytest.mark.parametrize("how", ["attribute", "buffer", "rope", "nothing"])
def test_what_a_model_keeps_of_a_forward_pass_is_seen(how: str) -> None:
    model = nn.Sequential(nn.Linear(2, 2), Keeps(how))
    footprints = Footprints(model)
    with torch.inference_mode():
        model(torch.zeros(3, 2)), model(torch.zeros(5, 2))
    assert footprints.left() == (how != "nothing")


def test_texts_that_run_at_once_do_not_change_each_other(built: Built) -> None:
    """Models that keep something run one at a time: recurrent states, the room that a router has for each expert."""
    batcher = built.batcher
    assert batcher.capture.concurrent == (built.row.name not in ("recurrent_gemma", "nllb-moe"))
    texts = [[list(range(3, 3 + length))] for length in (5, 9, 14, 20)]
    expected = [batcher.encode(text, False) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: batcher.encode(text, False), texts * 3))
    for number, batch in enumerate(found):
        alone = expected[number % len(texts)]
        for one, other in zip((*batch.hidden, *batch.contexts), (*alone.hidden, *alone.contexts), strict=True):
            if one is not None:
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_an_older_transformers_runs_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "follows_contexts", lambda: False)
    assert not Batcher(Capture(ARCHITECTURES[0].build()), pad_id=0).capture.concurrent


def test_value_norms_are_computed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their hooks lie on modules that all threads go through."""
    capture = Capture(ARCHITECTURES[0].build())
    Batcher(capture, pad_id=0)
    asked: list[bool] = []
    gate = capture._gate
    monkeypatch.setattr(capture, "_gate", lambda setting, alone: asked.append(alone) or gate(setting, alone))
    inputs = {"input_ids": torch.arange(4, 12)[None]}
    capture.run(inputs, weights=True)
    capture.run(inputs, weights=True, norms=True)
    assert asked == [False, True]
