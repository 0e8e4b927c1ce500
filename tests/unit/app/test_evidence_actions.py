"""What the page asks for beside its values: every answer comes as data or as a notice, never as an exception."""

import base64

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.analysis.attention import encode_sqrt
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.page.evidence_actions import evidence_actions
from exbert_hub.app.service.model_pool import ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire.requests import InspectRequest

QUERY = {
    "text": demo.SENTENCE, "pair": "", "mask": [10], "token": 10, "by": "embedding", "layer": "emb", "heads": [],
}  # fmt: skip


def actions_of(*session):
    service = PageService(ModelPool(ModelSession(*session), Settings()))
    return {function.__name__: function for function in evidence_actions(service)}


@pytest.fixture(scope="module")
def ask(inspector, index):
    return actions_of(inspector, index)


def test_all_layers_are_those_of_the_index(ask, index):
    answer = ask["profile"]({"query": QUERY, "field": "pos"})
    assert [layer["layer"] for layer in answer["layers"]] == list(index.layers("embedding"))
    assert answer["word"] == "escape" and answer["masked"]
    assert all(sum(bar["count"] for bar in layer["bars"]) == layer["total"] == 50 for layer in answer["layers"])


def test_thumbnails_are_the_attention_of_the_pieces_asked_for(ask, inspector):
    request = {"text": demo.SENTENCE, "pair": "", "stack": "", "mask": []}
    rows, cols = [1, 2, 3], [4, 5]
    layers = ask["thumbnails"]({"request": request, "rows": rows, "cols": cols})["layers"]
    attention = inspector.inspect(demo.SENTENCE).attention
    assert len(layers) == len(attention)
    for layer, exact in zip(layers, attention, strict=True):
        codes = np.frombuffer(base64.b64decode(layer["data"]), np.uint8)
        shape = layer["heads"], layer["height"], layer["width"]
        assert np.array_equal(codes.reshape(shape), encode_sqrt(exact)[:, 1:4, 4:6])


def test_one_layer_of_a_long_text_is_its_attention(ask, inspector):
    request = {"text": " ".join(["The girl ran to a local pub."] * 25), "pair": "", "stack": "", "mask": []}
    sent = ModelSession(inspector, None).inspect(InspectRequest(text=request["text"]))["inspection"]["layers"]
    assert len(sent) == 6 and all("data" not in layer for layer in sent)  # over 128 pieces: the shapes alone
    layer = ask["attention"]({"request": request, "layer": 4})
    exact = inspector.inspect(request["text"]).attention[4]
    assert (layer["heads"], layer["rows"], layer["cols"]) == exact.shape == tuple(sent[4].values())
    codes = np.frombuffer(base64.b64decode(layer["data"]), np.uint8)
    assert np.array_equal(codes.reshape(exact.shape), encode_sqrt(exact))


@pytest.mark.parametrize("layer", [-1, None, "4", [0], True, 2**40])
def test_what_is_no_layer_is_told(ask, layer):
    notice = ask["attention"]({"request": {"text": demo.SENTENCE}, "layer": layer})["notice"]
    assert "makes no sense" in notice["title"] and notice["message"].startswith("layer: ")


def test_a_layer_that_is_not_there_is_told(ask):
    request = {"text": demo.SENTENCE, "pair": "", "stack": "", "mask": []}
    assert "no attention at layer 6" in ask["attention"]({"request": request, "layer": 6})["notice"]["message"]
    asked = {"request": request | {"stack": "decoder"}, "layer": 0}
    assert "no decoder stack" in ask["attention"](asked)["notice"]["message"]


def test_what_cannot_be_had_is_told(ask):
    assert "no label 'mood'" in ask["profile"]({"query": QUERY, "field": "mood"})["notice"]["message"]
    assert ask["table"]({"query": QUERY | {"token": 99}, "format": "csv"})["notice"]["title"]
    assert (
        "'csv', 'json' or 'parquet', not 'xls'" in ask["table"]({"query": QUERY, "format": "xls"})["notice"]["message"]
    )
    assert ask["thumbnails"]({})["notice"]["message"] == "request: Field required"


def test_a_page_finds_as_many_as_its_owner_allows(ask, inspector, index):
    few = actions_of(inspector, index, Settings(max_matches=60))
    assert ask["profile"]({"query": QUERY | {"k": 61}, "field": "pos"})["layers"][0]["total"] == 61
    assert "at most 60 matches" in few["profile"]({"query": QUERY | {"k": 61}, "field": "pos"})["notice"]["message"]


def test_what_breaks_on_our_side_is_logged_and_not_shown(ask, monkeypatch, caplog):
    monkeypatch.setattr("exbert_hub.app.wire.saved.shell", lambda: 1 / 0)
    assert ask["shell"]({})["notice"]["title"] == "Something broke on our side"
    assert "ZeroDivisionError" in caplog.text


def test_without_an_index_tables_are_refused(inspector):
    table = actions_of(inspector, None)["table"]
    assert "No index is open" in table({"query": QUERY, "format": "csv"})["notice"]["message"]
