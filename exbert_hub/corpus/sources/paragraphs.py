"""From lines of text to paragraphs."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

_SAMPLE = 20_000  # lines that decide about a file
_WIDTHS = range(45, 101)  # at which people and Project Gutenberg wrap text
_SHORT = 0.6  # of the width: shorter lines were not wrapped
_CLOSERS = "\"')]}»”’"
_SENTENCE_ENDS = tuple(".!?…:;。！？")
_BOOK_MARK = re.compile(r"\*\*\* ?(START|END) OF TH(?:E|IS) PROJECT GUTENBERG EBOOK")
_BOOK_NOTE = "lines of Project Gutenberg's header and licence"


def paragraphs_of(text: str) -> Iterator[str]:
    """The paragraphs of one string."""
    if "\n" not in text and "\r" not in text:
        yield from join_lines([text], None)
    else:
        lines = list(io.StringIO(text, newline=None))
        yield from join_lines(lines, wrap_width(lines))


def join_lines(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Paragraphs without white space at their ends; empty ones are left out.

    :param width: at which the lines were broken: then all lines between two blank lines are one paragraph, except
        verse and lists, which are three lines or more, most of them far shorter. None: every line is a paragraph.
    """
    block: list[str] = []
    for line in lines:
        line = line.strip()
        if line:
            block.append(line)
        if block and (width is None or not line):
            yield from _paragraphs_in(block, width)
            block = []
    if block:
        yield from _paragraphs_in(block, width)


def _paragraphs_in(block: list[str], width: int | None) -> list[str]:
    inner = block[:-1]
    if width is not None and len(inner) >= 2 and 2 * sum(len(line) < _SHORT * width for line in inner) > len(inner):
        return block
    return [" ".join(block)]


def wrap_width(lines: Iterable[str]) -> int | None:
    """The width at which lines were broken, as in Project Gutenberg's files, None if line breaks have a meaning.

    Judged by the lines that another line of the same paragraph follows. The text is hard-wrapped if their usual
    maximum (the 95th percentile of their lengths) is 45 to 100 characters, most of them are full, which means that the
    first word of the next line would not have fitted, and most do not end like a sentence. So one sentence per line,
    one paragraph per line and poems are not hard-wrapped, whether or not there are blank lines.
    """
    stripped = (line.strip() for line in islice(lines, _SAMPLE))
    inner = [(line, following) for line, following in pairwise(stripped) if line and following]
    if not inner:
        return None
    lengths = sorted(len(line) for line, _ in inner)
    width = lengths[int(0.95 * (len(lengths) - 1))]
    full = sum(len(line) + 1 + len(following.split(maxsplit=1)[0]) > width for line, following in inner)
    ended = sum(line.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS) for line, _ in inner)
    return width if width in _WIDTHS and 2 * full >= len(inner) and 2 * ended < len(inner) else None


def book_lines(lines: Iterable[str], skipped: Counter[str]) -> Iterator[str]:
    """The lines of a Project Gutenberg book between its START and END marks; of any other text, all lines.

    The rest is Project Gutenberg's licence, the same in each of its books.
    """
    remaining = iter(lines)
    head = []
    for line in islice(remaining, 1000):
        head.append(line)
        if (mark := _BOOK_MARK.match(line)) and mark[1] == "START":
            break
    else:
        yield from head
        yield from remaining
        return
    skipped[_BOOK_NOTE] += len(head)
    for line in remaining:
        if _BOOK_MARK.match(line):
            skipped[_BOOK_NOTE] += 1 + sum(1 for _ in remaining)
        else:
            yield line
