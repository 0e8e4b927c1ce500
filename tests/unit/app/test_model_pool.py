"""Which model a request is about: loaded once, in the background, few kept, never mixed up."""

import threading
import time

import pytest

from exbert_hub import demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service import model_pool
from exbert_hub.app.service.model_pool import LoadingModel, ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire.requests import InspectRequest, TokenQuery
from exbert_hub.errors import ModelLoadError, SelectionError
from exbert_hub.model import Inspector

from ...tiny_models import tiny_gpt2_dir

REQUEST = InspectRequest(text=demo.SENTENCE)


def changed(**asked):
    return REQUEST.model_copy(update=asked)


@pytest.fixture(scope="module")
def own(inspector, index):
    return ModelSession(inspector, index)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    return str(tiny_gpt2_dir(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def gate(monkeypatch, inspector):
    """LoadingModel is recorded and waits until the gate is opened."""
    opened, loads = threading.Event(), []

    def open_session(model, settings):
        loads.append(model)
        assert opened.wait(30)
        if "bad" in model:
            raise ModelLoadError(f"There is no model {model}")
        return ModelSession(inspector, None, settings)

    monkeypatch.setattr("exbert_hub.app.service.model_pool.open_session", open_session)
    opened.loads = loads
    yield opened
    opened.set()


def settled(models, name):
    """What polling ends with."""
    deadline = time.monotonic() + 120
    while isinstance(found := models.poll(name), LoadingModel):
        assert time.monotonic() < deadline
    return found


def test_nobody_waits_while_a_model_is_loaded(own, gate):
    models = ModelPool(own, Settings())
    assert models.poll("a/b").model == "a/b"
    assert isinstance(models.poll("a/b"), LoadingModel)
    assert models.get() is models.poll("exbert-mini") is own
    gate.set()
    assert settled(models, "a/b") is models.get("a/b") is not own
    assert gate.loads == ["a/b"]


def test_few_are_kept_and_those_in_use_longest(own, gate):
    gate.set()
    kept = ModelPool(own, Settings())
    first, second = kept.get("a/1"), kept.get("a/2")
    assert kept.get("a/1") is first
    kept.get("a/3")
    assert kept.get("a/1") is first
    assert kept.get("a/2") is not second
    assert gate.loads == ["a/1", "a/2", "a/3", "a/2"]


def test_a_failure_is_told_and_tried_again(own, gate):
    gate.set()
    kept = ModelPool(own, Settings())
    for _ in range(2):
        with pytest.raises(ModelLoadError, match="There is no model a/bad"):
            settled(kept, "a/bad")
    assert gate.loads == ["a/bad", "a/bad"]


def test_not_everything_is_loaded_at_once(own, gate):
    kept = ModelPool(own, Settings())
    for number in range(model_pool.WAITING):
        kept.poll(f"a/{number}")
    with pytest.raises(ModelLoadError, match="ask for a/more again"):
        kept.poll("a/more")


def test_each_request_is_answered_by_its_own_model(own, gpt2):
    service = PageService(ModelPool(own, Settings()))
    settled(service.models, gpt2)
    ours, theirs = service.inspect(REQUEST), service.inspect(changed(model=gpt2))
    assert (ours["facts"]["kind"], theirs["facts"]["kind"]) == ("masked", "causal")
    assert ours["index"] and theirs["index"] is None
    assert service.evidence(REQUEST)["scope"] == {"model": "", "index": ""}
    assert service.evidence(changed(model=gpt2))["scope"] == {"model": gpt2, "index": ""}
    query = TokenQuery(text=demo.SENTENCE, token=10, by="embedding", layer=2)
    assert len(service.search(query)["results"]["matches"]) == 50
    assert "No index is open" in service.search(query.model_copy(update={"model": gpt2}))["notice"]["message"]


@pytest.mark.parametrize("wish", [{"model": "no/such"}, {"index": "built-none"}, {"model": "no/such", "index": "x"}])
def test_a_link_to_what_is_not_there_shows_what_is(own, wish):
    service = PageService(ModelPool(own, Settings(allowed_models=())))
    answer = service.inspect(changed(**wish), following=True)
    assert answer["asked"] == changed(**wish).to_wire() and answer["request"] == REQUEST.to_wire()
    assert answer["inspection"] and next(iter(wish.values())) in answer["note"]
    assert "not" in service.inspect(changed(**wish))["notice"]["message"].lower().replace("no index", "not")


def test_what_is_wrong_with_a_model_reaches_the_page(own, tmp_path):
    (tmp_path / "empty").mkdir()
    service = PageService(ModelPool(own, Settings()))
    with pytest.raises(ModelLoadError):
        settled(service.models, str(tmp_path / "empty"))
    with pytest.raises(SelectionError, match="is not available here: this app shows exbert-mini"):
        ModelPool(own, Settings(allowed_models=())).poll("bert-base-uncased")


def test_a_model_in_a_folder_is_the_one_in_the_folder(gpt2, own):
    found = ModelPool(own, Settings()).get(gpt2).inspector
    assert found.model_info == Inspector.from_pretrained(gpt2).model_info
