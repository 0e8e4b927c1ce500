"""A search of the page as code: a few lines of Python, or a command, that find the same matches."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from exbert_hub import demo

from .payload import by_layer

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.model.types import ModelFacts

    from .payload import SearchRequest


class SearchOptions(NamedTuple):
    """How the page searches, whatever it searches for."""

    k: int = 50
    exclude_query: bool = True
    unique_sentences: bool = True


def as_python(facts: ModelFacts, index: CorpusIndex, request: SearchRequest, options: SearchOptions) -> str:
    """A script; nothing in it but literals comes from the visitor."""
    if demo.owns(index):
        head = ["from exbert_hub import demo", "", "inspector, index = demo.load()"]
    else:
        head = [
            "from exbert_hub import CorpusIndex, Inspector",
            "",
            f"inspector = Inspector.from_pretrained({_pinned((facts.model_id,), facts.revision)})",
            f"index = CorpusIndex.from_pretrained({_pinned(index.names, index.revision)})",
        ]
    text = [repr(request.text)]
    if request.pair:
        text.append(f"text_pair={request.pair!r}")
    if request.mask:
        text.append(f"mask={list(request.mask)}")
    if request.ablate:
        text.append(f"ablate={by_layer(request.ablate)}")
    heads = _heads(facts, request)
    arguments = [
        "seen",
        f"token={request.token}",
        f"by={request.by!r}",
        f"layer={request.layer!r}",
        *([f"heads={heads}"] if heads else []),
        *(f"{name}={value!r}" for name, value in options._asdict().items()),
    ]
    return "\n".join(
        [
            *head,
            f"seen = inspector.inspect({', '.join(text)})",
            f"matches = index.search({', '.join(arguments)})",
            "print(matches)",
            "print(matches.to_pandas())",
            "",
        ]
    )


def as_command(facts: ModelFacts, index: CorpusIndex, request: SearchRequest, options: SearchOptions) -> str:
    """A line for a POSIX shell. Whatever the visitor typed is quoted, and comes after `--` or `=`."""
    heads = _heads(facts, request)
    flags = {
        "--mask": request.token in request.mask,
        "--exclude-query": options.exclude_query,
        "--unique": options.unique_sentences,
    }
    words = ["hf-exbert", "search", f"--token={request.token}", f"--by={request.by}", f"--layer={request.layer}"]
    words += [f"--heads={','.join(map(str, heads))}"] if heads else []
    words += [flag for flag, on in flags.items() if on]
    words += [f"--mask-also={position}" for position in request.mask if position != request.token]
    words += [f"--ablate={layer}:{','.join(map(str, own))}" for layer, own in by_layer(request.ablate).items()]
    words += [f"--pair={request.pair}"] if request.pair else []
    words += [f"--model={facts.model_id}"] if facts.model_id != index.manifest.model_id else []
    words += [f"--revision={index.revision}"] if index.revision else []
    return shlex.join([*words, "-k", str(options.k), "--", *_places(index), request.text])


def _pinned(names: Sequence[str], revision: str | None) -> str:
    return repr(names[0] if len(names) == 1 else list(names)) + (f", revision={revision!r}" if revision else "")


def _heads(facts: ModelFacts, request: SearchRequest) -> list[int]:
    """The chosen heads; none where they are all of the layer, which goes without saying."""
    count = 0 if request.layer == "emb" else facts.heads[request.layer]
    return [] if len(set(request.heads)) == count else sorted(set(request.heads))


def _places(index: CorpusIndex) -> Sequence[str]:
    return [demo.NAME] if demo.owns(index) else index.names
