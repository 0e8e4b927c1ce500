"""The same functions as tools, through a real MCP client."""

import asyncio
import importlib
import json
import sys

import pytest

import exbert_hub
from exbert_hub import demo
from exbert_hub.cli import main
from exbert_hub.errors import MissingExtraError

from .test_http import NAMES, TEXT


def ask(site, work):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def go():
        async with streamable_http_client(f"{site}gradio_api/mcp/") as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                return await work(session)

    return asyncio.run(go())


def test_tools_describe_themselves(site):
    tools = ask(site, lambda session: session.list_tools()).tools
    assert sorted(tool.name for tool in tools) == sorted(NAMES)
    for tool in tools:
        assert len(tool.description) > 80
        for name, parameter in tool.inputSchema["properties"].items():
            assert parameter["description"], f"{tool.name}: {name}"
    search = next(tool for tool in tools if tool.name == "search")
    assert search.inputSchema["required"] == ["text", "token"]


def test_an_agent_gets_json(site):
    asked = {"text": TEXT, "token": "escape", "mask": True, "layer": 2, "k": 5}
    answer = ask(site, lambda session: session.call_tool("search", asked))
    assert not answer.isError
    found = json.loads(answer.content[0].text)
    assert found["query"]["word"] == "escape" and len(found["matches"]) == 5


def test_an_agent_is_told_its_mistakes(site):
    answer = ask(site, lambda session: session.call_tool("search", {"text": TEXT, "token": "prison"}))
    assert answer.isError and "Its pieces are" in answer.content[0].text


def test_without_the_extra(monkeypatch, capsys):
    # as an attribute, `exbert_hub.app.launch` is the function
    monkeypatch.setattr(importlib.import_module("exbert_hub.app.launch"), "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mcp>="):
        exbert_hub.launch(demo.MODEL, mcp_server=True)
    monkeypatch.setattr(sys, "argv", ["hf-exbert", "launch", "--mcp"])
    assert main() == 1
    assert "pip install 'mcp>=" in capsys.readouterr().err
