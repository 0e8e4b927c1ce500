"""Which parts of a JavaScript file are code, and which are comments, strings, templates or regular expressions.

Enough of the lexical grammar (ECMA-262, section 12) to find the words `import` and `export` where they are code, and
to leave comments out. Whether a slash divides or begins a regular expression depends on the grammar; here it divides
after a name, a number or a closing bracket, as it does where no statement begins with a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_BEFORE_REGEX = frozenset("return typeof case in of void delete throw new else do await yield instanceof".split())
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>[\w$]+)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_GONE = "\0"  # in no script
_TEMPLATE_PART = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)


@dataclass(frozen=True)
class Masked:
    """A script, and the same with parts of it replaced by spaces: every position is that of the script."""

    text: str
    comments: tuple[tuple[int, int], ...]
    uncommented: str  # spaces for comments
    code: str  # spaces for comments, strings, templates and regular expressions

    def without(self, cuts: Iterable[tuple[int, int]]) -> str:
        """The script without comments and without some stretches. Lines that held nothing else are gone."""
        parts, at = [], 0
        spans = [(*span, " ") for span in self.comments] + [(*span, "") for span in cuts]
        for start, end, filler in sorted(spans):
            parts += [self.text[at:start], _GONE + filler + self.text.count("\n", start, end) * f"\n{_GONE}"]
            at = end
        lines = "".join([*parts, self.text[at:]]).split("\n")
        left = [(line.replace(_GONE, "").rstrip() if _GONE in line else line, _GONE in line) for line in lines]
        return "\n".join(line for line, was_cut in left if line or not was_cut)


def mask(text: str) -> Masked:
    """Find what is code. A script that ends within a template or a comment is taken as code from there on."""
    comments: list[tuple[int, int]] = []
    texts: list[tuple[int, int]] = []
    substitutions: list[int] = []  # how many brackets were open within each `${` that is open
    depth, at, before = 0, 0, ""
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None  # the last alternative matches any sign
        kind, end, start, sign = token.lastgroup, token.end(), at, token[0]
        regex = _REGEX.match(text, at) if sign == "/" and _may_begin_regex(before) else None
        closes = sign == "}" and substitutions[-1:] == [depth]
        if kind == "comment":
            comments.append((start, end))
        elif kind == "string":
            texts.append((start, end))
        elif regex:
            end = regex.end()
            texts.append((start, end))
        elif sign == "`" or closes:
            if closes:
                depth = substitutions.pop() - 1
            part = _TEMPLATE_PART.match(text, start + 1)
            end = part.end() if part else start + 1
            if text.startswith("${", end):
                depth += 1
                substitutions.append(depth)
                sign, end = "{", end + 2
            else:
                end = min(end + 1, len(text))
            texts.append((start, end))
        elif kind == "sign":
            depth += (sign in "([{") - (sign in ")]}")
        if kind not in ("space", "comment"):
            before = sign
        at = end
    uncommented = _blank(text, comments)
    return Masked(text, tuple(comments), uncommented, _blank(uncommented, texts))


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _may_begin_regex(before: str) -> bool:
    """Whether a slash after this token begins a regular expression."""
    if before in _BEFORE_REGEX or not before:
        return True
    return not (before[-1].isalnum() or before[-1] in "_$)]}`\"'/")
