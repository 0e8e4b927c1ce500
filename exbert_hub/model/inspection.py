"""What one inspection shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from exbert_hub import notebook
from exbert_hub.analysis.rollout import rollout
from exbert_hub.errors import SelectionError, UnsupportedError

from .inspection_html import attention_html, pieces_html, predictions_html
from .selection import whole_number
from .tokens import find, position_of
from .types import ModelInfo, Prediction, Stack, StackName, Tokens

if TYPE_CHECKING:
    from exbert_hub.model.effects.lens import LogitLens


@dataclass(frozen=True, repr=False)
class Inspection:
    """What a model computed for one text; the properties without a stack's name are those of the main stack."""

    text: str
    text_pair: str | None
    stacks: Mapping[StackName, Stack]
    predicts: Literal["here", "next", "none"]  # what predictions at a piece are about: itself, the one after it
    model_info: ModelInfo  # of the model that looked
    predicted: tuple[tuple[Prediction, ...], ...]  # per piece of the stack with the head; empty without one
    ablated: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # heads of the main stack, by layer
    _lens: LogitLens | None = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process: everything but the model."""
        return self.__dict__ | {"_lens": None}

    def __repr__(self) -> str:
        return f"<Inspection of {self.text!r} by {self.model_info.model_id}: {len(self.pieces)} pieces>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        layers = f"{len(self.model_info.heads)} layers of up to {max(self.model_info.heads)} heads"
        name = (
            Path(self.model_info.model_id).name
            if Path(self.model_info.model_id).is_dir()
            else self.model_info.model_id
        )
        title = f"<b>{escape(name)}</b> <span class=q>{len(self.pieces)} pieces, {layers}</span>"
        pieces = pieces_html(self.tokens, self.predicted if len(self.stacks) == 1 else ())
        return notebook.box(title, pieces, self._predictions_html(), attention_html(list(self.attention)))

    def _predictions_html(self) -> str:
        """Predictions where they were asked for: at masked pieces, or after the last one."""
        if self.predicts == "none" or not self.predicted:
            return ""
        tokens = self.stacks.get("decoder", self.main).queries
        if self.predicts == "next":
            return predictions_html("after", [len(self.predicted) - 1], tokens.pieces, self.predicted)
        return predictions_html("at", np.flatnonzero(self.masked).tolist(), tokens.pieces, self.predicted)

    @property
    def main(self) -> Stack:
        """The encoder where there is one, else the decoder."""
        return self.stacks["encoder"] if "encoder" in self.stacks else self.stacks["decoder"]

    @property
    def tokens(self) -> Tokens:
        return self.main.queries

    @property
    def pieces(self) -> tuple[str, ...]:
        return self.tokens.pieces

    @property
    def special(self) -> np.ndarray:
        """bool [N]: tokens the tokenizer added."""
        return self.tokens.special

    @property
    def masked(self) -> np.ndarray:
        """bool [N]: pieces replaced by the mask token."""
        return self.tokens.masked

    @property
    def attention(self) -> np.ndarray:
        """float32 [L, H, N, N]; object array [L] of [H, N, N] or None where layers differ."""
        return self.main.attention

    @property
    def norms(self) -> np.ndarray:
        """Value-weighted attention, see `Stack.norms`; float32 of the shape of `attention`.

        :raises UnsupportedError: unless inspected with `norms=True`, and for architectures that do not have it.
        """
        return self.main.norms

    @property
    def hidden(self) -> np.ndarray:
        """float32 [L + 1, N, D]; block `l` maps `hidden[l]` to `hidden[l + 1]`."""
        assert self.main.hidden is not None  # only cross-attention has none
        return self.main.hidden

    @property
    def contexts(self) -> np.ndarray:
        """float32 [L, N, H, Dh]; object array [L] of [N, H, Dh] or None where layers differ."""
        assert self.main.contexts is not None  # only cross-attention has none
        return self.main.contexts

    def find(self, word: str) -> tuple[int, ...]:
        """Positions of the pieces of `word`; a masked word is found by what stands in the text.

        :raises TokenError: if the word does not occur, or more than once; the message lists the positions.
        """
        return find(self.tokens, self._texts(self.main.name), word)

    def position_of(self, token: str | int) -> int:
        """The position given, checked, or that of the first piece of a word.

        :raises TokenError: as `find`, and for positions outside the text.
        """
        return position_of(self.tokens, self._texts(self.main.name), token)

    def predictions(self, token: str | int, k: int = 5) -> tuple[Prediction, ...]:
        """The `k` likeliest pieces at `token` (masked models) or after it (causal models, most likely first).

        Encoder-decoders predict with their decoder: `token` is then one of `stacks["decoder"].queries`.

        :raises SelectionError: if the model predicts nothing, or fewer than `k` predictions were kept.
        """
        if self.predicts == "none":
            raise SelectionError("This model has no language-model head, so it predicts nothing.")
        stack = self.stacks.get("decoder", self.main)
        candidates = self.predicted[position_of(stack.queries, self._texts(stack.name), token)]
        count = whole_number(k)
        if count is None or count < 1:
            raise SelectionError(f"k is the number of predictions, 1 or more, not {k!r}.")
        if count > len(candidates):
            raise SelectionError(f"{len(candidates)} predictions per piece were kept: give inspect() a larger top_k.")
        return candidates[:count]

    def rollout(self) -> np.ndarray:
        """Attention rollout across layers, mean over the heads (Abnar & Zuidema 2020): float32 [L, N, N].

        :raises UnsupportedError: if a layer has no attention: it mixes pieces in another way.
        """
        gaps = [layer for layer, attention in enumerate(self.attention) if attention is None]
        if gaps:
            raise UnsupportedError(
                f"Layer {gaps[0]} of {self.model_info.model_id} mixes pieces without attention, so attention cannot "
                f"be followed through the layers."
            )
        return rollout([attention.mean(0) for attention in self.attention])

    def lens(self, token: str | int, k: int = 5) -> tuple[tuple[Prediction, ...], ...]:
        """What each layer would predict for `token`, likeliest first, layer 0 first: its output in place of the last
        block's (logit lens, nostalgebraist 2020). The last layer's are `predictions(token, k)`.

        :raises UnsupportedError: if the model has no head, or one that reads more than the last block's output; also
            for an inspection that came from another process, where its model stayed.
        """
        import torch

        if self.predicts == "none":
            raise UnsupportedError(
                f"{self.model_info.model_id} has no language-model head, so no layer predicts anything."
            )
        if self._lens is None:
            raise UnsupportedError("This inspection came from another process without its model: inspect again.")
        last = self.predictions(token, k)
        stack = self.stacks.get("decoder", self.main)
        assert stack.hidden is not None  # only cross-attention has none
        states = stack.hidden[1:-1, position_of(stack.queries, self._texts(stack.name), token)]
        return (*self._lens(torch.from_numpy(states), k), last)

    def _texts(self, stack: StackName) -> tuple[str, str]:
        if "encoder" in self.stacks and "decoder" in self.stacks:  # one text per stack
            return (self.text, "") if stack == "encoder" else (self.text_pair or "", "")
        return self.text, self.text_pair or ""
