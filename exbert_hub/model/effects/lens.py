"""The logit lens: what the end of a model makes of the states of its inner layers (nostalgebraist 2020,
"interpreting GPT: the logit lens").

What lies between the last block and the logits (a final norm, the transform of BERT's head, soft-capping, scaling) is
not taken apart: a forward pass on as many pieces as there are states, whose blocks return the states in place of what
they compute, has the model's own code do it. Nothing behind the blocks looks at more than one piece at a time; that is
checked, for each model once.
"""

from __future__ import annotations

import threading

import torch
from torch import Tensor
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from exbert_hub.errors import UnsupportedError
from exbert_hub.model.capture.capture import PROBE_IDS, Capture
from exbert_hub.model.predict import top_predictions
from exbert_hub.model.types import Prediction, StackName

_TOLERANCE = 1e-4  # relative; in float32 the logits of a probe come out equal to 1e-6


class LogitLens:
    """Reads states as the model's language-model head would."""

    def __init__(self, capture: Capture, tokenizer: PreTrainedTokenizerBase) -> None:
        self._capture, self._tokenizer = capture, tokenizer
        self._stack: StackName = "decoder" if capture.is_encoder_decoder else "encoder"
        self._error: float | None = None  # of the probe, relative, once it was made
        self._probing = threading.Lock()

    def __call__(self, states: Tensor, k: int) -> tuple[tuple[Prediction, ...], ...]:
        """The `k` likeliest pieces by each of the `states` [n, D], outputs of blocks, likeliest first.

        :raises UnsupportedError: if the logits depend on more than what the last block returns for a piece.
        """
        model = self._capture.model
        states = states.to(model.device, model.dtype)
        with self._probing:
            if self._error is None:
                self._error = self._probe()
            if self._error > max(_TOLERANCE, 8 * torch.finfo(states.dtype).eps):
                raise UnsupportedError(
                    f"The head of {model.config.model_type} models reads more than the one state per "
                    f"piece that a block hands on, so the states of inner layers cannot be given to it."
                )
            logits = self._read_out(states, PROBE_IDS)
        return top_predictions(logits, self._tokenizer, k)

    def _probe(self) -> float:
        """How far the logits of a text are from those that its last block's output gives amid other pieces."""
        true, recorder = self._capture.run_recorded(self._inputs(PROBE_IDS))
        last = recorder.block_outputs.get(self._stack)
        if last is None or last.numel() != len(PROBE_IDS) * last.shape[-1]:
            return float("inf")
        assert true.logits is not None  # asked of models with a head only
        read = self._read_out(last.reshape(len(PROBE_IDS), -1), PROBE_IDS[::-1]).float()
        return float((read - true.logits[0].float()).norm() / true.logits[0].float().norm())

    def _read_out(self, states: Tensor, ids: tuple[int, ...]) -> Tensor:
        count = len(states)
        padded = (ids * (count // len(ids) + 1))[:count]
        logits = self._capture.run_recorded(self._inputs(padded), {self._stack: states[None]})[0].logits
        assert logits is not None
        return logits[0]

    def _inputs(self, ids: tuple[int, ...]) -> dict[str, Tensor]:
        vocabulary = self._capture.model.config.get_text_config().vocab_size
        row = torch.tensor([[i % vocabulary for i in ids]], device=self._capture.model.device)
        return {"input_ids": row} | ({"decoder_input_ids": row} if self._capture.is_encoder_decoder else {})
