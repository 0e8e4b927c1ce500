"""Find the head for me."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from exbert_hub.index.format.types import MATCHES

from .common import Device, Json, Quiet, Revision, app, log_to_stderr, place_of, print_result
from .index_source import IndexSource, Question

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.head_table import HeadScore
    from exbert_hub.index.heads.examples import HeadExample


class Of(StrEnum):
    match = "match"
    max_attention = "max_attention"


class Direction(StrEnum):
    to_head = "to_head"
    to_dependant = "to_dependant"


@app.command(epilog="Example:  hf-exbert heads woz-bert --label dobj")
def heads(
    index: Annotated[list[str], typer.Argument(help="Folder of an index, its repository on the Hub, or demo.")],
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
    log_to_stderr(quiet)
    from . import render

    opened = IndexSource(tuple(index), revision, quiet=quiet).open()
    scores = opened.heads(label, measure, direction.value if direction else None, layer)
    chosen = scores[:k] if label or measure else list(scores.best())
    sentences = _examples(opened, scores[0]) if examples else ()
    listed = [{**score._asdict(), "lift": score.lift if score.baseline else None} for score in chosen]
    result = {"heads": listed, "examples": [vars(example) for example in sentences]}
    print_result(result, lambda: render.heads(chosen, sentences), as_json)


def _examples(index: CorpusIndex, score: HeadScore) -> tuple[HeadExample, ...]:
    return index.head_examples(score.layer, score.head, score.measure, score.label, score.direction)


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
    k: Annotated[int, typer.Option("-k", help="Matches looked at, in either half of the corpus.", min=1)] = MATCHES,
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
    log_to_stderr(quiet)
    from exbert_hub.index.heads.subsets import SubsetRequest

    from . import render

    place = place_of(token)
    question = Question(sentence, place, masked=(place,) if mask else ())
    request = SubsetRequest(label, field, of.value, layer, k, exclude_query, unique)
    inspector, opened = IndexSource(tuple(index), revision, model, device, quiet).open_with_model()
    subset = opened.head_catalog.find(question.ask(inspector), place, request)
    print_result(subset.to_dict(), lambda: render.found_heads(subset), as_json)
