"""Pieces as the page shows them, and which of them make one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.corpus import align_pieces
from exbert_hub.corpus.words import split_words

from .common import Message

if TYPE_CHECKING:
    from exbert_hub.model.types import Tokens

Texts = tuple[str, str]
"""The text and the second text, "" where there is none."""


class PieceJson(Message):
    text: str  # as people read it
    original: str  # what stands in the text, also behind a mask
    special: bool
    masked: bool
    segment: int  # 0, or 1 for the second text of a pair


class WordStartJson(Message):
    """The word that begins with a piece."""

    start: int
    text: str


def pieces_json(tokens: Tokens, texts: Texts) -> list[PieceJson]:
    return [_piece_json(tokens, texts, i) for i in range(len(tokens.pieces))]


def _piece_json(tokens: Tokens, texts: Texts, i: int) -> PieceJson:
    piece, spelled, special = tokens.pieces[i], surface(tokens, texts, i), bool(tokens.special[i])
    return {
        "text": _display(piece, spelled, special),
        "original": spelled or piece,
        "special": special,
        "masked": bool(tokens.masked[i]),
        "segment": int(tokens.segments[i]),
    }


def surface(tokens: Tokens, texts: Texts, first: int, last: int | None = None) -> str:
    """What a piece, or a stretch of pieces up to `last`, spells in its text."""
    start, end = tokens.offsets[first][0], tokens.offsets[first if last is None else last][1]
    return texts[min(int(tokens.segments[first]), 1)][start:end].strip()


def _display(piece: str, spelled: str, special: bool) -> str:
    """The piece as people read it. Byte-level pieces spell other scripts in Latin letters: there the text is shown."""
    bare = piece.lstrip("Ġ▁") or "␣"
    return bare if special or not spelled or bare.isascii() else spelled


def words_json(tokens: Tokens, texts: Texts) -> list[WordStartJson]:
    """Stretches of pieces that make one word, in order, none left out: pieces without a word stand alone.

    A word that is masked, wholly or in part, is shown as its pieces are: what is there is what the model saw.
    """
    words = word_of_piece(tokens, texts)
    starts = np.flatnonzero(np.diff(words, prepend=-1)).tolist()
    return [_word_json(tokens, texts, *span) for span in zip(starts, [*starts[1:], len(words)], strict=True)]


def _word_json(tokens: Tokens, texts: Texts, start: int, end: int) -> WordStartJson:
    if end - start == 1:
        return {"start": start, "text": _piece_json(tokens, texts, start)["text"]}
    if not tokens.masked[start:end].any():
        return {"start": start, "text": surface(tokens, texts, start, end - 1)}
    shown = [tokens.pieces[i] if tokens.masked[i] else surface(tokens, texts, i) for i in range(start, end)]
    return {"start": start, "text": "".join(shown)}


def word_of_piece(tokens: Tokens, texts: Texts) -> np.ndarray:
    """[N] int64, never falling: which word of the input each piece belongs to, counted from 0.

    A special token and a piece without a word count as a word of their own.
    """
    ids = np.full(len(tokens.pieces), -1)
    for segment, text in enumerate(texts):
        own = np.flatnonzero((np.minimum(tokens.segments, 1) == segment) & ~tokens.special)
        ids[own] = align_pieces(split_words(text), tokens.offsets[own], text).word_of_piece
    begins = np.ones(len(ids), bool)
    begins[1:] = (ids[1:] < 0) | (ids[1:] != ids[:-1]) | (tokens.segments[1:] != tokens.segments[:-1])
    return np.cumsum(begins) - 1
