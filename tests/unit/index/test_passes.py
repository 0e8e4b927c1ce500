"""Batches of a build are computed at once: what comes out is the same, and in the same order."""

import threading

import numpy as np
import pytest
import torch

from exbert_hub.index.build import compute as capturing
from exbert_hub.index.build.compute import batches_of, compute_shard, passes_at_once
from exbert_hub.index.build.options import BuildOptions
from exbert_hub.index.build.plan import make_plan
from exbert_hub.index.build.shards import groups

THREADS = 6


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield THREADS
    torch.set_num_threads(before)


@pytest.fixture
def captured(inspector, corpus, monkeypatch):
    """What comes of the corpus with so many forward passes at once."""
    plan = make_plan(inspector.model_info, corpus.info, BuildOptions(codec="fp32"))
    (group,) = groups(corpus, inspector, plan)
    monkeypatch.setattr(capturing, "PIECES_AT_ONCE", {"cpu": 256})  # several batches for each

    def run(most, progress=lambda pieces: None):
        monkeypatch.setattr(capturing, "_MOST_PASSES", most)
        return compute_shard(group.windows, inspector, plan, progress)

    return run


def test_vectors_attention_and_heads_are_those_of_one_at_a_time(captured, threads):
    at_once, one_by_one = captured(4), captured(1)
    for name, vectors in at_once.vectors.items():
        theirs = one_by_one.vectors[name][one_by_one.order]
        np.testing.assert_allclose(vectors[at_once.order], theirs, atol=2e-5)
    for layer, sentences in at_once.attention.items():
        for codes, others in zip(sentences, one_by_one.attention[layer], strict=True):
            both = [np.frombuffer(each, np.uint8).astype(int) for each in (codes, others)]
            assert abs(both[0] - both[1]).max() <= 1
    assert at_once.heads.sums.keys() == one_by_one.heads.sums.keys()
    for name, sums in at_once.heads.sums.items():
        np.testing.assert_allclose(sums, one_by_one.heads.sums[name], rtol=0.02, atol=2)


def test_whoever_is_done_first_changes_nothing(captured, threads):
    one, other = captured(3), captured(3)
    assert np.array_equal(one.order, other.order)
    for name, sums in one.heads.sums.items():
        assert np.array_equal(sums, other.heads.sums[name]), name
    assert torch.get_num_threads() == THREADS


def test_passes_share_threads_pieces_and_bytes(inspector, corpus, threads, monkeypatch):
    plan = make_plan(inspector.model_info, corpus.info)
    (group,) = groups(corpus, inspector, plan)
    assert passes_at_once(inspector) == 4
    sizes = [sum(len(group.windows[n]) for n in numbers) for numbers in batches_of(group.windows, inspector, ())]
    assert max(sizes) <= capturing.PIECES_AT_ONCE["cpu"] // 4
    monkeypatch.setattr(inspector._capture, "leaves_nothing", False)
    assert passes_at_once(inspector) == 1


def test_a_build_that_is_cancelled_computes_no_more(inspector, captured, threads, monkeypatch):
    class Cancelled(Exception):
        """Raised where progress is told."""

    def cancel(pieces):
        raise Cancelled

    begun = []
    encode = inspector.encode
    monkeypatch.setattr(inspector, "encode", lambda *asked, **how: begun.append(1) or encode(*asked, **how))
    captured(2)
    whole = len(begun)
    begun.clear()
    with pytest.raises(Cancelled):
        captured(2, cancel)
    assert len(begun) < whole - 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("exbert-forward")]
