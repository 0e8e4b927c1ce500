"""Compare two models, or two inspections by one."""

from __future__ import annotations

from typing import Annotated

import typer

from exbert_hub.index.format.types import MATCHES

from .common import (
    Ablate,
    By,
    Device,
    Json,
    Quiet,
    app,
    heads_by_layer,
    log_to_stderr,
    place_of,
    print_result,
    some_numbers,
)
from .index_source import IndexSource, Question


@app.command(epilog='Example:  hf-exbert compare woz-bert "She ran to escape." --token escape --mask')
def compare(
    a: Annotated[str, typer.Argument(help="Folder of an index, its repository on the Hub, or demo.")],
    rest: Annotated[
        list[str],
        typer.Argument(
            metavar="[B] [TEXT]",
            help="Another model's index of the same corpus; a sentence for --token. With one index, its model looks "
            "at the sentence twice: as it is, and as --mask, --against or --ablate say.",
        ),
    ],
    token: Annotated[
        str | None, typer.Option(help="A word of the sentence, or the position of a piece (a number always is one).")
    ] = None,
    mask: Annotated[bool, typer.Option("--mask", help="Mask the token: with two indexes on both sides.")] = False,
    against: Annotated[str | None, typer.Option(help="The second side's sentence, with the token too.")] = None,
    ablate: Ablate = None,
    by: Annotated[By, typer.Option(help="What to compare.")] = By.embedding,
    heads: Annotated[str | None, typer.Option(help="Heads, e.g. 6,9. Default: all of the layer.")] = None,
    field: Annotated[str, typer.Option(help="Label to count among the nearest pieces.")] = "pos",
    k: Annotated[int, typer.Option("-k", help="Number of nearest pieces.", min=1)] = MATCHES,
    p: Annotated[float, typer.Option("-p", help="How slowly the weight of the ranks falls, in the overlap.")] = 0.98,
    sample: Annotated[int, typer.Option(help="Words that representations are compared on.", min=2)] = 4000,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is different: nearest words, labels and attention of a token, and the models' representations."""
    *others, text = rest if token is not None else [*rest, None]
    if len(others) > 1 or (token is None and (mask or against or ablate)):
        raise typer.BadParameter("give one or two indexes, and a sentence with --token")
    if token is not None and not others and not (mask or against or ablate):
        raise typer.BadParameter("with one index, say what is different: --mask, --against or --ablate")
    log_to_stderr(quiet)
    from exbert_hub.index.compare.comparison import compare as compare_indexes

    from . import render

    sides = [IndexSource((name,), device=device, quiet=quiet).open_with_model() for name in (a, *others)]
    questions = _questions(text, token, both=bool(others), mask=mask, against=against, ablate=ablate)
    comparison = compare_indexes(
        sides[0][1],
        sides[-1][1],
        seen=questions and (questions[0].ask(sides[0][0]), questions[1].ask(sides[-1][0])),
        token=questions and questions[0].token,
        by=by.value,
        heads=some_numbers(heads, "heads"),
        field=field,
        k=k,
        p=p,
        sample=sample,
    )
    print_result(comparison.to_dict(), lambda: render.comparison(comparison), as_json)


def _questions(
    text: str | None, token: str | None, *, both: bool, mask: bool, against: str | None, ablate: list[str] | None
) -> tuple[Question, Question] | None:
    """What each side is asked; None to compare two models without a text.

    :param both: whether the token is masked on the first side too, which has another model then.
    """
    if text is None or token is None:
        return None
    place = place_of(token)
    masked = (place,) if mask else ()
    return (
        Question(text, place, masked=masked if both else ()),
        Question(against or text, place, masked=masked, ablate=heads_by_layer(ablate)),
    )
