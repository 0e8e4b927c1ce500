"""Build, search and describe an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exbert_hub.index.format.codecs import DEFAULT_CODEC
from exbert_hub.index.format.types import MATCHES

from .common import (
    Ablate,
    By,
    CodecName,
    Device,
    Json,
    Quiet,
    Revision,
    app,
    heads_by_layer,
    log_to_stderr,
    one_layer,
    place_of,
    print_info,
    print_result,
    quiet_transformers,
    some_layers,
    some_numbers,
)
from .index_source import IndexSource, Question

if TYPE_CHECKING:
    from exbert_hub.index.build.engine import Engine


@app.command(epilog="Example:  hf-exbert build bert-base-uncased wizard_of_oz.txt -o woz-bert")
def build(
    model: Annotated[str, typer.Argument(help="Hub id or folder of a model.")],
    corpus: Annotated[
        str, typer.Argument(help="Text file, folder, .conllu file, Hub dataset id, or an index, for its annotation.")
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Folder of the index; with --ray also hf://datasets/OWNER/NAME.")
    ],
    annotator: Annotated[
        str | None, typer.Option(help="spaCy pipeline, blank:xx (e.g. blank:de), or gold. Default: en_core_web_sm.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the model.")] = None,
    kinds: Annotated[list[By], typer.Option(help="Vectors to index; may be repeated.")] = [By.embedding, By.heads],  # noqa: B006
    layers: Annotated[str | None, typer.Option(help="Layers to index, e.g. emb,0,5. Default: all.")] = None,
    attention: Annotated[bool, typer.Option(help="Store the attention, for max-attention tokens.")] = True,
    codec: Annotated[CodecName, typer.Option(help="How vectors are stored.")] = CodecName(DEFAULT_CODEC),  # noqa: B008
    fast: Annotated[
        bool | None, typer.Option("--fast/--no-fast", help="Add fast search. Default: from 200,000 pieces on.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Split of a Hub dataset.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Text column of a Hub dataset.")] = None,
    streaming: Annotated[bool, typer.Option(help="Stream a Hub dataset instead of downloading it.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the corpus.")] = None,
    license: Annotated[str | None, typer.Option(help="Licence of the corpus.")] = None,
    limit: Annotated[int | None, typer.Option(help="Index only the first N sentences.", min=1)] = None,
    sample: Annotated[
        int | None, typer.Option(help="Index only N sentences, drawn at random, always the same.", min=1)
    ] = None,
    shard_pieces: Annotated[int | None, typer.Option(help="Pieces per shard.", min=1)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted build.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    ray: Annotated[
        str | None, typer.Option(help="Build on a Ray cluster: its address, auto, or local for one of this machine.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="With --ray: copies of the model at once.", min=1)] = None,
    storage: Annotated[
        str | None, typer.Option(help="With --ray: where the shards meet, a folder all machines see or an fsspec URL.")
    ] = None,
    merge: Annotated[
        bool, typer.Option(help="With --ray: merge the shards, or leave them to be searched as one.")
    ] = True,
    device: Device = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="What the model computes in: float32, bfloat16, float16 or auto (as it is stored)."),
    ] = None,
    start_token: Annotated[
        str, typer.Option(help="Special piece in front of every text of a causal model: auto, none, or a piece.")
    ] = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build an index of a corpus, as one model sees it."""
    log_to_stderr(quiet)
    quiet_transformers(quiet)
    from exbert_hub.index import CorpusIndex, RayEngine
    from exbert_hub.model import Inspector

    if ray is None and (workers or storage or not merge):
        raise typer.BadParameter("--workers, --storage and --no-merge are about a cluster: add --ray")
    start = None if start_token == "none" else start_token
    inspector = Inspector.from_pretrained(model, revision=revision, device=device, dtype=dtype, start_token=start)
    engine: Engine = "local" if ray is None else RayEngine(ray, workers, storage=storage, merge=merge)
    index = CorpusIndex.build(
        inspector,
        corpus,
        output,
        annotator=annotator,
        split=split,
        text_column=text_column,
        streaming=streaming,
        name=name,
        license=license,
        kinds=[kind.value for kind in kinds],
        layers=some_layers(layers),
        attention=attention,
        codec=codec.value,
        fast=fast,
        limit=limit,
        sample=sample,
        shard_pieces=shard_pieces,
        resume=resume,
        overwrite=overwrite,
        progress=(lambda done, total: None) if quiet else None,
        engine=engine,
    )
    print_info(index.manifest, output, as_json)


@app.command(
    epilog='Example:  hf-exbert search woz-bert "She ran to escape." --token escape --mask --by heads --layer 5'
)
def search(
    index: Annotated[
        list[str],
        typer.Argument(help="Folder of an index, its repository on the Hub, or demo; several are searched as one."),
    ],
    sentence: Annotated[str, typer.Argument(help="Your sentence.")],
    token: Annotated[
        str, typer.Option(help="A word of the sentence, or the position of a piece (a number always is one).")
    ],
    mask: Annotated[bool, typer.Option("--mask", help="Mask the token first.")] = False,
    mask_also: Annotated[
        list[str] | None, typer.Option(help="Another word, or the position of a piece, to mask; may be repeated.")
    ] = None,
    ablate: Ablate = None,
    pair: Annotated[str | None, typer.Option(help="A second text: the second segment, or the decoder's text.")] = None,
    by: Annotated[By, typer.Option(help="What to compare.")] = By.embedding,
    layer: Annotated[str | None, typer.Option(help="0 to L-1, or emb. Default: the last.")] = None,
    heads: Annotated[str | None, typer.Option(help="Heads, e.g. 6,9. Default: all of the layer.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the index on the Hub.")] = None,
    k: Annotated[int, typer.Option("-k", help="Number of matches.", min=1)] = MATCHES,
    model: Annotated[str | None, typer.Option(help="Model, if not where the index says.")] = None,
    exclude_query: Annotated[
        bool, typer.Option("--exclude-query", help="Leave out the query's own sentence.")
    ] = False,
    unique: Annotated[bool, typer.Option("--unique", help="Leave out repetitions of a sentence.")] = False,
    exact: Annotated[
        bool | None,
        typer.Option("--exact/--fast", help="Compare with every vector, or search fast. Default: by size."),
    ] = None,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the corpus words that look most like a word of your sentence, and sum them up."""
    log_to_stderr(quiet)
    from exbert_hub.index.search.query import SearchRequest
    from exbert_hub.index.search.search import search as search_index

    from . import render

    masked = (*([token] if mask else []), *(mask_also or []))
    question = Question(sentence, place_of(token), pair, tuple(map(place_of, masked)), ablate=heads_by_layer(ablate))
    request = SearchRequest(
        by=by.value,
        layer=None if layer is None else one_layer(layer),
        heads=some_numbers(heads, "heads"),
        k=k,
        exclude_query=exclude_query,
        unique_sentences=unique,
        exact=exact,
    )
    inspector, opened = IndexSource(tuple(index), revision, model, device, quiet).open_with_model()
    matches = search_index(opened.opened, question.ask(inspector), question.token, request)
    opened.verify()  # a process of one search does not leave before it knows that the files are whole
    print_result(matches.to_dict(), lambda: render.matches(matches), as_json)


@app.command(epilog="Example:  hf-exbert annotate woz-bert emotions.tsv")
def annotate(
    index: Annotated[str, typer.Argument(help="Folder of an index.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="A .tsv, .csv or .parquet file: a column per label, and a row for each row of the tokens table, or "
            "columns sentence and word that say whose labels they are."
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace attached labels of the same name.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Attach labels of your own to a finished index; nothing is built again."""
    log_to_stderr(quiet)
    from dataclasses import asdict

    from . import render

    opened = IndexSource((index,)).open_own()
    attached = opened.annotate(file, overwrite=overwrite)
    print_result(asdict(attached), lambda: render.attached(attached, len(opened)), as_json)


@app.command(epilog="Example:  hf-exbert info woz-bert --json")
def info(
    index: Annotated[str, typer.Argument(help="Folder of an index, its repository on the Hub, or demo.")],
    revision: Revision = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what an index holds and how it was built; of a shared one, only this is downloaded."""
    log_to_stderr(quiet)
    print_info(IndexSource((index,), revision, quiet=quiet).manifest(), index, as_json)
