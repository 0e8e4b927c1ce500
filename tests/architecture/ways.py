"""The six ways through the house, each gone once with a tiny model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from exbert_hub.index import CorpusIndex, RayEngine
from exbert_hub.model import Inspector
from tests.processes import Fork
from tests.tiny_models import TEXTS, tiny_bert_dir

from .tracing import Way, followed

ROOT = Path(__file__).parents[2]
REPO = "alice/tales"
WORD = "girl"


def _inspector(folder: Path) -> Inspector:
    return Inspector.from_pretrained(tiny_bert_dir(folder / "model"), local_files_only=True)


def _build(inspector: Inspector, output: Path, **options: Any) -> CorpusIndex:
    return CorpusIndex.build(
        inspector, list(TEXTS), output, annotator="blank:en", progress=lambda done, total: None, **options
    )


def build(folder: Path) -> Way:
    """From texts to an index that is open."""
    inspector = _inspector(folder)
    with followed() as way:
        _build(inspector, folder / "index")
    return way


def search(folder: Path) -> Way:
    """From a text to a histogram."""
    inspector = _inspector(folder)
    index = _build(inspector, folder / "index")
    with followed() as way:
        seen = inspector.inspect(TEXTS[0])
        matches = index.search(seen, seen.position_of(3), by="heads", layer=1, k=5)
        matches.summary("text")
    return way


def search_from_page(folder: Path) -> Way:
    """From an event of the browser to what it draws."""
    from exbert_hub.app.page.blocks import build_page
    from exbert_hub.app.service.model_session import ModelSession

    inspector = _inspector(folder)
    index = _build(inspector, folder / "index")
    page = build_page(ModelSession(inspector, index))
    (handler,) = (one.fn for one in page.fns.values() if one.name == "search" and one.api_visibility == "private")
    query = {"model": "", "index": "", "text": TEXTS[0], "pair": "", "mask": [], "ablate": []}
    query |= {"token": 3, "by": "heads", "layer": 1, "heads": [0]}
    with followed() as way:
        handler(mock.Mock(query=query))
    return way


def open_from_hub(folder: Path) -> Way:
    """From the name of a repository to an open index, by a client in a process of its own."""
    from tests.hub.conftest import share
    from tests.hub.server import HubServer

    _build(_inspector(folder), folder / "index")
    server = HubServer()
    try:
        share(server, REPO, folder / "index")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "EXBERT_"))}
        environment |= {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.architecture.ways"], env=environment, capture_output=True, text=True
        )
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    return _read(done.stdout)


def head_page(folder: Path) -> Way:
    """From the number of a head to all there is to say about it."""
    inspector = _inspector(folder)
    index = _build(inspector, folder / "index")
    with followed() as way:
        index.head(1, 0, inspector=inspector)
    return way


class OneMachine:
    """A cluster without Ray: what its workers do is done here, so that it can be followed."""

    def __init__(self, engine: RayEngine) -> None:
        self.engine = engine

    def ask(
        self, worker: type, options: dict[str, Any], questions: Iterable[tuple[int, bytes]], **_: Any
    ) -> Iterator[tuple[int, bytes]]:
        asked = worker(**options)
        for number, question in questions:
            yield number, asked.answer(question)


def build_on_cluster(folder: Path) -> Way:
    """From texts to an index, by the workers of a cluster."""
    tiny_bert_dir(folder / "model")
    inspector = Inspector.from_pretrained(folder / "model", local_files_only=True)
    with (
        mock.patch("exbert_hub.index.ray.distributed.Cluster", OneMachine),
        mock.patch("exbert_hub.index.ray.distributed.connect", lambda engine: False),
        followed() as way,
    ):
        _build(inspector, folder / "index", engine=RayEngine())
    return way


WAYS: dict[str, Callable[[Path], Way]] = {
    "a build": build,
    "a search by Python": search,
    "a search from the page": search_from_page,
    "opening from the Hub": open_from_hub,
    "a head page": head_page,
    "a build on a cluster": build_on_cluster,
}


def gone(name: str, folder: Path) -> Way:
    """Go a way in a process of its own: nothing has been imported, cached or annotated there by another test."""
    fork = Fork(_go, (name, str(folder)), environment=os.environ | {"HF_HOME": str(folder / "home")}, folder=ROOT)
    out, err = fork.communicate(timeout=240)
    assert fork.returncode == 0, err
    return _read(out)


def _go(name: str, folder: str) -> None:
    _write(WAYS[name](Path(folder)))


def _write(way: Way) -> None:
    print(json.dumps({"files": way.files, "beside": sorted(way.beside)}))


def _read(out: str) -> Way:
    way, told = Way(), json.loads(out.splitlines()[-1])
    way.files, way.beside = told["files"], set(told["beside"])
    return way


if __name__ == "__main__":  # the client of `open_from_hub`
    with followed() as opening:
        CorpusIndex.from_pretrained(REPO)
    _write(opening)
