"""Find the head for me."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .common import Device, Json, Quiet, Revision, app, hush_transformers, print_result, talk
from .indexing import open_index, place_of

if TYPE_CHECKING:
    from exbert_hub.index.heads.examples import HeadExample


class Of(StrEnum):
    match = "match"
    max_attention = "max_attention"


class Direction(StrEnum):
    to_head = "to_head"
    to_dependant = "to_dependant"


@app.command(epilog="Example:  hf-exbert heads woz-bert --label dobj")
def heads(
    index: Annotated[list[str], typer.Argument(help="Folder of an index, or its repository on the Hub.")],
    label: Annotated[
        str | None, typer.Option(help="A dependency label, POS, entity label or offset, e.g. dobj, VERB, -1.")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(help="dependency, offset, special, self, same_lemma, …; an unknown one lists what there is."),
    ] = None,
    direction: Annotated[Direction | None, typer.Option(help="Of dependencies: who attends to whom.")] = None,
    layer: Annotated[int | None, typer.Option(help="Of this layer only.", min=0)] = None,
    examples: Annotated[bool, typer.Option("--examples", help="Show the best head's most telling sentences.")] = False,
    revision: Revision = None,
    k: Annotated[int, typer.Option("-k", help="Number of heads, with a label or a measure.", min=1)] = 10,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which heads attend to what, the best first; without a label or measure, the best head for each."""
    talk(quiet)
    from exbert_hub.index import CorpusIndex

    from . import render

    opened = CorpusIndex.from_pretrained(index, revision=revision)
    found = opened.heads(label, measure, direction.value if direction else None, layer)
    chosen = found[:k] if label or measure else list(found.best())
    shown: tuple[HeadExample, ...] = ()
    if examples:
        best = found[0]
        shown = opened.head_examples(best.layer, best.head, best.measure, best.label, best.direction)
    listed = [{**score._asdict(), "lift": score.lift if score.baseline else None} for score in chosen]
    told = {"heads": listed, "examples": [vars(example) for example in shown]}
    print_result(told, lambda: render.heads(chosen, shown), as_json)


@app.command(epilog='Example:  hf-exbert find-heads woz-bert "She ran to escape." --token escape --label dobj')
def find_heads(
    index: Annotated[list[str], typer.Argument(help="Folder of an index, its repository on the Hub, or demo.")],
    sentence: Annotated[str, typer.Argument(help="Your sentence.")],
    token: Annotated[
        str, typer.Option(help="A word of the sentence, or the position of a piece (a number always is one).")
    ],
    label: Annotated[str, typer.Option(help="What to find, e.g. dobj, or VERB with --field pos.")],
    field: Annotated[str, typer.Option(help="Label column.")] = "dep",
    of: Annotated[Of, typer.Option(help="Whose label: the match's, or that of what it attends to most.")] = (
        Of.max_attention
    ),
    mask: Annotated[bool, typer.Option("--mask", help="Mask the token first.")] = False,
    layer: Annotated[int | None, typer.Option(help="Heads of this layer only. Default: all layers.", min=0)] = None,
    revision: Revision = None,
    k: Annotated[int, typer.Option("-k", help="Matches looked at, in either half of the corpus.", min=1)] = 50,
    model: Annotated[str | None, typer.Option(help="Model, if not where the index says.")] = None,
    exclude_query: Annotated[
        bool, typer.Option("--exclude-query", help="Leave out the query's own sentence.")
    ] = False,
    unique: Annotated[bool, typer.Option("--unique", help="Leave out repetitions of a sentence.")] = False,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the few heads of a layer by which the words most like yours show a label: chosen on one half of the
    corpus, judged by the other."""
    talk(quiet)
    hush_transformers(quiet)
    from . import render

    inspector, opened = open_index(index, revision, model, device)
    place = place_of(token)
    seen = inspector.inspect(sentence, mask=[place] if mask else [])
    found = opened.find_heads(
        seen, place, label, field, of.value, layer=layer, k=k, exclude_query=exclude_query, unique_sentences=unique
    )
    print_result(found.to_dict(), lambda: render.found_heads(found), as_json)
