"""The panel that sets two views side by side: data or a notice, never an exception."""

import base64

import numpy as np
import pytest

from exbert_hub import compare, demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.page.compare_actions import compare_actions
from exbert_hub.app.service.model_pool import ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService

QUERY = {
    "text": demo.SENTENCE, "pair": "", "mask": [], "token": 10, "by": "embedding", "layer": "emb", "heads": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(inspector, index):
    service = PageService(ModelPool(ModelSession(inspector, index), Settings()))
    return {function.__name__: function for function in compare_actions(service)}


def test_masked_against_unmasked_is_what_compare_says(ask, inspector, index):
    answer = ask["compare"]({"kind": "mask", "query": QUERY})
    seen = inspector.inspect(demo.SENTENCE), inspector.inspect(demo.SENTENCE, mask=[10])
    expected = compare(index, seen=seen, token=10).token
    assert answer["sides"] == ["'escape'", "'escape' (masked)"]
    assert [layer["rbo"] for layer in answer["layers"]] == [round(layer.rbo, 3) for layer in expected.overlap]
    assert [len(profile) for profile in answer["profiles"]] == [len(answer["layers"])] * 2
    codes = np.frombuffer(base64.b64decode(answer["attention"]["layers"][3]), np.int8).astype(float) / 127
    exact = expected.attention.layers[3]
    np.testing.assert_allclose((codes * np.abs(codes)).reshape(exact.shape), exact, atol=1 / 127)


def test_with_and_without_silenced_heads(ask):
    assert "No head is silenced" in ask["compare"]({"kind": "heads", "query": QUERY})["notice"]["message"]
    answer = ask["compare"]({"kind": "heads", "query": QUERY | {"ablate": [[1, 8]]}})
    assert answer["sides"] == ["'escape'", "'escape' without 1-[8]"]


def test_the_word_is_found_in_another_sentence(ask):
    answer = ask["compare"]({"kind": "text", "query": QUERY, "against": "There is no escape."})
    assert answer["attention"] is None and "pieces" in answer["no_attention"]
    assert ask["compare"]({"kind": "text", "query": QUERY, "against": "He ran."})["notice"]["message"]


def test_the_lens_is_that_of_the_inspection(ask, inspector):
    answer = ask["lens"]({"query": QUERY | {"mask": [10]}})
    expected = inspector.inspect(demo.SENTENCE, mask=[10]).lens(10)
    assert [[one["text"] for one in layer] for layer in answer["layers"]] == [
        [o.text for o in layer] for layer in expected
    ]
