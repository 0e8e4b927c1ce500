"""Matches as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from exbert_hub import notebook

from .types import Match, Summary

MATCHES = 20  # shown


def matches_html(
    query: str, matches: Sequence[Match], left_out: Mapping[str, int], summaries: Sequence[Summary]
) -> str:
    """The nearest corpus words in their sentences, and what they are.

    :param query: what was searched for, in words.
    :param summaries: histograms to show below.
    """
    omitted = "".join(f", {count} left out ({why})" for why, count in left_out.items())
    title = f"<b>{len(matches)} nearest to {escape(query)}</b><span class=q>{escape(omitted)}</span>"
    rows = "".join(map(_match_row, matches[:MATCHES]))
    more = notebook.more(len(matches) - MATCHES, "matches")
    sums = "".join(f"<td>{summary.to_html()}</td>" for summary in summaries)
    head = "<tr><th class=n>score<th>match, <u>token it attends to most</u><th>pos<th>dep</tr>"
    return notebook.box(title, f"<table>{head}{rows}</table>{more}<table><tr>{sums}</tr></table>")


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
