"""The pages of the documentation, taken apart: their fenced blocks, their links, their headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

RUN = ("python", "bash", "console", "tsv")
"""Languages whose blocks are run; of a `tsv` block with a file name, that file is written."""
SHOWN = ("text", "json", "yaml", "mermaid")
"""Languages whose blocks are only to be read."""

_FENCE = re.compile(r"^( *)```(.*)$")
_NOT_RUN = re.compile(r"^<!-- not run: (.+?) -->$")
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)|<(?:img|a)[^>]* (?:src|href)=\"([^\"]+)\"")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str  # path below the root, with "/"
    line: int  # of the opening fence, from 1
    language: str
    title: str  # what follows the language, such as a file name
    source: str
    not_run: str  # the reason given in a comment above; "" if the block is run

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order; a comment `<!-- not run: REASON -->` counts for the next block."""
    blocks: list[Block] = []
    reason, opened = "", None
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is not None:
            if fence and not fence[2]:
                start, indent, language, title = opened
                source = "".join(f"{text[indent:]}\n" for text in lines)
                blocks.append(Block(name_of(page), start, language, title, source, reason))
                opened, reason, lines = None, "", []
            else:
                lines.append(line)
        elif fence:
            language, _, title = fence[2].partition(" ")
            opened = number, len(fence[1]), language, title
        elif comment := _NOT_RUN.match(line.strip()):
            reason = comment[1]
        elif line.strip():
            reason = ""
    assert opened is None, f"{page}: the block that begins in line {opened[0]} has no end" if opened else ""
    return blocks


def prose_of(page: Path) -> str:
    """The text of a page outside of its blocks and of `code`."""
    lines, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            lines.append(_INLINE_CODE.sub("", line))
    return "\n".join(lines)


def links_of(page: Path) -> list[str]:
    return [markdown or html for markdown, html in _LINK.findall(prose_of(page))]


def anchors_of(page: Path) -> set[str]:
    """What GitHub lets one link to on a page: its headings, in lower case, without punctuation, "-" for spaces."""
    anchors, inside = set(), False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside and (heading := re.match(r"#+ (.*)", line)):
            anchors.add(re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-"))
    return anchors
