"""A special piece in front of every text of a causal model whose tokenizer puts none there.

In such a model the first piece sees nothing but itself, whatever it is, and trained models use it as a place to attend
to when there is nothing to find ("attention sink", Xiao et al. 2024, section 3.1; "null attention", Vig & Belinkov
2019, section 4.2). Behind a start token that piece is no word of the text. TransformerLens prepends one by default.
"""

from __future__ import annotations

from typing import NamedTuple

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from exbert_hub.errors import SelectionError

AUTO = "auto"


class StartToken(NamedTuple):
    """What stands in front."""

    piece: str
    id: int


def choose_start_token(
    tokenizer: PreTrainedTokenizerBase, wanted: str | None, *, is_causal: bool
) -> StartToken | None:
    """The start token of a model.

    :param wanted: "auto" for the tokenizer's beginning-of-sequence token, or else its end-of-sequence token, if the
        model is causal and its tokenizer puts no special piece in front; None for none; or the piece to take.
    :raises SelectionError: for a piece that the vocabulary does not have, or a model that cannot have one.
    """
    if wanted is None:
        return None
    has_own = puts_special_first(tokenizer)
    if wanted == AUTO:
        if not is_causal or has_own:
            return None
        piece = tokenizer.bos_token or tokenizer.eos_token
        return None if piece is None else named_start_token(tokenizer, str(piece))
    if not is_causal:
        raise SelectionError("A start token is for causal models; this one sees the whole text from every piece.")
    if has_own:
        raise SelectionError("This tokenizer puts a special piece in front already: leave start_token out.")
    if wanted not in tokenizer.get_vocab():
        named = ", ".join(map(repr, filter(None, (tokenizer.bos_token, tokenizer.eos_token)))) or "none"
        raise SelectionError(
            f"start_token={wanted!r} is no piece of this tokenizer (its beginning and end of sequence: {named})."
        )
    return named_start_token(tokenizer, wanted)


def puts_special_first(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer itself begins every text with a special piece."""
    encoded = tokenizer("a", return_special_tokens_mask=True, verbose=False)
    mask = encoded["special_tokens_mask"]
    return bool(mask) and bool(mask[0])


def named_start_token(tokenizer: PreTrainedTokenizerBase, piece: str) -> StartToken:
    """A piece of the vocabulary as a start token."""
    return StartToken(piece, int(tokenizer.get_vocab()[piece]))
