"""Every command of `hf-exbert` over the stored indexes, and its JSON without what no two runs share.

Those that need a Hub speak with the loopback one of `tests/hub`; they are in `tests/frozen/hub.py`.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from .files import names, schemas
from .same import plain
from .stored import FROZEN, OTHER, SENTENCE, Ran, run

CPU = ("--device", "cpu")
_KEY = re.compile(r"[0-9a-f]{8,}")
_ASSETS = "huggingface_hub.utils._cache_assets.HF_ASSETS_CACHE"  # below which everything cached lies
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


@dataclass(frozen=True)
class Command:
    """One run of `hf-exbert`, in the folder of the frozen files.

    :param line: its arguments; "{out}" stands for an empty folder, "{copy}" for a copy of an index in it, "{port}" for
        a port that is free.
    :param settle: takes the folder and the JSON, and replaces what differs from run to run.
    :param around: what holds while the command runs.
    """

    name: str
    line: tuple[str, ...]
    settle: Callable[[Path, Any], Any] = lambda out, value: value
    around: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


def answer_of(command: Command) -> dict[str, Any]:
    """Its exit code and its JSON; of a failure, the line that says what went wrong."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(FROZEN):
        out = Path(folder).resolve() / "out"
        copy = out / "copy"
        if "{copy}" in command.line:
            shutil.copytree(FROZEN / "sq8", copy)
        places = {"{out}": str(out), "{copy}": str(copy), "{port}": _free_port()}
        arguments = [_filled(part, places) for part in command.line]
        with command.around():
            ran = run([*arguments, "--json"])
        return told(ran, lambda value: command.settle(out, value), str(out))


def _filled(text: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def told(ran: Ran, settle: Callable[[Any], Any], out: str) -> dict[str, Any]:
    """What is kept of a run."""
    if ran.code:
        return {"code": ran.code, "out": ran.out, "error": ran.err.strip().splitlines()[-1].replace(out, "{out}")}
    value = json.loads(json.dumps(settle(ran.value)).replace(out, "{out}"))
    return {"code": 0, "value": plain(value)}


def manifest(out: Path, value: Any) -> Any:
    """Of an index in one piece it is what lies in its folder."""
    paths = [path for path in FROZEN.glob("*/exbert.json") if json.loads(path.read_text(encoding="utf-8")) == value]
    return paths[0].relative_to(FROZEN).as_posix() if paths else value


def built(out: Path, value: Any) -> Any:
    """A manifest that was written now: sizes, hashes, versions and its date are not those of another day; the names
    and the columns of its files are. The index is searched, too."""
    found = run(["search", out, SENTENCE, "--token", "city", "-k", "3", "--json", "--model", "model", *CPU])
    return {
        **value,
        "created": len(value["created"]),
        "base_rates": {label: list(rates.items())[:3] for label, rates in value["base_rates"].items()},
        "versions": sorted(value["versions"]),
        "files": sorted(value["files"]),
        "on the disk": names(out),
        "schemas": schemas(out),
        "matches": [[match["row"], match["text"], {"score": match["score"]}] for match in found.value["matches"]],
    }


def annotated(out: Path, value: Any) -> Any:
    """With what a reader of the index sees afterwards."""
    manifest = run(["info", out / "copy", "--json"]).value
    files = [name for name in manifest["files"] if name.startswith("labels/")]
    return {**value, "added_labels": manifest["added_labels"], "files": files, "schemas": schemas(out / "copy")}


def exported(out: Path, value: Any) -> Any:
    """With the files of an export."""

    def read(name: str) -> Any:
        return json.loads((out / name).read_text(encoding="utf-8"))

    config = read("config.json")
    return {
        **value,
        "files": names(out),
        "scatter": read("scatter_data.json"),
        "config": config | {"pipeline_config": config["pipeline_config"] | {"created_at": ""}},
        "a head": read("heads/L2H1.json"),
    }


def cached(out: Path, value: Any) -> Any:
    """Kinds and names of what is cached, without the keys in them."""
    for entry in value:
        assert entry["path"].endswith(entry["name"]) and entry["bytes"] > 0
    return sorted([sorted(entry), _KEY.sub("{key}", entry["name"])] for entry in value)


@contextlib.contextmanager
def a_cache_of_its_own(*lines: tuple[str, ...]) -> Iterator[None]:
    """In which these commands have run."""
    with tempfile.TemporaryDirectory() as folder, mock.patch(_ASSETS, folder):
        for line in lines:
            ran = run([*(part.replace("{out}", folder) for part in line), *CPU])
            assert ran.code == 0, ran.err
        yield


_SEARCHED = ("search", "fp32", SENTENCE, "--token", "city")
_BUILT = ("build", "model", "corpus.conllu", "-o", "{out}/index", "--layers", "0", "--limit", "5", "--no-attention")


@contextlib.contextmanager
def not_for_ever() -> Iterator[None]:
    """The page is started, and closed instead of kept open until Ctrl-C."""
    import gradio

    with mock.patch("gradio.Blocks.block_thread", lambda page: page.close()):
        yield
    gradio.close_all(verbose=False)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def started(out: Path, value: Any) -> Any:
    return {**value, "url": _PORT.sub("{port}", value["url"])}


def _search(name: str, *line: str) -> Command:
    return Command(name, ("search", *line, *CPU))


COMMANDS: tuple[Command, ...] = (
    *(Command(f"info {index}", ("info", index), manifest) for index in ("fp16", "fp32", "sq8", "shards", "causal")),
    Command("info of no index", ("info", "model")),
    _search("search", "fp16", SENTENCE, "--token", "escape", "--mask", "-k", "5"),
    _search("search by heads", "fp16", OTHER, "--token", "door", "--by", "heads", "--layer", "2", "--heads", "1,3",
            "-k", "4", "--mask-also", "old", "--exclude-query", "--unique"),
    _search("search the input embeddings", "fp16", "Nobody had seen the grey wolf before.", "--token", "before",
            "--layer", "emb", "-k", "2"),
    _search("search fast", "fp16", SENTENCE, "--token", "city", "--layer", "2", "-k", "2", "--fast"),
    _search("search exactly", "fp16", SENTENCE, "--token", "city", "--layer", "2", "-k", "2", "--exact"),
    _search("search without heads", "sq8", SENTENCE, "--token", "city", "--ablate", "0:0,2", "--ablate", "1:3",
            "-k", "4"),
    _search("search two texts", "fp32", "The lion slept.", "--pair", "Nobody found the road.", "--token", "lion",
            "-k", "3"),
    _search("search a list of shards", "shards", SENTENCE, "--token", "city", "-k", "4"),
    _search("search several indexes", "shards/shard-00001", "shards/shard-00000", SENTENCE, "--token", "city",
            "-k", "4"),
    _search("search with another model", "fp16", SENTENCE, "--token", "city", "--model", "causal_model"),
    _search("search for no word", "fp16", SENTENCE, "--token", "to"),
    Command("heads", ("heads", "fp16")),
    Command("heads of a label", ("heads", "fp16", "--label", "det", "-k", "4", "--examples")),
    Command("heads of a measure", ("heads", "fp16", "--measure", "offset", "--label", "-1", "--layer", "2",
                                   "--examples")),
    Command("heads in one direction", ("heads", "causal", "--label", "nsubj", "--direction", "to_dependant")),
    Command("heads of an attached label", ("heads", "fp16", "--label", "dark", "-k", "3", "--examples")),
    Command("heads of shards", ("heads", "shards")),
    Command("heads of no label", ("heads", "fp16", "--label", "detached")),
    Command("find-heads", ("find-heads", "fp16", OTHER, "--token", "witch", "--label", "det", "-k", "12", *CPU)),
    Command("find-heads of the match", ("find-heads", "fp16", SENTENCE, "--token", "escape", "--label", "VERB",
                                        "--field", "pos", "--of", "match", "--mask", "--layer", "1", "-k", "10",
                                        "--exclude-query", "--unique", *CPU)),
    Command("compare a mask", ("compare", "fp16", SENTENCE, "--token", "city", "--mask", "-k", "5", *CPU)),
    Command("compare a sentence", ("compare", "fp16", SENTENCE, "--token", "city", "--against", "The city was green.",
                                   "--field", "dep", "-k", "5", *CPU)),
    Command("compare without heads", ("compare", "fp16", OTHER, "--token", "witch", "--ablate", "1:0,2", "--by",
                                      "heads", "--heads", "0,1", "-k", "5", "-p", "0.9", *CPU)),
    Command("compare two models", ("compare", "fp16", "causal", "--sample", "60", *CPU)),
    Command("compare what two models see", ("compare", "fp16", "causal", SENTENCE, "--token", "city", "--by",
                                            "heads", "-k", "5", *CPU)),
    Command("compare two codecs", ("compare", "fp32", "sq8", *CPU)),
    Command("annotate", ("annotate", "{copy}", "moods.tsv"), annotated),
    Command("annotate again", ("annotate", "shards", "moods.tsv")),
    Command("export", ("export", "fp16", "--headvis", "{out}/headvis/frozen", "--sentences", "4"),
            lambda out, value: exported(out / "headvis" / "frozen", value)),
    Command("build", ("build", "model", "corpus.conllu", "-o", "{out}", "--fast", "--name", "frozen", "--license",
                      "cc0-1.0", *CPU), built),
    Command("build from an index", ("build", "model", "fp16", "-o", "{out}", "--codec", "sq8", "--layers", "emb,1",
                                    "--sample", "20", "--no-attention", *CPU), built),
    Command("build of a text", ("build", "model", "story.txt", "--annotator", "blank:en", "-o", "{out}", "--layers",
                                "2", "--kinds", "embedding", "--shard-pieces", "30", *CPU), built),
    Command("build of nothing", ("build", "model", "nothing.txt", "-o", "{out}", *CPU)),
    Command("cache", ("cache",), cached, lambda: a_cache_of_its_own(_SEARCHED, _BUILT)),
    Command("cache, emptied", ("cache", "--delete-all"), cached, lambda: a_cache_of_its_own(_SEARCHED)),
    Command("cache, of an unknown entry", ("cache", "--delete", "corpora/none")),
    Command("launch", ("launch", "model", "--index", "fp16", "--port", "{port}"), started, not_for_ever),
    Command("list without a Hub", ("list", "bert-base-uncased")),
    Command("push without a Hub", ("push", "fp16", "someone/woz-bert")),
    Command("deploy without a Hub", ("deploy", "someone/exbert")),
    Command("no such command", ("attend",)),
)  # fmt: skip
