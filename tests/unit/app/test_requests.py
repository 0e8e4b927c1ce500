"""The door of the page: what comes from a browser is one of these values, or one line that says what is wrong."""

import pytest

from exbert_hub import demo
from exbert_hub.app.wire import requests
from exbert_hub.app.wire.answers import answer
from exbert_hub.app.wire.parse import parse
from exbert_hub.app.wire.requests import (
    BuildRequest,
    HeadRequest,
    InspectRequest,
    ThumbnailsRequest,
    TokenQuery,
)
from exbert_hub.errors import RequestError

QUERY = {"text": demo.SENTENCE, "token": 10, "by": "heads", "layer": 5, "heads": [6]}
BUILD = {"kind": "demo", "limit": 40}


def test_what_the_page_sends_comes_back_as_it_was():
    sent = {
        "model": "a/b", "index": "built-x", "text": "A cat.", "pair": "It sat.", "stack": "encoder", "mask": [2, 1],
        "mode": "rollout", "ablate": [[5, 1], [2, 3], [2, 3]],
    }  # fmt: skip
    request = parse(InspectRequest, sent)
    assert list(request.to_wire().items()) == list(sent.items())  # the page compares the two as text
    assert (request.text_pair, request.attention_kind) == ("It sat.", "rollout")
    assert request.model_input.ablate == ((2, 3), (5, 1))


def test_an_older_page_sends_less():
    query = parse(TokenQuery, QUERY)
    assert (query.model, query.text_pair, query.ablate) == ("", "", ())
    assert query.options == {"k": requests.MATCHES, "exclude_query": True, "unique_sentences": True}


def test_what_is_computed_does_not_depend_on_what_is_shown():
    request = InspectRequest(text="A cat.", mask=(1,))
    same = request.model_copy(update={"stack": "encoder", "attention_kind": "rollout", "index": "built-x"})
    assert request.model_input == same.model_input
    assert request.model_input != request.model_copy(update={"attention_kind": "norms"}).model_input


@pytest.mark.parametrize(
    ("kind", "sent", "problem"),
    [
        (TokenQuery, QUERY | {"token": -1}, "token: Input should be greater than or equal to 0, not -1"),
        (TokenQuery, QUERY | {"token": True}, "token: Input should be a valid integer, not True"),
        (TokenQuery, QUERY | {"token": "10"}, "token: Input should be a valid integer, not '10'"),
        (TokenQuery, QUERY | {"token": 10.0}, "token: Input should be a valid integer, not 10.0"),
        (TokenQuery, QUERY | {"token": 2**70}, "token: Input should be less than"),
        (TokenQuery, QUERY | {"layer": 1 << 10}, "layer.*: Input should be less than 1024, not 1024"),
        (TokenQuery, QUERY | {"layer": None}, "layer.*, not None"),
        (TokenQuery, QUERY | {"heads": "6"}, "heads: Input should be a valid tuple, not '6'"),
        (TokenQuery, QUERY | {"heads": [0] * 4097}, "heads: Tuple should have at most 4096 items"),
        (TokenQuery, QUERY | {"k": 0}, "k: Input should be greater than or equal to 1, not 0"),
        (TokenQuery, QUERY | {"k": 10**9}, "k: Input should be less than or equal to 10000"),
        (TokenQuery, QUERY | {"by": "luck"}, "by: Input should be 'embedding' or 'heads', not 'luck'"),
        (TokenQuery, {"text": "A cat."}, "token: Field required"),
        (TokenQuery, None, "Input should be a valid dictionary"),
        (InspectRequest, {"text": None}, "text: Input should be a valid string, not None"),
        (InspectRequest, {"text": "a" * (1 << 22) + "b"}, "text: String should have at most 4194304 characters"),
        (InspectRequest, {"model": "m" * 5000}, "model: String should have at most 4096 characters"),
        (InspectRequest, {"mask": [1, -1]}, "mask.1: "),
        (InspectRequest, {"ablate": [[1, 2, 3]]}, "ablate.0: "),
        (InspectRequest, {"ablate": [[0, 0]] * 20_000}, "ablate: Tuple should have at most 16384 items"),
        (InspectRequest, {"stack": "middle"}, "stack: Input should be '', 'encoder', 'decoder' or 'cross'"),
        (InspectRequest, {"colour": "red"}, "colour: Extra inputs are not permitted"),
        (ThumbnailsRequest, {"request": {}, "rows": [], "cols": [1]}, "rows: Tuple should have at least 1 item"),
        (HeadRequest, {"head": "5:9"}, "head: a head is named by layer and head, such as 5-9, not '5:9'"),
        (HeadRequest, {"head": "٥-٩"}, "head: a head is named by layer and head, such as 5-9"),
        (BuildRequest, BUILD | {"limit": 1.5}, "limit: Input should be a valid integer, not 1.5"),
        (BuildRequest, BUILD | {"key": "k" * 65}, "key: String should have at most 64 characters"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_short_line(kind, sent, problem):
    with pytest.raises(RequestError, match=f"^{problem}") as caught:
        parse(kind, sent)
    message = str(caught.value)
    assert len(message) < 250 and "\n" not in message


def test_a_huge_value_is_quoted_by_its_beginning():
    for value in (
        "secret " * 10**6,
        list(range(10**6)),
        {str(i): i for i in range(10**5)},
        [[[["x" * 1000]]]] * 10**5,
    ):
        with pytest.raises(RequestError) as caught:
            parse(HeadRequest, {"head": value})
        assert len(str(caught.value)) < 200
    with pytest.raises(RequestError) as caught:
        parse(HeadRequest, {"head": "5-9", "x" * 10**6: 1})
    assert len(str(caught.value)) < 200


def test_what_a_function_raises_becomes_a_notice(caplog):
    @answer(HeadRequest)
    def head(request):
        """Its page."""
        return {"sum": sum(request.place) / (request.place[1] - 9)}

    assert (head.__name__, head.__doc__) == ("head", "Its page.")
    assert head({"head": "5-8"}) == {"sum": -13}
    assert head({"head": "5"})["notice"]["title"] == "The page asked for something that makes no sense"
    assert head({"head": "5-9"})["notice"]["title"] == "Something broke on our side" and "ZeroDivision" in caplog.text
