"""What the view shows beside attention: norms, rollout, and a text without some heads."""

import base64

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.analysis.attention import decode_sqrt
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.wire.parse import parse
from exbert_hub.app.wire.requests import InspectRequest
from exbert_hub.errors import RequestError

REQUEST = {"model": "", "index": "", "text": demo.SENTENCE, "pair": "", "stack": "", "mask": [10]}


def request(**asked):
    return parse(InspectRequest, REQUEST | asked)


@pytest.fixture(scope="module")
def session(inspector):
    return ModelSession(inspector, None)


def shown(session, **asked):
    return session.inspect(request(**asked))["inspection"]


def decoded(layer):
    codes = np.frombuffer(base64.b64decode(layer["data"]), np.uint8)
    return decode_sqrt(codes).reshape(layer["heads"], layer["rows"], layer["cols"]) * layer.get("scale", 1)


def test_norms_travel_as_shares_of_the_largest_of_their_layer(session, inspector):
    exact = inspector.inspect(demo.SENTENCE, mask=[10], norms=True).norms
    for layer, norms in zip(shown(session, mode="norms")["layers"], exact, strict=True):
        assert layer["scale"] == pytest.approx(norms.max(), rel=1e-5)
        np.testing.assert_allclose(decoded(layer), norms, atol=layer["scale"] / 250)


def test_rollout_has_one_head_and_the_model_keeps_its_own(session, inspector):
    answer = shown(session, mode="rollout")
    assert answer["heads"] == [12] * 6 and [layer["heads"] for layer in answer["layers"]] == [1] * 6
    exact = inspector.inspect(demo.SENTENCE, mask=[10]).rollout()
    np.testing.assert_allclose(decoded(answer["layers"][5])[0], exact[5], atol=1 / 250)


def test_silenced_heads_show_predictions_before_and_after(session, inspector):
    answer = shown(session, ablate=[[1, 8]])
    plain, without = (inspector.inspect(demo.SENTENCE, mask=[10], ablate=heads) for heads in ({}, {1: [8]}))
    for told, seen in (("before", plain), ("predictions", without)):
        assert [one["text"] for one in answer[told][10]] == [one.text for one in seen.predictions(10)]
    assert answer["before"][10] != answer["predictions"][10]
    assert shown(session)["before"] is None


def test_what_a_model_does_not_have_is_told_and_attention_shown(inspector):
    session = ModelSession(inspector, None)
    session.inspect(request())
    session._no_norms = {"encoder": "its heads are no heads"}
    answer = session.inspect(request(mode="norms"))
    assert answer["request"]["mode"] == answer["inspection"]["mode"] == "attention"
    assert answer["asked"]["mode"] == "norms" and answer["note"] == "its heads are no heads"
    assert answer["inspection"]["modes"] == {"attention": "", "norms": "its heads are no heads", "rollout": ""}


def test_a_head_that_the_model_does_not_have_is_told(session):
    assert session.inspect(request(ablate=[[1, 99]]))["notice"]


@pytest.mark.parametrize("asked", [{"ablate": [1]}, {"ablate": [[1, -1]]}, {"mode": "magic"}])
def test_nonsense_is_told(asked):
    with pytest.raises(RequestError, match=f"^{next(iter(asked))}"):
        request(**asked)
