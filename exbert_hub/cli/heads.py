"""Find the head for me."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .common import Json, Quiet, Revision, app, print_result, talk

if TYPE_CHECKING:
    from ..index.head_stored import HeadExample


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
    k: Annotated[int, typer.Option("-k", help="Number of heads.", min=1)] = 10,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which heads attend to what, the best first; without a label or measure, the best head for each."""
    talk(quiet)
    from .. import render
    from ..index import CorpusIndex

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
