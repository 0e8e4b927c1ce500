"""Many visitors at once: they inspect and search on the demo's page without a pause, by the page's own requests.

Each waits for an answer before the next request and then makes it at once, so there are always 16 under way, which is
more than 16 people do. They are made in one process, by coroutines that hardly look at what comes back, since they
share the cores with the server.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import httpx
import psutil

from exbert_hub import demo
from exbert_hub.app.service.inspection_cache import BYTES
from exbert_hub.corpus import open_corpus
from exbert_hub.index.store.memory import KEPT

from .measure import Row, at_most, figure, private_bytes

USERS = 16
TEXTS = 40  # that the visitors have in common
OWN = 0.3  # of the texts are a visitor's own: nobody else has asked for them
SEARCHES = 2  # for each text
MOST_GROWTH = KEPT.limit + BYTES  # what is kept of searches and of inspections


class Answer(NamedTuple):
    """What became of one request of a visitor."""

    kind: str  # "inspect" or "search"
    seconds: float
    error: str


class Memory(NamedTuple):
    """Private bytes of the server."""

    before: int
    peak: int
    after: int


def quick() -> list[Row]:
    return measured(10)


def full() -> list[Row]:
    return measured(60)


def measured(seconds: float) -> list[Row]:
    """16 visitors at once for so many seconds."""
    texts = [sentence.text for sentence in islice(open_corpus(demo.CORPUS), TEXTS)]
    with served() as (url, server):
        page = Page.of(url)
        asyncio.run(visits(page, texts, 1, 1.0, server))  # what loads when it is first used
        own, its = time.process_time(), sum(server.cpu_times()[:2])
        answers, memory = asyncio.run(visits(page, texts, USERS, seconds, server))
        own, its = time.process_time() - own, sum(server.cpu_times()[:2]) - its
    errors = [answer.error for answer in answers if answer.error]
    who = f"{USERS} visitors for {seconds:.0f} s"
    rows = [at_most(f"errors, {who}", len(errors), 0, note="; ".join(sorted(set(errors))[:2]))]
    for name, kinds in (("all", ("inspect", "search")), ("inspect", ("inspect",)), ("search", ("search",))):
        times = sorted(answer.seconds for answer in answers if answer.kind in kinds)
        rows.append(at_most(f"{name}: 95th percentile", times[int(0.95 * len(times))], 2.0, "s"))
        rows.append(figure(f"{name}: median", times[len(times) // 2], "s"))
        rows.append(figure(f"{name}: longest", times[-1], "s"))
    rows.append(figure("answers", len(answers) / seconds, "1/s"))
    rows.append(figure("CPU an answer, server", 1000 * its / len(answers), "ms"))
    rows.append(figure("CPU an answer, visitors", 1000 * own / len(answers), "ms"))
    rows.append(figure("private memory before", memory.before / 2**20, "MiB"))
    bound = "the bounds on what is kept: heads packed for a search, and inspections"
    added = (memory.peak - memory.before) / 2**20
    rows.append(at_most("memory added at its peak", added, MOST_GROWTH / 2**20, "MiB", note=bound))
    rows.append(figure("memory added at the end", (memory.after - memory.before) / 2**20, "MiB"))
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


class Page(NamedTuple):
    """Where the page listens, and how its events are called there."""

    url: str
    events: dict[str, int]  # number by name
    evidence: int  # the component that is asked for the place in the queue

    @classmethod
    def of(cls, url: str) -> Page:
        config = httpx.get(f"{url}/config", timeout=60).json()
        named = [(name, component, one["id"]) for one in config["dependencies"] for component, name in one["targets"]]
        events = {name: number for name, _, number in named if name in ("inspect", "search")}
        return cls(url, events, next(component for name, component, _ in named if name == "search"))


async def visits(
    page: Page, texts: list[str], users: int, seconds: float, server: psutil.Process
) -> tuple[list[Answer], Memory]:
    """What all visitors were answered, and the server's memory meanwhile."""
    before = peak = private_bytes(server.pid)
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=page.url, timeout=120, limits=httpx.Limits()) as client:
        coming = asyncio.gather(*(visit(client, page, texts, random.Random(n), until) for n in range(users)))
        while not coming.done():
            peak = max(peak, private_bytes(server.pid))
            await asyncio.wait([coming], timeout=0.5)
    return [answer for one in coming.result() for answer in one], Memory(before, peak, private_bytes(server.pid))


async def visit(
    client: httpx.AsyncClient, page: Page, texts: list[str], chance: random.Random, until: float
) -> list[Answer]:
    """One visitor: a text, now and then one of his own, and searches for its words."""
    answers, session = [], uuid.UUID(int=chance.getrandbits(128)).hex
    while time.monotonic() < until:
        text = chance.choice(texts)
        if chance.random() < OWN:
            text += f" {uuid.UUID(int=chance.getrandbits(128)).hex[:4]}"
        request = {"model": "", "index": "", "text": text, "pair": "", "stack": "", "mask": []}
        looked = {"request": request, "restore": False, "switched": False}
        answers.append(await ask(client, page, session, "inspect", looked))
        for _ in range(SEARCHES):
            by, layer = chance.choice(("embedding", "heads")), chance.randrange(6)
            heads = sorted(chance.sample(range(12), 2))
            query = {**request, "token": 1, "by": by, "layer": layer, "heads": heads}
            answers.append(await ask(client, page, session, "search", {"query": query}))
    return answers


async def ask(client: httpx.AsyncClient, page: Page, session: str, kind: str, data: dict[str, Any]) -> Answer:
    """A request as the page makes it: into the queue, then wait for what it says."""
    start = time.perf_counter()
    body = {"data": [], "event_data": data, "fn_index": page.events[kind], "session_hash": session, "trigger_id": None}
    joined = await client.post("/gradio_api/queue/join", json=body)
    error = "" if joined.status_code == 200 else f"{joined.status_code} {joined.text[:80]}"
    error = error or await outcome(client, session)
    return Answer(kind, time.perf_counter() - start, error)


async def outcome(client: httpx.AsyncClient, session: str) -> str:
    """Empty if all went well."""
    async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        async for message in messages(stream):
            if b'"msg":"process_completed"' in message:
                return "" if rb"\"notice\":null" in message else complaint(message)
    return "the connection was closed before the answer came"


async def messages(stream: httpx.Response) -> AsyncIterator[bytes]:
    """Of an event stream. A client that takes it apart line by line would work as much as the server."""
    pending = []
    async for part in stream.aiter_raw():
        pending.append(part)
        if part.endswith(b"\n\n"):
            yield b"".join(pending)
            pending = []


def complaint(message: bytes) -> str:
    """What an answer says that is none."""
    output = json.loads(message.removeprefix(b"data:"))["output"]
    return str(json.loads(output["data"][0])["notice"] if "data" in output else output)[:200]
