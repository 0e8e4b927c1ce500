"""docs/architecture.md as data: the lists between its markers."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
_WAY = re.compile(r"<!-- way: (?P<name>[^>]+) -->\n(?P<body>.*?)<!-- end of way -->", re.DOTALL)


class Written(NamedTuple):
    """One way as the page has it."""

    files: list[str]
    beside: list[str]


class Leaves:
    """Files that are everywhere and say nothing about a way: types, constants, small tools."""

    def __init__(self, patterns: list[str]) -> None:
        self.patterns = patterns

    def match(self, file: str) -> bool:
        return any(fnmatchcase(file, pattern) for pattern in self.patterns)


def read_ways() -> dict[str, Written]:
    ways = {}
    for match in _WAY.finditer(PAGE.read_text("utf-8")):
        numbered = re.findall(r"^\d+\. `([^`]+)`", match["body"], re.MULTILINE)
        beside = re.search(r"^In other threads: (.*)$", match["body"], re.MULTILINE)
        ways[match["name"]] = Written(numbered, re.findall(r"`([^`]+)`", beside[1]) if beside else [])
    return ways


def read_leaves() -> Leaves:
    listed = re.search(r"<!-- leaves -->\n(.*?)<!-- end of leaves -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert listed is not None
    return Leaves(re.findall(r"`([^`]+)`", listed[1]))
