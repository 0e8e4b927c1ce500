"""`hf-exbert`: the verbs of the Python API on the command line.

Results go to stdout (`--json` for machines), progress and messages to stderr. Exit code 0; 1 for a failure, told in
one line; 2 for wrong usage.
"""

from __future__ import annotations

import json
import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import ExbertError, SelectionError

if TYPE_CHECKING:
    from .index.types import Layer

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


class CodecName(StrEnum):
    fp16 = "fp16"
    fp32 = "fp32"
    sq8 = "sq8"


Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages, only results and errors.")]
Device = Annotated[str | None, typer.Option(help="Device of the model, such as cuda; chosen by itself if not given.")]


@app.command(epilog="Example:  hf-exbert build bert-base-uncased wizard_of_oz.txt -o woz-bert")
def build(
    model: Annotated[str, typer.Argument(help="Hub id or folder of a model.")],
    corpus: Annotated[str, typer.Argument(help="Text file, folder, .conllu file or Hub dataset id.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the index.")],
    annotator: Annotated[
        str | None, typer.Option(help="spaCy pipeline, blank:xx (e.g. blank:de), or gold. Default: en_core_web_sm.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the model.")] = None,
    kinds: Annotated[list[By], typer.Option(help="Vectors to index; may be repeated.")] = [By.embedding, By.heads],  # noqa: B006
    layers: Annotated[str | None, typer.Option(help="Layers to index, e.g. emb,0,5. Default: all.")] = None,
    attention: Annotated[bool, typer.Option(help="Store the attention, for max-attention tokens.")] = True,
    codec: Annotated[CodecName, typer.Option(help="How vectors are stored.")] = CodecName.fp16,
    split: Annotated[str | None, typer.Option(help="Split of a Hub dataset.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Text column of a Hub dataset.")] = None,
    streaming: Annotated[bool, typer.Option(help="Stream a Hub dataset instead of downloading it.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the corpus.")] = None,
    license: Annotated[str | None, typer.Option(help="Licence of the corpus.")] = None,
    limit: Annotated[int | None, typer.Option(help="Index the first so many sentences only.", min=1)] = None,
    shard_pieces: Annotated[int | None, typer.Option(help="Pieces per shard.", min=1)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted build.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build an index of a corpus, as one model sees it."""
    _talk(quiet)
    from .corpus import annotate
    from .index import CorpusIndex
    from .model import Inspector

    inspector = Inspector.from_pretrained(model, revision=revision, device=device)
    annotated = annotate(
        corpus,
        annotator,
        name=name,
        license=license,
        split=split,
        text_column=text_column,
        streaming=streaming,
        limit=limit,
    )
    index = CorpusIndex.build(
        inspector,
        annotated,
        output,
        kinds=[kind.value for kind in kinds],
        layers=_layers(layers),
        attention=attention,
        codec=codec.value,
        limit=limit,
        shard_pieces=shard_pieces,
        resume=resume,
        overwrite=overwrite,
        progress=(lambda done, total: None) if quiet else None,
    )
    _print_info(index.manifest, output, as_json)


@app.command(
    epilog='Example:  hf-exbert search woz-bert "She ran to escape." --token escape --mask --by heads --layer 5'
)
def search(
    folder: Annotated[Path, typer.Argument(help="Folder of an index.")],
    sentence: Annotated[str, typer.Argument(help="Your sentence.")],
    token: Annotated[str, typer.Option(help="A word of the sentence, or the position of a piece.")],
    mask: Annotated[bool, typer.Option("--mask", help="Mask the token first.")] = False,
    by: Annotated[By, typer.Option(help="What to compare.")] = By.embedding,
    layer: Annotated[str | None, typer.Option(help="0 to L-1, or emb. Default: the last.")] = None,
    heads: Annotated[str | None, typer.Option(help="Heads, e.g. 6,9. Default: all of the layer.")] = None,
    k: Annotated[int, typer.Option("-k", help="Number of matches.", min=1)] = 50,
    model: Annotated[str | None, typer.Option(help="Model, if not where the index says.")] = None,
    exclude_query: Annotated[
        bool, typer.Option("--exclude-query", help="Leave out the query's own sentence.")
    ] = False,
    unique: Annotated[bool, typer.Option("--unique", help="Leave out repetitions of a sentence.")] = False,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the corpus words that look most like a word of your sentence, and sum them up."""
    _talk(quiet)
    from . import render
    from .index import CorpusIndex
    from .model import Inspector

    index = CorpusIndex.from_pretrained(folder)
    facts = index.manifest.model
    inspector = Inspector.from_pretrained(
        model or facts.model_id, revision=None if model else facts.revision, device=device
    )
    place = int(token) if token.isdecimal() else token
    seen = inspector.inspect(sentence, mask=[place] if mask else ())
    matches = index.search(
        seen,
        place,
        by=by.value,
        layer=_layer(layer) if layer is not None else None,
        heads=_numbers(heads, "heads") if heads is not None else None,
        k=k,
        exclude_query=exclude_query,
        unique_sentences=unique,
    )
    _write(json.dumps(matches.to_dict(), ensure_ascii=False) if as_json else render.matches(matches))


@app.command(epilog="Example:  hf-exbert info woz-bert --json")
def info(
    folder: Annotated[Path, typer.Argument(help="Folder of an index.")],
    as_json: Json = False,
) -> None:
    """Say what an index holds and how it was built."""
    from .index.manifest import Manifest

    _print_info(Manifest.load(folder), folder, as_json)


@app.command(epilog="Example:  hf-exbert launch bert-base-uncased --index woz-bert")
def launch(
    model: Annotated[str | None, typer.Argument(help="Hub id or folder of a model. Default: the demo.")] = None,
    index: Annotated[Path | None, typer.Option(help="Folder of an index built with this model.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    quiet: Quiet = False,
) -> None:
    """Start the app in the browser."""
    _talk(quiet)
    from .app import launch as launch_app

    launch_app(model, index, server_name=host, server_port=port, quiet=quiet)


@app.command(epilog="Example:  hf-exbert cache --delete corpora/wizard_of_oz-1f2e3d")
def cache(
    delete: Annotated[list[str] | None, typer.Option(help="Entry to delete, as listed; may be repeated.")] = None,
    delete_all: Annotated[bool, typer.Option("--delete-all", help="Delete every entry.")] = False,
    as_json: Json = False,
) -> None:
    """List or delete what exbert_hub has cached: annotated corpora and the demo's index."""
    from . import cache as cached
    from . import render

    entries = {f"{entry.kind}/{entry.name}": entry for entry in cached.entries()}
    unknown = sorted(set(delete or ()) - entries.keys())
    if unknown:
        raise SelectionError(f"the cache has no entry {unknown[0]!r}: `hf-exbert cache` lists them")
    chosen = list(entries) if delete_all else list(delete or ())
    for name in chosen:
        cached.delete(entries[name])
        typer.echo(f"deleted {name}", err=True)
    left = {name: entry for name, entry in entries.items() if name not in chosen}
    if as_json:
        _write(json.dumps([{"name": name, "path": str(e.path), "bytes": e.bytes} for name, e in left.items()]))
    else:
        _write(render.cache_entries(left) or f"nothing is cached under {cached.cache_root()}")


def main() -> int:
    """Run the command line; failures the user can mend are told in one line."""
    try:
        app()
    except ExbertError as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        return 1
    return 0


def _talk(quiet: bool) -> None:
    """Our own messages to stderr; the libraries' only when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("exbert_hub")
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    if quiet:
        transformers_logging.set_verbosity_error()


def _print_info(manifest: Any, folder: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from . import render

    _write(json.dumps(asdict(manifest), ensure_ascii=False) if as_json else render.manifest(manifest, folder))


def _write(text: str) -> None:
    typer.echo(text)


def _layer(text: str) -> Layer:
    return "emb" if text.strip() == "emb" else _numbers(text, "layer")[0]


def _layers(text: str | None) -> list[Layer] | None:
    return None if text is None else [_layer(part) for part in text.split(",")]


def _numbers(text: str, what: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{what} must be numbers separated by commas, not {text!r}") from None
