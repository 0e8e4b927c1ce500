"""From lines of text to paragraphs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice

_SAMPLE = 20_000  # lines that decide about a file
_WIDTHS = range(45, 101)  # at which people and Project Gutenberg wrap text
_CLOSERS = "\"')]}»”’"
_SENTENCE_ENDS = tuple(".!?…:;。！？")


def paragraphs_of(text: str) -> Iterator[str]:
    """The paragraphs of one string."""
    if "\n" not in text and "\r" not in text:
        lines, wrapped = [text], False
    else:
        lines = list(io.StringIO(text, newline=None))
        wrapped = is_hard_wrapped(lines)
    yield from join_lines(lines, wrapped)


def join_lines(lines: Iterable[str], wrapped: bool) -> Iterator[str]:
    """Paragraphs without white space at their ends; empty ones are left out.

    :param wrapped: whether line breaks mean nothing, so that the lines between two blank lines are one paragraph.
        Otherwise every line is a paragraph.
    """
    paragraph: list[str] = []
    for line in lines:
        line = line.strip()
        if line:
            paragraph.append(line)
        if paragraph and not (line and wrapped):
            yield " ".join(paragraph)
            paragraph = []
    if paragraph:
        yield " ".join(paragraph)


def is_hard_wrapped(lines: Iterable[str]) -> bool:
    """Whether the lines were broken at a fixed width, as in Project Gutenberg's files.

    Judged by the lines that another line of the same paragraph follows. The text is hard-wrapped if their usual
    maximum (the 95th percentile of their lengths) is 45 to 100 characters, most of them are full, which means that the
    first word of the next line would not have fitted, and most do not end like a sentence. So one sentence per line,
    one paragraph per line and most verse are not hard-wrapped, whether or not there are blank lines.
    """
    inner = list(_inner_lines(islice(lines, _SAMPLE)))
    if not inner:
        return False
    lengths = sorted(len(line) for line, _ in inner)
    width = lengths[int(0.95 * (len(lengths) - 1))]
    if width not in _WIDTHS:
        return False
    full = sum(len(line) + 1 + len(following.split(maxsplit=1)[0]) > width for line, following in inner)
    ended = sum(line.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS) for line, _ in inner)
    return 2 * full >= len(inner) and 2 * ended < len(inner)


def _inner_lines(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line that is followed by another one in its paragraph, with that one."""
    previous = ""
    for line in lines:
        line = line.strip()
        if previous and line:
            yield previous, line
        previous = line
