"""Every command says of indexes that earlier code wrote what it said then, and builds what it built then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .commands import COMMANDS, Command, answer_of
from .hub import hub_answers
from .same import assert_same
from .stored import run

_ERROR = "error: "


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_command_says_what_it_said(expected: Callable[[str], Any], command: Command) -> None:
    assert_told(expected("commands")[command.name], answer_of(command))


def test_the_commands_that_need_a_hub_say_what_they_said(expected: Callable[[str], Any]) -> None:
    before, now = expected("hub"), hub_answers()
    assert list(before) == list(now)
    for name, answer in before.items():
        if "code" in answer:
            assert_told(answer, now[name])
        else:
            assert_same(answer, now[name])


def assert_told(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Of an error its code is compared and that it is one line; its words may become better ones."""
    if before["code"] and "error" in now:
        assert now["error"].startswith(_ERROR) == before["error"].startswith(_ERROR), now["error"]
        before, now = before | {"error": ""}, now | {"error": ""}
    assert_same(before, now)


def test_no_command_is_left_out(expected: Callable[[str], Any]) -> None:
    listed = run(["--help"]).out.split("Commands")[1].splitlines()
    names = {line.split()[0] for line in listed if line.startswith("  ") and line[2:3].strip()}
    asked = {name.split()[0] for name in (*expected("commands"), *expected("hub"))}
    assert names and names <= asked, names - asked
