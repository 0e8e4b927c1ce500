"""What all commands share: the app, common options, and how results and messages are printed."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exbert_hub.index.format.codecs import CODECS

if TYPE_CHECKING:
    from exbert_hub.index.format.manifest import Manifest
    from exbert_hub.index.format.types import Layer

app = typer.Typer(
    name="hf-exbert",
    help="What has this head, or this embedding, learned? exBERT for every model on the Hub.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class By(StrEnum):
    embedding = "embedding"
    heads = "heads"


CodecName = StrEnum("CodecName", list(CODECS))  # type: ignore[misc]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages, only results and errors.")]
Device = Annotated[str | None, typer.Option(help="Device of the model, such as cuda. Default: chosen automatically.")]
Ablate = Annotated[
    list[str] | None,
    typer.Option(help="Heads to silence (of two sides, on the second), as layer:heads, e.g. 5:6,9; may be repeated."),
]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit on the Hub.")]
Token = Annotated[str | None, typer.Option(help="Token of the Hub. Default: the one you logged in with.")]


def log_to_stderr(quiet: bool) -> None:
    """Send our own messages to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("exbert_hub")
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    if quiet:
        from huggingface_hub.utils import disable_progress_bars

        disable_progress_bars()


def quiet_transformers(quiet: bool) -> None:
    """For commands that load a model; the others need not wait for transformers."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    if quiet:
        transformers_logging.set_verbosity_error()


def print_info(manifest: Manifest, place: str, as_json: bool) -> None:
    from . import render

    print_result(manifest.to_dict(), lambda: render.manifest(manifest, place), as_json)


def print_result(value: Mapping[str, Any] | list[Any], text: Callable[[], str], as_json: bool) -> None:
    """The result, for machines or for people."""
    typer.echo(json.dumps(value, ensure_ascii=False) if as_json else printable(text()))


def printable(text: str) -> str:
    """The text without control characters, which a terminal would obey: a corpus may come from anybody."""
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_layer(text: str) -> Layer:
    if text.strip() == "emb":
        return "emb"
    layer, *more = numbers(text, "layer")
    if more:
        raise typer.BadParameter(f"one layer, not {text!r}")
    return layer


def some_layers(text: str | None) -> list[Layer] | None:
    return None if text is None else [one_layer(part) for part in text.split(",")]


def numbers(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{option} must be numbers separated by commas, not {text!r}") from None


def some_numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    return None if text is None else tuple(numbers(text, option))


def heads_by_layer(ablate: list[str] | None) -> dict[int, list[int]]:
    """The heads that `--ablate` names, each text as "5:6,9"."""
    heads: dict[int, list[int]] = {}
    for text in ablate or []:
        layer, _, listed = text.partition(":")
        heads.setdefault(numbers(layer, "--ablate")[0], []).extend(numbers(listed, "--ablate"))
    return heads


def place_of(token: str) -> int | str:
    """A position of a piece, or a word."""
    return int(token) if token.isdecimal() else token
