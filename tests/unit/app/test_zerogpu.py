"""ZeroGPU, with a stand-in for `spaces`: the forward pass alone gets the GPU, and all that travels pickles."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.app.config import zerogpu
from exbert_hub.model import Inspector


@pytest.fixture(scope="module")
def inspector():
    return Inspector.from_pretrained(demo.MODEL, device="cpu")


def test_elsewhere_nothing_happens(monkeypatch, inspector):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)  # importing it would fail
    assert zerogpu.load_device() is None
    assert zerogpu.forward(inspector)("He ran.", None, ()).pieces == inspector.inspect("He ran.").pieces


def test_on_zero_gpu_arguments_and_result_travel_between_processes(monkeypatch, inspector):
    calls = []

    def lend(function):  # as spaces.GPU: what goes in and out is pickled
        def lent(*arguments):
            calls.append(arguments)
            return pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(arguments)))))

        return lent

    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lend))
    moved = []
    monkeypatch.setattr(inspector.model, "to", moved.append)
    assert zerogpu.load_device() == "cpu"
    seen = zerogpu.forward(inspector)("He ran.", None, (2,))
    assert calls == [("He ran.", None, (2,))] and moved == ["cuda"]
    expected = inspector.inspect("He ran.", mask=[2])
    np.testing.assert_array_equal(seen.attention, expected.attention)
    assert seen.predictions(2) == expected.predictions(2)
    assert seen.lens(2) == expected.lens(2)  # the model did not travel, but is given back


def test_spaces_comes_before_torch():
    script = (
        "import sys, types\n"
        "spaces = types.ModuleType('spaces')\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': assert 'spaces' in sys.modules, 'torch came first'\n"
        "        if name == 'spaces':\n"
        "            assert 'torch' not in sys.modules, 'torch came first'\n"
        "            from importlib.machinery import ModuleSpec\n"
        "            return ModuleSpec('spaces', self)\n"
        "    def create_module(self, spec): spaces.GPU = lambda function: function; return spaces\n"
        "    def exec_module(self, module): pass\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from exbert_hub import demo\n"
        "from exbert_hub.app.service.open import open_session\n"
        "print(open_session(demo.MODEL).inspector.device.type, 'spaces' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**__import__("os").environ, "SPACES_ZERO_GPU": "1"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["cpu", "True"], done.stderr
