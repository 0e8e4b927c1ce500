"""The HTTP API, through the unmodified gradio_client: types, answers equal to Python's, errors that tell, limits."""

import inspect
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

import exbert_hub
from exbert_hub import CorpusIndex, Inspector, demo
from exbert_hub.app.api import Api
from exbert_hub.errors import PortError

TEXT = "The girl ran to a local pub to escape the din of her city."
NAMES = ("describe_model", "inspect", "search", "summarise")


@pytest.fixture(scope="module")
def client(site):
    return Client(site, verbose=False)


@pytest.fixture(scope="module")
def seen():
    return Inspector.from_pretrained(demo.MODEL).inspect(TEXT, mask=["escape"])


def test_the_api_is_these_four_functions_with_types(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert sorted(endpoints) == [f"/{name}" for name in NAMES]
    for name in NAMES:
        told = endpoints[f"/{name}"]
        assert told["description"]
        parameters = inspect.signature(getattr(Api, name)).parameters
        assert [one["parameter_name"] for one in told["parameters"]] == [key for key in parameters if key != "self"]
        assert all(one["type"] for one in told["parameters"]) and told["returns"][0]["type"]["properties"]


def test_describe_model(client, folder):
    told = client.predict(api_name="/describe_model")
    index = CorpusIndex.from_pretrained(folder)
    assert (told["model"], told["kind"]) == ("exbert-mini", "masked")
    assert [layer["layer"] for layer in told["layers"]] == ["emb", 0, 1, 2, 3, 4, 5]
    assert [layer["heads"] for layer in told["layers"]] == [0, *[12] * 6]
    assert [layer["searchable"] for layer in told["layers"]][:2] == [["embedding"], ["embedding", "heads"]]
    assert told["corpus"]["pieces"] == len(index) and told["corpus"]["labels"] == list(index.labels)


def test_inspect_tells_what_python_tells(client, seen):
    told = client.predict(TEXT, mask=["escape"], layer=2, heads=[0, 3], top_k=3, api_name="/inspect")
    assert [piece["piece"] for piece in told["pieces"]] == list(seen.pieces)
    assert [piece["masked"] for piece in told["pieces"]] == seen.masked.tolist()
    at = seen.position_of("escape")
    assert told["pieces"][at]["text"] == "escape"
    expected = [(one.text, round(one.probability, 4)) for one in seen.predictions("escape", 3)]
    assert [(one["text"], one["probability"]) for one in told["pieces"][at]["predictions"]] == expected
    weights = np.array(told["attention"]["weights"])
    np.testing.assert_allclose(weights, seen.attention[2][[0, 3]].mean(0), atol=1e-4)
    assert client.predict(TEXT, mask=[at], api_name="/inspect")["attention"] is None


def test_search_and_summarise_tell_what_python_tells(client, seen, folder):
    index = CorpusIndex.from_pretrained(folder)
    asked = {"by": "heads", "layer": 2, "heads": [0, 3], "k": 9}
    expected = index.search(seen, "escape", **asked, exclude_query=True, unique_sentences=True)
    assert client.predict(TEXT, "escape", mask=True, **asked, api_name="/search") == expected.to_dict(summaries=False)
    told = client.predict(TEXT, "escape", mask=True, **asked, field="dep", of="max_attention", api_name="/summarise")
    summary = expected.summary("dep", "max_attention")
    assert {name: told[name] for name in ("field", "of", "total", "bars")} == summary.to_dict()


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("search", {"token": "prison"}, "not in the text"),
        ("search", {"token": "to"}, "occurs 2 times"),
        ("search", {"token": "ran", "layer": 9}, "no embedding vectors at layer 9"),
        ("search", {"token": "ran", "k": "many"}, "k: Input should be a valid integer"),
        ("search", {"token": "ran", "k": 0}, "k: Input should be greater than or equal to 1"),
        ("search", {"token": "ran", "k": 5000}, "at most 1000"),
        ("search", {"token": "ran", "by": "logits"}, "by: Input should be"),
        ("summarise", {"token": "ran", "field": "colour"}, "no label 'colour'"),
        ("inspect", {"layer": 6}, "layers 0 to 5"),
        ("inspect", {"layer": 0, "heads": [12]}, "heads 0 to 11"),
        ("inspect", {"top_k": -1}, "top_k: Input should be greater than or equal to 0"),
        ("inspect", {"mask": ["prison"]}, "not in the text"),
        ("inspect", {"model": "../etc"}, "is not available here"),
    ],
)
def test_mistakes_are_told(client, name, asked, message):
    with pytest.raises(AppError, match=re.escape(message)):
        client.predict(TEXT, **asked, api_name=f"/{name}")


def test_a_public_page_allows_what_its_owner_allows(public_site):
    client = Client(public_site, verbose=False)
    for name, asked, message in (
        ("inspect", {"text": TEXT, "model": "bert-base-uncased"}, "is not available here: this app shows exbert-mini"),
        ("inspect", {"text": TEXT, "model": str(demo.MODEL.parent)}, "is not available here"),
        ("inspect", {"text": "a" * 201}, "201 characters are too many"),
        ("search", {"text": TEXT, "token": "ran", "k": 8}, "at most 7"),
    ):
        with pytest.raises(AppError, match=message):
            client.predict(**asked, api_name=f"/{name}")
    for _ in range(8):  # with the four above, twelve
        assert client.predict(api_name="/describe_model")["further_models"] == []
    with pytest.raises(AppError, match="Too many calls: 12 a minute are answered. Wait "):
        client.predict(api_name="/describe_model")


def test_a_taken_port_is_told(site):
    port = urlsplit(site).port
    with pytest.raises(PortError, match=f"The port {port} is taken by another program"):
        exbert_hub.launch(demo.MODEL, server_port=port, quiet=True)


def test_the_page_of_the_docs_has_every_function_and_parameter():
    page = (Path(__file__).parents[2] / "docs/api.md").read_text()
    for name in NAMES:
        section = page.partition(f"### `{name}`")[2].partition("\n### ")[0]
        for parameter in inspect.signature(getattr(Api, name)).parameters:
            assert parameter == "self" or f"`{parameter}`" in section, f"{name}: {parameter}"
