"""A search of the page as code: a few lines of Python, or a command, that find the same matches."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from exbert_hub import demo

from .requests import TokenQuery, by_layer
from .responses.evidence import SnippetsJson

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.model.types import ModelInfo


def snippets_json(model_info: ModelInfo, index: CorpusIndex, query: TokenQuery) -> SnippetsJson:
    return {"python": as_python(model_info, index, query), "command": as_command(model_info, index, query)}


def as_python(model_info: ModelInfo, index: CorpusIndex, query: TokenQuery) -> str:
    """A script; nothing in it but literals comes from the visitor."""
    if demo.owns(index):
        head = ["from exbert_hub import demo", "", "inspector, index = demo.load()"]
    else:
        # written out for causal models only: others can have none
        start = f", start_token={model_info.start_token!r}" if model_info.kind == "causal" else ""
        head = [
            "from exbert_hub import CorpusIndex, Inspector",
            "",
            f"inspector = Inspector.from_pretrained({_pinned((model_info.model_id,), model_info.revision)}{start})",
            f"index = CorpusIndex.from_pretrained({_pinned(index.names, index.revision)})",
        ]
    seen = [repr(query.text)]
    if query.text_pair:
        seen.append(f"text_pair={query.text_pair!r}")
    if query.mask:
        seen.append(f"mask={list(query.mask)}")
    if query.ablate:
        seen.append(f"ablate={by_layer(query.ablate)}")
    heads = _heads(model_info, query)
    arguments = [
        "seen",
        f"token={query.token}",
        f"by={query.by!r}",
        f"layer={query.layer!r}",
        *([f"heads={heads}"] if heads else []),
        *(f"{name}={value!r}" for name, value in query.options.items()),
    ]
    return "\n".join(
        [
            *head,
            f"seen = inspector.inspect({', '.join(seen)})",
            f"matches = index.search({', '.join(arguments)})",
            "print(matches)",
            "print(matches.to_pandas())",
            "",
        ]
    )


def as_command(model_info: ModelInfo, index: CorpusIndex, query: TokenQuery) -> str:
    """A line for a POSIX shell. Whatever the visitor typed is quoted, and comes after `--` or `=`."""
    heads = _heads(model_info, query)
    flags = {
        "--mask": query.token in query.mask,
        "--exclude-query": query.exclude_query,
        "--unique": query.unique_sentences,
    }
    words = ["hf-exbert", "search", f"--token={query.token}", f"--by={query.by}", f"--layer={query.layer}"]
    words += [f"--heads={','.join(map(str, heads))}"] if heads else []
    words += [flag for flag, on in flags.items() if on]
    words += [f"--mask-also={position}" for position in query.mask if position != query.token]
    words += [f"--ablate={layer}:{','.join(map(str, silenced))}" for layer, silenced in by_layer(query.ablate).items()]
    words += [f"--pair={query.text_pair}"] if query.text_pair else []
    words += [f"--model={model_info.model_id}"] if model_info.model_id != index.manifest.model_id else []
    words += [f"--revision={index.revision}"] if index.revision else []
    return shlex.join([*words, "-k", str(query.k), "--", *_places(index), query.text])


def _pinned(names: Sequence[str], revision: str | None) -> str:
    return repr(names[0] if len(names) == 1 else list(names)) + (f", revision={revision!r}" if revision else "")


def _heads(model_info: ModelInfo, query: TokenQuery) -> list[int]:
    """The chosen heads; none where they are all of the layer, which goes without saying."""
    count = 0 if query.layer == "emb" else model_info.heads[query.layer]
    return [] if len(set(query.heads)) == count else sorted(set(query.heads))


def _places(index: CorpusIndex) -> Sequence[str]:
    return [demo.NAME] if demo.owns(index) else index.names
