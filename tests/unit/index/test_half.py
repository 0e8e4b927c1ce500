"""What runs on a GPU, as far as it can be tested without one: half precision, and copies beside the forward pass."""

from contextlib import contextmanager

import faiss
import numpy as np
import pytest
import torch

from exbert_hub import demo
from exbert_hub.errors import BuildError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.build.batch_vectors import BatchVectors
from exbert_hub.index.format.manifest import VectorSpec
from exbert_hub.model import Inspector
from exbert_hub.model.batching import Batch
from exbert_hub.model.load import default_dtype

OPTIONS = {"layers": (0, 5), "limit": 20, "progress": lambda done, total: None}


@pytest.fixture(scope="module")
def half() -> Inspector:
    return Inspector.from_pretrained(demo.MODEL, dtype="bfloat16", device="cpu", local_files_only=True)


@pytest.mark.parametrize(
    ("device", "stored", "supported", "expected"),
    [
        ("cpu", torch.bfloat16, True, torch.float32),
        ("cuda", torch.float32, True, torch.bfloat16),
        ("cuda", None, True, torch.bfloat16),
        ("cuda", torch.float16, True, torch.float16),
        ("cuda", torch.float32, False, torch.float16),
        ("mps", torch.float32, False, "auto"),
    ],
)
def test_models_compute_in_half_precision_on_a_gpu(monkeypatch, device, stored, supported, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert default_dtype(torch.device(device), stored) == expected


def test_an_index_of_half_precision_is_near_that_of_float32(tmp_path, inspector, half, corpus):
    indexes = {}
    for name, model in (("float32", inspector), ("bfloat16", half)):
        indexes[name] = CorpusIndex.build(model, corpus, tmp_path / name, **OPTIONS)
        assert indexes[name].manifest.model.dtype == name
    assert half.model_info.weights_fingerprint == inspector.model_info.weights_fingerprint
    for spec in indexes["float32"].manifest.vectors:
        one, other = (_vectors(tmp_path / name / spec.file, spec.dim) for name in indexes)
        parts = half.model_info.heads[0] if spec.kind == "heads" else 1
        lengths = np.linalg.norm(other.reshape(len(other), parts, -1), axis=2)
        np.testing.assert_allclose(lengths, 1, atol=1e-3)  # in bfloat16 they would be off by 4e-3
        cosines = (one * other).sum(1) / parts
        assert np.median(cosines) > 0.999 and cosines.min() > 0.98, spec
    seen = half.inspect(demo.SENTENCE)
    found = indexes["bfloat16"].search(seen, token="escape", by="heads", layer=5, k=10)
    assert seen.model_info.dtype == "bfloat16" and len(found) == 10


def _vectors(path, dim):
    index = faiss.read_index(str(path))
    return index.reconstruct_n(0, index.ntotal).reshape(-1, dim)


def test_a_build_is_not_resumed_in_another_precision(tmp_path, inspector, half, corpus):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CorpusIndex.build(inspector, corpus, tmp_path / "index", **OPTIONS | {"progress": stop})
    with pytest.raises(BuildError, match="something else"):
        CorpusIndex.build(half, corpus, tmp_path / "index", resume=True, **OPTIONS)


class LateStream:
    """Stands for a stream of a GPU: what it is given to copy has not arrived before somebody waits for it."""

    def __init__(self) -> None:
        self.waiting = []

    def wait_stream(self, other) -> None:
        pass

    def synchronize(self) -> None:
        for copy in self.waiting:
            copy()
        self.waiting.clear()


def test_vectors_of_a_batch_arrive_while_the_next_is_computed(monkeypatch):
    stream = LateStream()
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: None)

    @contextmanager
    def inside(chosen):
        assert chosen is stream
        yield

    monkeypatch.setattr(torch.cuda, "stream", inside)

    class Late(BatchVectors):
        def _pinned(self, name, unit):
            memory = self._kept(f"pinned {name}", unit.shape, unit.dtype, torch.device("cpu"))
            stream.waiting.append(lambda: memory.copy_(unit))
            return memory

    spec = VectorSpec("embedding", "emb", 8)
    target = np.zeros((90, 8), np.float16)
    states = [torch.randn(2, 5 * n, 8, dtype=torch.bfloat16) for n in (1, 4, 2, 2)]  # memory grows, then stays
    expected = [torch.nn.functional.normalize(state.float(), dim=-1).reshape(-1, 8).half() for state in states]
    late = Late([spec], {spec.name: target}, beside=True)
    start = 0
    for number, state in enumerate(states):
        count, length = len(expected[number]), state.shape[1]
        late.add(
            Batch([state], [], None, torch.tensor([length] * 2)),
            [np.ones(length, bool)] * 2,
            slice(start, start + count),
        )
        assert np.array_equal(target[:start], torch.cat([torch.empty(0, 8), *expected[:number]]).half().numpy())
        assert not target[start:].any()  # this batch is still under way
        start += count
    late.finish()
    assert np.array_equal(target, torch.cat(expected).numpy())
