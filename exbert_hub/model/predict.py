"""What a language-model head expects."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from .types import Prediction

_ROWS = 64  # logits widened at once: a full float32 copy of [1024, 256k] logits would take a gigabyte


def top_predictions(logits: Tensor, tokenizer: PreTrainedTokenizerBase, k: int) -> tuple[tuple[Prediction, ...], ...]:
    """The `k` likeliest pieces at each of the N positions of `logits` [N, V], likeliest first."""
    values, ids = [], []
    for rows in logits.split(_ROWS):
        rows = rows.float()
        top = rows.topk(min(k, rows.shape[-1]))
        values.append((top.values - rows.logsumexp(-1, keepdim=True)).exp())
        ids.append(top.indices)
    probabilities, indices = torch.cat(values).tolist(), torch.cat(ids).tolist()
    names = {index: readable(tokenizer, index) for index in {index for row in indices for index in row}}
    return tuple(
        tuple(Prediction(names[index], index, share) for index, share in zip(row, shares, strict=True))
        for row, shares in zip(indices, probabilities, strict=True)
    )


def readable(tokenizer: PreTrainedTokenizerBase, index: int) -> str:
    """A piece as a reader would write it, without continuation and space markers.

    Where nothing readable is left (white space, a part of a character), the piece as the tokenizer names it.
    """
    name = tokenizer.convert_ids_to_tokens(index)
    if name is None:  # embedding matrices are often padded beyond the vocabulary
        return f"<{index}>"
    text = str(tokenizer.decode([index])).strip().removeprefix("##")
    return text if text and "\ufffd" not in text else str(name)
