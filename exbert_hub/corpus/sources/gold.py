"""Common to the readers of gold annotation: words without offsets in, sentences out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from exbert_hub.corpus.types import Sentence, Word

_CHUNK_TAG = re.compile(r"[BIESLUM][-_](.+)")  # of the schemes IOB, BIOES and BILOU


class GoldWord(NamedTuple):
    """A word as the corpus has it; the fields are those of `Word`."""

    text: str
    lemma: str = ""
    pos: str = ""
    tag: str = ""
    dep: str = ""
    head: int = -1  # index among the words of the sentence, its own for the root, -1 if unknown
    ent_type: str = ""
    extra: Mapping[str, str] = {}


def locate(forms: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """Character spans of forms that stand in the text one after another, None if they do not."""
    spans = []
    position = 0
    for form in forms:
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith(form, position):
            return None
        spans.append((position, position + len(form)))
        position += len(form)
    return spans


def lay_out(forms: Sequence[str], space_after: Iterable[bool]) -> tuple[str, list[tuple[int, int]]]:
    """A text made of forms, and their character spans in it."""
    text, spans = "", []
    for form, space in zip(forms, space_after, strict=True):
        spans.append((len(text), len(text) + len(form)))
        text += form + " " * space
    return text.rstrip(), spans


def gold_sentence(text: str, words: Sequence[GoldWord], spans: Sequence[tuple[int, int]]) -> Sentence:
    """Put words and their spans together."""
    return Sentence(
        text,
        tuple(
            Word(
                text=word.text,
                start=start,
                end=end,
                lemma=word.lemma,
                pos=word.pos,
                tag=word.tag,
                dep=word.dep,
                head=word.head,
                head_text=words[word.head].text if word.head >= 0 else "",
                ent_type=word.ent_type,
                is_entity=bool(word.ent_type),
                extra=word.extra,
            )
            for word, (start, end) in zip(words, spans, strict=True)
        ),
    )


def entity_type(tag: str) -> str:
    """The type in an entity tag: "PER" of "B-PER" and of "PER", "" of "O" and "_"."""
    if tag in ("", "O", "_"):
        return ""
    chunk = _CHUNK_TAG.fullmatch(tag)
    return chunk[1] if chunk else tag
