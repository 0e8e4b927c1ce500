"""JSON that anybody may have written."""

import re
from dataclasses import dataclass

import pytest

from exbert_hub.checked_json import parse_json
from exbert_hub.errors import CorpusError, IndexFormatError
from exbert_hub.index.format.shard_list import FORMAT_VERSION, list_text, read_list


@dataclass(frozen=True)
class Record:
    name: str
    sizes: tuple[int, ...]


def test_text_becomes_a_value():
    assert parse_json('{"name": "a", "sizes": [1, 2]}', Record, "x") == Record("a", (1, 2))
    assert parse_json(b'{"a": 1}', dict[str, int], "x") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "x is malformed: Invalid JSON: recursion limit exceeded"),
        ('{"a":' * 100_000, "x is malformed: Invalid JSON: recursion limit exceeded"),
        ("{}", "x is malformed: name: Field required"),
        ('{"name": "a", "sizes": [1, "2"]}', "x is malformed: sizes.1: Input should be a valid integer"),
        (b"\xff", "x is malformed: Invalid JSON"),
    ],
)
def test_what_is_wrong_is_one_line(text, message):
    with pytest.raises(CorpusError, match=re.escape(message)) as caught:
        parse_json(text, Record, "x", CorpusError)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_list_of_shards_is_checked(tmp_path):
    path = tmp_path / "shards.json"
    good = list_text([b"one", b"two"])
    path.write_text(good)
    assert list(read_list(path)) == ["shard-00000", "shard-00001"]
    for text, message in (
        ("[" * 100_000, "malformed"),
        (good.replace("shard-00001", "../shard-1"), "does not name"),
        (good.replace(f'"format_version": {FORMAT_VERSION}', '"format_version": 99'), "upgrade exbert_hub"),
        (good + " " * 3_000_000, "longer than"),
        (re.sub(r'"[0-9a-f]{64}"', "7", good), "malformed: shards.shard-00000"),
    ):
        path.write_text(text)
        with pytest.raises(IndexFormatError, match=message):
            read_list(path)
