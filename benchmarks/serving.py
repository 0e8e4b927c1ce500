"""Many visitors at once: they inspect and search on the demo's page without a pause, by the page's own requests."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import httpx
import psutil

from exbert_hub import demo
from exbert_hub.corpus import open_corpus

from .measure import Row, at_most, figure

USERS = 16
TEXTS = 40  # that the visitors have in common
MOST_GROWTH = 1 << 30  # bytes: what the memory of inspections may hold


class Answer(NamedTuple):
    """What became of one request of a visitor."""

    kind: str  # "inspect" or "search"
    seconds: float
    error: str


def quick() -> list[Row]:
    return measured(10)


def full() -> list[Row]:
    return measured(60)


def measured(seconds: float) -> list[Row]:
    """16 visitors at once for so many seconds."""
    texts = [sentence.text for sentence in islice(open_corpus(demo.CORPUS), TEXTS)]
    with served() as (url, server):
        events = page_events(url)
        visit(url, events, texts, random.Random(0), time.monotonic() + 1)  # what loads when it is first used
        before = server.memory_info().rss
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(USERS) as visitors:
            visits = [visitors.submit(visit, url, events, texts, random.Random(n), until) for n in range(USERS)]
            answers = [answer for one in visits for answer in one.result()]
        grown = server.memory_info().rss - before
    errors = [answer.error for answer in answers if answer.error]
    who = f"{USERS} visitors for {seconds:.0f} s"
    rows = [at_most(f"errors, {who}", len(errors), 0, note="; ".join(sorted(set(errors))[:2]))]
    for kind in ("inspect", "search"):
        times = sorted(answer.seconds for answer in answers if answer.kind == kind)
        rows.append(at_most(f"{kind}: 95th percentile", times[int(0.95 * len(times))], 2.0, "s"))
        rows.append(figure(f"{kind}: median", times[len(times) // 2], "s"))
    rows.append(figure("answers", len(answers) / seconds, "1/s"))
    rows.append(at_most("memory added", grown / 2**20, MOST_GROWTH / 2**20, "MiB"))
    return rows


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """The demo's page in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "exbert_hub", "launch", "--port", str(port), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "HF_HUB_OFFLINE": "1"}) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()  # said when the page is there
            if not url:
                raise RuntimeError("the page did not start")
            yield url.rstrip("/"), psutil.Process(process.pid)
        finally:
            process.terminate()


def page_events(url: str) -> dict[str, int]:
    """Numbers of the events that the two views send."""
    config = httpx.get(f"{url}/config", timeout=60).json()
    kinds = ("inspect", "search")
    return {
        name: function["id"] for function in config["dependencies"] for _, name in function["targets"] if name in kinds
    }


def visit(url: str, events: dict[str, int], texts: list[str], chance: random.Random, until: float) -> list[Answer]:
    """One visitor: a text, now and then one of his own, and two searches for its words."""
    answers = []
    with httpx.Client(base_url=url, timeout=120) as client:
        while time.monotonic() < until:
            text = chance.choice(texts) if chance.random() < 0.7 else f"{chance.choice(texts)} {uuid.uuid4().hex[:4]}"
            request = {"model": "", "index": "", "text": text, "pair": "", "stack": "", "mask": []}
            looked = ask(client, events, "inspect", {"request": request, "restore": False, "switched": False})
            answers.append(looked)
            for _ in range(2):
                by, layer = chance.choice(("embedding", "heads")), chance.randrange(6)
                heads = sorted(chance.sample(range(12), 2))
                query = {**request, "token": 1, "by": by, "layer": layer, "heads": heads}
                answers.append(ask(client, events, "search", {"query": query}))
    return answers


def ask(client: httpx.Client, events: dict[str, int], kind: str, data: dict[str, Any]) -> Answer:
    """A request as the page makes it: into the queue, then wait for what it says."""
    session, start = uuid.uuid4().hex, time.perf_counter()
    body = {"data": [], "event_data": data, "fn_index": events[kind], "session_hash": session, "trigger_id": None}
    joined = client.post("/gradio_api/queue/join", json=body)
    error = "" if joined.status_code == 200 else f"{joined.status_code} {joined.text[:80]}"
    if not error:
        error = outcome(client, session)
    return Answer(kind, time.perf_counter() - start, error)


def outcome(client: httpx.Client, session: str) -> str:
    """Empty if all went well."""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") == "process_completed":
                if not message["success"]:
                    return str(message["output"])[:200]
                notice = json.loads(message["output"]["data"][0]).get("notice")
                return str(notice) if notice else ""
    return "the connection was closed before the answer came"
