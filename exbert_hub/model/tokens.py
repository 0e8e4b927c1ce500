"""Text to pieces, and words to the positions of their pieces."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from exbert_hub.errors import ExbertError, MaskError, TokenError

from .selection import whole_number
from .types import Tokens

logger = logging.getLogger(__name__)

_SPACE_MARKERS = "▁Ġ"


def tokenize(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    *,
    as_target: bool = False,
) -> list[Tokens]:
    """Raw texts to pieces with special tokens, without truncation or padding; `as_target` for what a decoder writes.

    A literal `[MASK]` or `<s>` in a text becomes the real special token, and is not flagged as special: only what the
    tokenizer added is. Tokenizers written in Python give no offsets; these are then found by reading along the text.

    :raises ExbertError: if a text is no string, or holds halves of characters (lone surrogates).
    """
    for text in (*texts, *(pairs or ())):
        _check_text(text)
    given = {"text_target": list(texts)} if as_target else {"text": list(texts), "text_pair": pairs and list(pairs)}
    encoded = tokenizer(
        **given,
        return_special_tokens_mask=True,
        return_offsets_mapping=tokenizer.is_fast,
        verbose=False,
    )
    result = []
    for row, ids in enumerate(encoded["input_ids"]):
        pieces = tokenizer.convert_ids_to_tokens(ids)
        special = np.array(encoded["special_tokens_mask"][row], dtype=bool)
        if tokenizer.is_fast:
            segments = _segments(encoded.sequence_ids(row))
            offsets = np.array(encoded["offset_mapping"][row], dtype=np.int64).reshape(-1, 2)
        else:
            segments = _python_segments(special, pairs is not None)
            sides = (texts[row], pairs[row] if pairs is not None else "")
            offsets = _read_along(pieces, special, segments, sides)
        result.append(
            Tokens(tuple(pieces), np.array(ids, dtype=np.int64), offsets, special, np.zeros(len(ids), bool), segments)
        )
    return result


def mask_tokens(tokens: Tokens, positions: Sequence[int], mask_token: str, mask_id: int) -> Tokens:
    """Replace the pieces at `positions`, one mask per piece; offsets stay those of the raw text."""
    pieces, ids, masked = list(tokens.pieces), tokens.ids.copy(), tokens.masked.copy()
    for position in positions:
        if tokens.special[position]:
            raise MaskError(f"Position {position} is the special token {pieces[position]}: mask a piece of the text.")
        pieces[position], ids[position], masked[position] = mask_token, mask_id, True
    return replace(tokens, pieces=tuple(pieces), ids=ids, masked=masked)


def find(tokens: Tokens, texts: tuple[str, str], word: str) -> tuple[int, ...]:
    """Positions of the pieces of the one place where `word` stands.

    Whole words are looked for first, then any occurrence (for scripts without spaces), then a piece of that name.

    :param texts: what `tokens.offsets` refer to, by segment.
    :raises TokenError: if the word does not occur, or more than once.
    """
    if not isinstance(word, str):
        raise TokenError(f"A word is looked for by its text, not by {word!r}.")
    for pattern in (rf"(?<!\w){re.escape(word)}(?!\w)", re.escape(word)):
        places = [place for segment in (0, 1) for place in _occurrences(tokens, texts[segment], segment, pattern)]
        if places:
            break
    else:
        places = [(position,) for position, piece in enumerate(tokens.pieces) if piece == word]
    if not word or not places:
        raise TokenError(f"{word!r} is not in the text. Its pieces are: {' '.join(tokens.pieces)}")
    if len(places) > 1:
        listed = ", ".join(str(place[0]) for place in places)
        raise TokenError(f"{word!r} occurs {len(places)} times, at positions {listed}: give one of these positions.")
    return places[0]


def position_of(tokens: Tokens, texts: tuple[str, str], token: str | int) -> int:
    """Position of a piece given by position, or of the first piece of a word.

    :raises TokenError: if there is no such piece, or more than one.
    """
    if isinstance(token, str):
        return find(tokens, texts, token)[0]
    position = whole_number(token)
    if position is None:
        raise TokenError(f"A token is given by its word or its position, not by {token!r}.")
    if not 0 <= position < len(tokens.pieces):
        raise TokenError(f"There is no piece {position}: the text has pieces 0 to {len(tokens.pieces) - 1}.")
    return position


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise ExbertError(f"A text is a string, not {type(text).__name__}: {text!r}.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ExbertError(
            f"The text has half of a character (a lone surrogate) at position {error.start}: it was decoded or cut "
            f"wrongly. Read it as UTF-8 again, or drop it: text.encode('utf-8', 'ignore').decode()."
        ) from error


def _occurrences(tokens: Tokens, text: str, segment: int, pattern: str) -> list[tuple[int, ...]]:
    places = []
    for match in re.finditer(pattern, text):
        if match.end() == match.start():
            continue
        start, end = match.span()
        overlaps = (tokens.offsets[:, 0] < end) & (tokens.offsets[:, 1] > start)
        place = np.flatnonzero(overlaps & ~tokens.special & (tokens.segments == segment))
        if len(place):
            places.append(tuple(place.tolist()))
    return places


def _segments(sequence_ids: Sequence[int | None]) -> np.ndarray:
    """Added tokens count to the text before them, or to the first."""
    segments = np.zeros(len(sequence_ids), np.int8)
    current = 0
    for position, segment in enumerate(sequence_ids):
        current = current if segment is None else segment
        segments[position] = current
    return segments


def _python_segments(special: np.ndarray, is_pair: bool) -> np.ndarray:
    """The second text begins with the first piece behind an inner run of special tokens."""
    segments = np.zeros(len(special), np.int8)
    if is_pair:
        ends = np.flatnonzero(special[1:] & ~special[:-1]) + 1  # of both texts
        starts = np.flatnonzero(~special[1:] & special[:-1]) + 1
        segments[next((start for start in starts if start > ends[0]), len(special)) :] = 1
    return segments


def _read_along(
    pieces: Sequence[str], special: np.ndarray, segments: np.ndarray, sides: tuple[str, str]
) -> np.ndarray:
    logger.info("tokenizer gives no offsets: reading along the text instead")
    offsets = np.zeros((len(pieces), 2), np.int64)
    cursors = [0, 0]
    for position, piece in enumerate(pieces):
        if special[position]:
            continue
        segment = int(segments[position])
        plain: Any = piece.lstrip(_SPACE_MARKERS).removeprefix("##").removesuffix("</w>")
        start = sides[segment].lower().find(plain.lower(), cursors[segment]) if plain else -1
        end = start + len(plain)
        if start < 0:  # unknown or normalised away: an empty span where the reading stands
            start = end = cursors[segment]
        offsets[position] = start, end
        cursors[segment] = end
    return offsets
