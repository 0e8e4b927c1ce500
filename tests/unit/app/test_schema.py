"""One schema for both sides: what the server sends is what it says, field by field; tests/js/schema.test.js holds the
scripts to the same file."""

import json
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from pydantic import TypeAdapter

from exbert_hub import demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.page.compare_actions import compare_actions
from exbert_hub.app.page.events import PageEvents
from exbert_hub.app.page.evidence_actions import evidence_actions
from exbert_hub.app.page.head_actions import head_actions
from exbert_hub.app.page.setup_bar import allowances, setup_actions
from exbert_hub.app.service.build_service import BuildService
from exbert_hub.app.service.model_pool import LoadingModel, ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire.requests import InspectRequest, TokenQuery
from exbert_hub.app.wire.responses.common import NoticeJson
from exbert_hub.app.wire.responses.model import OfferJson, offer_json
from exbert_hub.app.wire.schema import FUNCTIONS, MESSAGES, schema

FILE = Path(__file__).parents[2] / "fixtures/wire_schema.json"
QUERY = TokenQuery(text=demo.SENTENCE, token=10, mask=(10,), by="heads", layer=2, heads=(0, 5)).to_wire()
REQUEST = InspectRequest(text=demo.SENTENCE).to_wire()
COLUMN = {"measure": "dependency", "label": "det", "direction": "to_head"}
ASKED = {  # of each server function that needs no build
    "table": [{"query": QUERY, "format": "json"}],
    "profile": [{"query": QUERY, "field": "pos"}],
    "attention": [{"request": REQUEST | {"mode": mode}, "layer": 3} for mode in ("attention", "norms", "rollout")],
    "thumbnails": [{"request": REQUEST, "rows": [1, 2], "cols": [3]}],
    "shell": [{}],
    "compare": [
        {"kind": "mask", "against": "", "field": "pos", "query": QUERY},
        {"kind": "text", "against": "There is no escape.", "field": "pos", "query": QUERY},
        {"kind": "model", "against": "exbert-mini", "field": "pos", "query": QUERY},
    ],
    "lens": [{"query": QUERY}],
    "heads": [{"model": "", "index": "", "measure": "best", "label": "", "direction": ""}],
    "head_examples": [{"model": "", "index": "", "head": "3-2", **COLUMN}],
    "head": [{"model": "", "index": "", "head": "3-2"}],
    "models": [{}],
    "indexes": [{"model": "", "index": ""}],
    "annotators": [{}],
    "building": [{"key": "mine"}],
}


@pytest.fixture(scope="module")
def service(inspector, index):
    return PageService(ModelPool(ModelSession(inspector, index), Settings()))


@pytest.fixture(scope="module")
def functions(service):
    builds = BuildService(service.models, Settings())
    parts = (evidence_actions(service), compare_actions(service), head_actions(service))
    of_the_bar = setup_actions(service, builds, Settings())
    return {function.__name__: function for part in (*parts, of_the_bar) for function in part}


def check(kind, message):
    """The message as the browser gets it has the fields of its kind and no others, each of its type."""
    TypeAdapter(kind).validate_json(orjson.dumps(message), strict=True)


def test_the_file_is_the_schema():
    assert json.loads(FILE.read_text()) == json.loads(json.dumps(schema())), (
        "write it anew: python -m exbert_hub.app.wire.schema > tests/fixtures/wire_schema.json"
    )


def test_every_function_of_the_page_is_in_the_schema(functions):
    assert set(functions) | {"place"} == set(FUNCTIONS)
    assert set(ASKED) == set(FUNCTIONS) - {"place", "prepare", "build", "cancel"}


@pytest.mark.parametrize("name", ASKED)
def test_what_functions_answer(functions, name):
    _, kind = FUNCTIONS[name]
    for asked in ASKED[name]:
        answer = functions[name](asked)
        assert "notice" not in answer, answer
        check(kind, answer)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_functions_answer_to_nonsense(functions, name):
    if name == "place":
        return
    answer = functions[name]({"text": "a" * 1000, "no such field": "b" * 1000})
    check(NoticeJson, answer["notice"])
    assert set(answer) == {"notice"} and len(answer["notice"]["message"]) < 200
    check(NoticeJson, functions[name]([1, 2])["notice"])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"mode": "norms", "ablate": [[1, 8]]},
        {"mode": "rollout", "pair": "A second one."},
        {"text": "The girl ran to a local pub. " * 25},
        {"mask": [99]},
        {"index": "built-none"},
        {"model": "no/such model"},
    ],
)
def test_what_the_attention_view_gets(service, asked):
    event = SimpleNamespace(request=REQUEST | asked, restore=True, switched=True)
    message, text, evidence, *_ = PageEvents(service).inspect(event)
    check(MESSAGES["attention"], message)
    assert {"asked", "note"} <= set(message) or "index" in message
    if message.get("inspection"):
        check(MESSAGES["evidence"], evidence)


def test_what_the_page_gets_while_a_model_is_loaded(service, monkeypatch):
    monkeypatch.setattr(service.models, "poll", lambda name: LoadingModel(name, 3.7))
    message = service.inspect(InspectRequest(text="A cat.", model="a/b"))
    check(MESSAGES["attention"], message)
    assert message["loading"] == {"model": "a/b", "seconds": 4}


def test_what_the_evidence_gets(service, inspector):
    events = PageEvents(service)
    for query in (QUERY, QUERY | {"layer": 5, "mask": []}, QUERY | {"token": 99}, QUERY | {"by": "luck"}, {}, [1]):
        message = events.search(SimpleNamespace(query=query))
        assert message["query"] == query
        if isinstance(query, dict):
            check(MESSAGES["evidence"], message)
    bare = PageService(ModelPool(ModelSession(inspector, None), Settings()))
    for message in PageEvents(bare).accept(SimpleNamespace(request=REQUEST)):
        check(MESSAGES["evidence" if "scope" in message else "attention"], message)
    shared = SimpleNamespace(repo_id="a/b", corpus="c", pieces=1, bytes=2)
    check(OfferJson, offer_json(SimpleNamespace(index=shared, others=("d/e",)), "m"))


def test_what_the_bar_gets(service):
    check(MESSAGES["setup"], allowances(service, Settings()))


def test_a_field_that_is_not_in_the_schema_is_noticed(service):
    message = service.evidence(InspectRequest(text=""))
    for wrong in (message | {"more": 1}, {**message, "scope": {"model": ""}}, {**message, "results": 7}):
        with pytest.raises(ValueError):
            check(MESSAGES["evidence"], wrong)
