"""What travels out of the model room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from exbert_hub.errors import UnsupportedError

StackName = Literal["encoder", "decoder", "cross"]
ModelKind = Literal["masked", "causal", "seq2seq", "encoder"]


class Prediction(NamedTuple):
    """One candidate of the language-model head."""

    text: str
    id: int
    probability: float


@dataclass(frozen=True)
class ModelInfo:
    """What identifies a loaded model and what one must know to index or to search with it."""

    model_id: str
    revision: str | None  # resolved commit, None for a local folder
    kind: ModelKind
    architecture: str  # config.model_type
    heads: tuple[int, ...]  # query heads per layer of the main stack, 0 where the layer has no attention
    head_dims: tuple[int, ...]  # width of one head context per layer, 0 where the layer has no attention
    hidden_size: int
    max_length: int  # pieces, special tokens counted
    final_norm: bool  # whether the last hidden state is taken after a final norm (GPT-2, Llama, …)
    weights_fingerprint: str  # same for the same base-model weights, whatever their file format
    tokenizer_fingerprint: str
    dtype: str = "float32"  # that it computes in, as torch names it; norms of vectors are float32 always
    start_token: str | None = None  # special piece put in front of every text, where the tokenizer puts none


@dataclass(frozen=True)
class Tokens:
    """The pieces of one input; all arrays have length N."""

    pieces: tuple[str, ...]  # as the tokenizer names them, e.g. "##ing"
    ids: np.ndarray  # int64, after masking
    offsets: np.ndarray  # int64 [N, 2], characters of the text (of `text_pair` where segments == 1)
    special: np.ndarray  # bool, tokens the tokenizer added, [MASK] never among them
    masked: np.ndarray  # bool
    segments: np.ndarray  # int8, 0 for text, 1 for text_pair


@dataclass(frozen=True)
class Stack:
    """What one stack computed: `queries` attend to `keys` (the same tokens except for cross-attention)."""

    name: StackName
    queries: Tokens
    keys: Tokens
    attention: np.ndarray  # float32 [L, H, N, M]; object array [L] of [H, N, M] or None where layers differ
    hidden: np.ndarray | None  # float32 [L+1, N, D]; None for cross
    contexts: np.ndarray | None  # float32 [L, N, H, Dh]; object array [L] where layers differ; None for cross
    value_norms: np.ndarray | None = None  # float32 [L, H, M]; object array [L] where layers differ
    no_norms: str = ""  # why there are none

    @property
    def norms(self) -> np.ndarray:
        """Value-weighted attention `||a_ij v_j W_O^h||` (Kobayashi et al. 2020, section 3), in the unit of the hidden
        states: float32, of the shape of `attention`. Rows have no fixed sum.

        :raises UnsupportedError: if it was not asked for, or this architecture does not have it; says why.
        """
        if self.value_norms is None:
            raise UnsupportedError(self.no_norms)
        if self.attention.dtype != object:
            return self.attention * self.value_norms[:, :, None]
        norms = np.empty_like(self.attention)
        for layer, attention in enumerate(self.attention):
            norms[layer] = None if attention is None else attention * self.value_norms[layer][:, None]
        return norms
