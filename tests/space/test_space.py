"""The Space, without the Hub: does it start from what is uploaded, and is it as closed as a public page must be?"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from exbert_hub import CorpusIndex, demo
from exbert_hub.corpus import open_corpus

from .start import lay_out, started

TEXT = "The girl ran to a local pub to escape the din of her city."


def test_app_py_starts_a_space(tmp_path):
    """In this environment, with a small index in place of the demo's, which takes a minute to build."""
    folder, index = tmp_path / "space", tmp_path / "index"
    folder.mkdir()
    card = lay_out(folder)
    assert card["app_file"] == "app.py" and (folder / "requirements.txt").is_file()
    CorpusIndex.build(demo.MODEL, open_corpus(demo.CORPUS), index, limit=60, progress=lambda done, total: None)
    variables = {"EXBERT_MODEL": str(demo.MODEL), "EXBERT_INDEX": str(index), "EXBERT_MAX_CHARACTERS": "300"}
    with started(sys.executable, folder, 120, **variables) as url:
        page = urllib.request.urlopen(url).read().decode()
        assert "window.gradio_config = " in page and '"title":"exBERT"' in page
        client = Client(url, verbose=False)
        told = client.predict(api_name="/describe_model")
        assert told["corpus"]["sentences"] == 60 and told["further_models"] == []
        assert len(client.predict(TEXT, "escape", k=3, api_name="/search")["matches"]) == 3
        for asked, message in (({"text": "a" * 301}, "too many"), ({"text": TEXT, "model": "gpt2"}, "not available")):
            with pytest.raises(AppError, match=message):
                client.predict(**asked, api_name="/inspect")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_from_nothing_but_the_requirements(tmp_path, monkeypatch, capfd):
    """As the Hub builds it: the requirements together with what a Gradio Space brings, then `python app.py`."""
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    folder = tmp_path / "space"
    folder.mkdir()
    card = lay_out(folder)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    brings = [f"gradio[oauth,mcp]=={card['sdk_version']}", "uvicorn>=0.14.0", "websockets>=10.4", "spaces"]
    begin = time.monotonic()
    command = [python, "-m", "pip", "install", "-q", "--no-cache-dir", "-r", folder / "requirements.txt", *brings]
    subprocess.run(command, check=True)
    installed = time.monotonic()
    fresh = {"HF_HOME": str(tmp_path / "hf"), "HOME": str(tmp_path), "EXBERT_MCP": "1"}
    with started(python, folder, 300, **fresh) as url:
        ready = time.monotonic()
        told = Client(url, verbose=False).predict(TEXT, "escape", mask=True, layer=3, api_name="/summarise")
        assert told["total"] == 50 and told["bars"][0]["label"] == "VERB"  # the paper's case, by the embedded demo
        assert "someone" not in told and asyncio.run(_tools(url)) == [
            "exbert_describe_model",
            "exbert_inspect",
            "exbert_search",
            "exbert_summarise",
        ]
    with capfd.disabled():
        print(f"\nbuilt in {installed - begin:.0f} s, first page after {ready - installed:.0f} s")
    with started(python, folder, 120, **fresh) as url:
        assert json.loads(urllib.request.urlopen(f"{url}config").read())["title"] == "exBERT"


async def _tools(url):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with streamable_http_client(f"{url}gradio_api/mcp/") as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            return sorted(tool.name for tool in (await session.list_tools()).tools)
