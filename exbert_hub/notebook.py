"""Results as HTML, for notebooks: what `_repr_html_` shows.

Self-contained fragments without scripts that need no server; every text is escaped. Colours are mixed from the text's
own, so they fit light and dark pages.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.analysis.attention import encode_sqrt
from exbert_hub.analysis.significance import LEVEL

if TYPE_CHECKING:
    from exbert_hub.index.format.types import Match
    from exbert_hub.model.types import Prediction

    from .index import Bar, Matches, Summary
    from .model import Inspection

MATCHES = 20
BARS = 12
PREDICTIONS = 5
CHANCE = f"n.s., hollow: not to be told from the base rate (false discovery rate {LEVEL:.0%})"
PICTURED = 64  # pieces; above, a notebook would grow by a megabyte with each text

_STYLE = (
    "<style>"
    ".exbert{font:13px/1.5 system-ui,sans-serif;max-width:72em;overflow-x:auto}"
    ".exbert table{border-collapse:collapse;margin:.4em 0}"
    ".exbert :is(td,th){text-align:left;padding:.1em .6em;border:0;vertical-align:baseline;background:none}"
    ".exbert .n{text-align:right;font-variant-numeric:tabular-nums}"
    ".exbert .q{opacity:.7}"
    ".exbert .b{height:.8em;min-width:1px;background:currentColor;border:1px solid;opacity:.55}"
    ".exbert .c{background:none}"
    ".exbert .p{display:inline-block;padding:0 .35em;margin:.1em;border:1px solid;border-radius:3px}"
    ".exbert .s{opacity:.45}"
    ".exbert mark{color:inherit;background:color-mix(in srgb,currentColor 22%,transparent)}"
    ".exbert img{image-rendering:pixelated;max-width:100%;border:1px solid}"
    "</style>"
)


def matches(found: Matches) -> str:
    """The nearest corpus words in their sentences, and what they are."""
    left_out = "".join(f", {count} left out ({why})" for why, count in found.left_out.items())
    title = f"<b>{len(found)} nearest to {escape(str(found.query))}</b><span class=q>{escape(left_out)}</span>"
    rows = [_match_row(match) for match in found[:MATCHES]]
    more = _more(len(found) - MATCHES, "matches")
    sums = "".join(f"<td>{_bars(found.summary(name))}</td>" for name in ("pos", "dep") if name in found.labels)
    head = "<tr><th class=n>score<th>match, <u>token it attends to most</u><th>pos<th>dep</tr>"
    return _box(title, f"<table>{head}{''.join(rows)}</table>{more}<table><tr>{sums}</tr></table>")


def summary(counted: Summary) -> str:
    """Bars with counts, shares, base rates, lifts and corrected p-values."""
    return _box(_bars(counted))


def inspection(seen: Inspection) -> str:
    """Pieces, predictions and a picture of all attention, a row of heads per layer."""
    facts = seen.facts
    layers = f"{len(facts.heads)} layers of up to {max(facts.heads)} heads"
    name = Path(facts.model_id).name if Path(facts.model_id).is_dir() else facts.model_id
    title = f"<b>{escape(name)}</b> <span class=q>{len(seen.pieces)} pieces, {layers}</span>"
    pieces = "".join(_piece(seen, at) for at in range(len(seen.pieces)))
    return _box(title, f"<div>{pieces}</div>", _predicted(seen), _picture(seen))


def _box(*parts: str) -> str:
    return f"<div class=exbert>{_STYLE}{''.join(parts)}</div>"


def _more(count: int, what: str) -> str:
    return f"<div class=q>and {count} more {what}</div>" if count > 0 else ""


def _match_row(match: Match) -> str:
    labels = (match.labels.get("pos", ""), match.labels.get("dep", ""))
    cells = "".join(f"<td>{escape(label)}" for label in labels)
    return f"<tr><td class=n>{match.score:.3f}<td>{_sentence(match)}{cells}</tr>"


def _sentence(match: Match) -> str:
    """The text with the match marked and its max-attention token underlined."""
    text, offsets = match.context.text, match.context.offsets
    tags = [(offsets[match.position], "mark")]
    if match.max_attention is not None:
        tags.append((offsets[match.max_attention], "u"))
    if len(tags) == 2 and tags[0][0] == tags[1][0]:  # it attends to itself most
        (start, end), _ = tags[0]
        return f"{escape(text[:start])}<mark><u>{escape(text[start:end])}</u></mark>{escape(text[end:])}"
    parts, done = [], 0
    for (start, end), tag in sorted(tags):
        start = max(start, done)
        parts += [escape(text[done:start]), f"<{tag}>{escape(text[start:end])}</{tag}>"]
        done = max(done, end)
    return "".join(parts) + escape(text[done:])


def _bars(counted: Summary) -> str:
    bars = counted.bars if counted.field == "offset" else counted.bars[:BARS]
    widest = max((bar.share for bar in bars), default=1.0)
    rows = "".join(
        f"<tr title='{_interval(bar)}'>"
        f"<td>{escape(bar.label) or '(none)'}<td class=n>{bar.count}<td class=n>{bar.share:.1%}"
        f"<td class='n q'>{bar.base_rate:.1%}<td class=n>×{bar.lift:.1f}"
        f"<td class='n q'>{f'{bar.q:.1g}' if bar.significant else 'n.s.'}"
        f"<td><div class='b{'' if bar.significant else ' c'}' style='width:{bar.share / widest * 8:.2f}em'></div></tr>"
        for bar in bars
    )
    what = f"{counted.field} of the {counted.of.replace('_', '-')} tokens ({counted.total})"
    head = "<tr><th><th class=n>count<th class=n>share<th class='n q'>base<th class=n>lift<th class='n q'>q<th></tr>"
    chance = "" if all(bar.significant for bar in bars) else f"<div class=q>{CHANCE}</div>"
    return (
        f"<table><caption>{escape(what)}</caption>{head}{rows}</table>"
        f"{_more(len(counted.bars) - len(bars), 'labels')}{chance}"
    )


def _interval(bar: Bar) -> str:
    return f"share {bar.low:.0%} to {bar.high:.0%} (95 % bootstrap interval), p {bar.p:.2g}, q {bar.q:.2g}"


def _piece(seen: Inspection, at: int) -> str:
    style = "p s" if seen.special[at] else "p"
    text = escape(seen.pieces[at])
    hint = escape(_likely(seen.predicted[at])) if seen.predicted and len(seen.stacks) == 1 else ""
    title = f' title="{at}{": " + hint if hint else ""}"'
    return f'<span class="{style}"{title}>{f"<mark>{text}</mark>" if seen.masked[at] else text}</span>'


def _predicted(seen: Inspection) -> str:
    """Predictions where they were asked for: at masked pieces, or after the last one."""
    if seen.predicts == "none" or not seen.predicted:
        return ""
    places: Iterable[int] = np.flatnonzero(seen.masked)
    if seen.predicts == "next":
        places = [len(seen.predicted) - 1]
    tokens = seen.stacks["decoder"].queries if "decoder" in seen.stacks else seen.tokens
    what = "at" if seen.predicts == "here" else "after"
    rows = "".join(
        f"<tr><td>{what} {at} {escape(tokens.pieces[at])}<td>{escape(_likely(seen.predicted[at]))}</tr>"
        for at in places
    )
    return f"<table>{rows}</table>" if rows else ""


def _likely(predictions: Iterable[Prediction]) -> str:
    return ", ".join(f"{one.text} {one.probability:.0%}" for one in list(predictions)[:PREDICTIONS])


def _picture(seen: Inspection) -> str:
    """A grid of attention maps, from rows to columns within each: layers down, heads across."""
    size = len(seen.pieces)
    if size > PICTURED:
        return f"<div class=q>attention is pictured up to {PICTURED} pieces</div>"
    across = max(seen.facts.heads)
    grid = np.zeros((len(seen.attention) * (size + 1), across * (size + 1)), np.uint8)
    for layer, attention in enumerate(seen.attention):
        for head, weights in enumerate([] if attention is None else encode_sqrt(np.asarray(attention))):
            top, left = layer * (size + 1), head * (size + 1)
            grid[top : top + size, left : left + size] = weights
    scale = max(1, 640 // grid.shape[1])
    return (
        f"<div class=q>attention, layers down, heads across; darker is more</div>"
        f'<img alt="attention of every head" width={grid.shape[1] * scale} '
        f'src="data:image/png;base64,{_png(255 - grid)}">'
    )


def _png(grey: np.ndarray) -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()
