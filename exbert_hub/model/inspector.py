"""A loaded model that can be looked into."""

from __future__ import annotations

import inspect as python_inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from exbert_hub.errors import MaskError, SelectionError, TextTooLongError, TokenError
from exbert_hub.model.capture.capture import Capture, CapturedStack
from exbert_hub.model.effects.lens import LogitLens

from .batching import Batch, Batcher
from .info import model_kind, read_model_info
from .inspection import Inspection
from .load import LoadedModel, load
from .predict import top_predictions
from .selection import existing_heads, whole_number
from .start_token import AUTO, choose_start_token
from .tokens import find, mask_tokens, position_of, tokenize
from .types import ModelInfo, Prediction, Stack, StackName, Tokens

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.tokenization_utils_base import PreTrainedTokenizerBase

DEFAULT_MAX_PIECES = 1024


class Inspector:
    """Shows what a transformer computes for a text.

    >>> inspector = Inspector.from_pretrained("bert-base-uncased")  # doctest: +SKIP
    >>> seen = inspector.inspect("The girl ran to a local pub to escape the din.", mask=["escape"])  # doctest: +SKIP
    >>> seen.attention.shape, seen.predictions("escape")  # doctest: +SKIP
    """

    def __init__(self, loaded: LoadedModel, model_id: str, start_token: str | None = AUTO) -> None:
        """
        :param start_token: as for `from_pretrained`.
        """
        self.model: PreTrainedModel = loaded.model
        self.tokenizer: PreTrainedTokenizerBase = loaded.tokenizer
        self.has_head = loaded.has_head
        self._capture = Capture(loaded.model)
        self._batcher = Batcher(self._capture, loaded.tokenizer.pad_token_id or 0)
        self._lens = LogitLens(self._capture, loaded.tokenizer)
        is_causal = model_kind(self._capture, loaded.has_head) == "causal"
        self._start = choose_start_token(loaded.tokenizer, start_token, is_causal=is_causal)
        self.model_info: ModelInfo = read_model_info(model_id, loaded, self._capture, self._start)
        self._max_pieces = min(DEFAULT_MAX_PIECES, self.model_info.max_length)

    @classmethod
    def from_pretrained(
        cls,
        id_or_path: str | Path,
        *,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        trust_remote_code: bool = False,
        start_token: str | None = AUTO,
    ) -> Inspector:
        """Load a model of the Hub or of a local folder, with its language-model head where the checkpoint has one.

        :param device: default a GPU where there is one.
        :param dtype: default float32 on a CPU, bfloat16 (or float16) on a GPU; "float32" there for all digits.
        :param start_token: special piece to put in front of every text, of causal models whose tokenizer puts none
            there: "auto" for the beginning-of-sequence token, else the end-of-sequence token, if there is either; None
            for none. Without it the first word of each text is where such models attend to when nothing else fits.
        :raises ModelLoadError: if model or tokenizer cannot be loaded.
        :raises NoAttentionError: if the model has no attention that could be shown.
        :raises SelectionError: for a start token that the model cannot have.
        """
        loaded = load(
            id_or_path,
            revision=revision,
            device=device,
            dtype=dtype,
            token=token,
            local_files_only=local_files_only,
            trust_remote_code=trust_remote_code,
        )
        return cls(loaded, str(id_or_path), start_token)

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def concurrent(self) -> bool:
        """Whether forward passes of several threads run at once; otherwise they take turns."""
        return self._capture.concurrent

    @property
    def no_norms(self) -> str:
        """Why the main stack has no value norms, "" where every layer with attention has them."""
        return self._capture.no_norms

    @property
    def max_pieces(self) -> int:
        """Most pieces per inspection, special tokens counted; never above what the model takes."""
        return self._max_pieces

    @max_pieces.setter
    def max_pieces(self, value: int) -> None:
        self._max_pieces = max(1, min(value, self.model_info.max_length))

    @property
    def predicts(self) -> Literal["here", "next", "none"]:
        """Whether predictions are for a piece itself, for the one after it, or unavailable."""
        if not self.has_head or self.model_info.kind == "encoder":
            return "none"
        return "here" if self.model_info.kind == "masked" else "next"

    # -- looking ------------------------------------------------------------------------------------------------------

    def tokenize(self, text: str) -> Tokens:
        """The pieces of `text` with special tokens, never truncated."""
        return self.tokenize_batch([text])[0]

    def tokenize_batch(self, texts: Sequence[str]) -> list[Tokens]:
        """As `tokenize`, many texts at once, which is faster."""
        return tokenize(self.tokenizer, texts, start=self._start)

    def inspect(
        self,
        text: str,
        text_pair: str | None = None,
        mask: Sequence[int | str] = (),
        *,
        top_k: int = 10,
        norms: bool = False,
        ablate: Mapping[int, Iterable[int]] | None = None,
    ) -> Inspection:
        """Everything the model computed for one text.

        :param text_pair: a second segment; for encoder-decoders the text of the decoder, which otherwise sees no
            more than its start token.
        :param mask: positions of pieces, or words; a word of several pieces gets one mask per piece.
        :param top_k: predictions kept per piece.
        :param norms: whether to compute value-weighted attention too, `seen.norms` and that of every stack.
        :param ablate: heads of the main stack to silence, by layer, such as {5: [6, 9]}: their contexts are set to
            zero in the forward pass, so that layers behind and predictions do without them.
        :raises TextTooLongError: if there are more than `max_pieces` pieces.
        :raises MaskError: if the model cannot mask, or a special token was to be masked.
        :raises TokenError: if a word to mask does not occur, or more than once, or the text has no pieces.
        :raises SelectionError: if `top_k` is negative, or a head to ablate does not exist.
        :raises UnsupportedError: if the contexts of the heads to ablate cannot be reached.
        """
        kept = whole_number(top_k)
        if kept is None or kept < 0:
            raise SelectionError(f"top_k is the number of predictions kept per piece, 0 or more, not {top_k!r}.")
        is_seq2seq = self.model_info.kind == "seq2seq"
        pair = None if is_seq2seq else text_pair
        tokens = tokenize(self.tokenizer, [text], None if pair is None else [pair], start=self._start)[0]
        if len(tokens.ids) == (self._start is not None):
            raise TokenError("The text is empty: there is nothing to look at.")
        self._check_length(tokens)
        tokens = self._masked(tokens, (text, pair or ""), mask)
        inputs = self._inputs(tokens, pair is not None)
        decoder = None
        if is_seq2seq:
            decoder = self._decoder_tokens(text_pair)
            self._check_length(decoder)
            inputs["decoder_input_ids"] = self._row(decoder.ids)
        silenced = self._silenced({} if ablate is None else ablate)
        captured = self._capture.run(inputs, weights=True, norms=norms, ablate=silenced)
        stacks = {
            name: _to_stack(name, stack, decoder if name != "encoder" and decoder else tokens, tokens, norms)
            for name, stack in captured.stacks.items()
        }
        predicted: tuple[tuple[Prediction, ...], ...] = ()
        if self.predicts != "none" and captured.logits is not None:
            predicted = top_predictions(captured.logits[0], self.tokenizer, kept)
        return Inspection(text, text_pair, stacks, self.predicts, self.model_info, predicted, silenced, self._lens)

    def encode(self, ids: Sequence[Sequence[int]], weights: bool = False, norms: bool = False) -> Batch:
        """The main stack over many texts, for building an index; equal to one text at a time.

        One padded forward pass; one for each length with models that compute something else for a padded text.

        :param ids: piece ids with special tokens, as `tokenize` gives them.
        :param weights: whether to keep the attention too; that is slower.
        :param norms: whether to work out value norms, `||v_j W_O^h||`, of the layers that have them.
        :raises TextTooLongError: if a text has more pieces than the model takes.
        """
        longest = max(len(row) for row in ids)
        if longest > self.model_info.max_length:
            raise TextTooLongError(f"A text has {longest} pieces, the model takes {self.model_info.max_length}.")
        return self._batcher.encode(ids, weights, norms)

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _check_length(self, tokens: Tokens) -> None:
        count = len(tokens.ids)
        if count > self.model_info.max_length:
            raise TextTooLongError(
                f"The text has {count} pieces and the model takes {self.model_info.max_length}: shorten the text."
            )
        if count > self.max_pieces:
            raise TextTooLongError(
                f"The text has {count} pieces; at most {self.max_pieces} are shown at once, because attention grows "
                f"with their square. Shorten the text, or raise inspector.max_pieces (up to "
                f"{self.model_info.max_length})."
            )

    def _masked(self, tokens: Tokens, texts: tuple[str, str], mask: Sequence[int | str]) -> Tokens:
        if isinstance(mask, str) or not isinstance(mask, Iterable):
            raise MaskError(f"mask takes a list of words or positions, such as mask=['escape'] or [3], not {mask!r}.")
        items = list(mask)
        if not items:
            return tokens
        if self.model_info.kind == "causal":
            raise MaskError("Causal models predict the next piece and never saw a mask in training: none can be set.")
        if self.tokenizer.mask_token_id is None:
            raise MaskError(
                f"The tokenizer of {self.model_info.model_id} has no mask token, so nothing can be masked."
            )
        positions: list[int] = []
        for item in items:
            if isinstance(item, str):
                positions.extend(find(tokens, texts, item))
            else:
                try:
                    positions.append(position_of(tokens, texts, item))
                except TokenError as error:
                    raise MaskError(str(error)) from error
        return mask_tokens(tokens, positions, self.tokenizer.mask_token, self.tokenizer.mask_token_id)

    def _silenced(self, ablate: Mapping[int, Iterable[int]]) -> dict[int, tuple[int, ...]]:
        if not isinstance(ablate, Mapping):
            raise SelectionError(f"ablate takes heads by layer, such as ablate={{5: [6, 9]}}, not {ablate!r}.")
        return {layer: existing_heads(self.model_info.heads, layer, heads) for layer, heads in ablate.items()}

    def _inputs(self, tokens: Tokens, is_pair: bool) -> dict[str, Tensor]:
        inputs = {"input_ids": self._row(tokens.ids), "attention_mask": self._row(np.ones_like(tokens.ids))}
        # Single texts go without, as in `encode`: the model's own default is the same for a query and for the corpus.
        if is_pair and "token_type_ids" in python_inspect.signature(self.model.forward).parameters:
            if "token_type_ids" in self.tokenizer.model_input_names:
                inputs["token_type_ids"] = self._row(tokens.segments.astype(np.int64))
        return inputs

    def _decoder_tokens(self, text: str | None) -> Tokens:
        """The decoder reads its start token, then the text: as in training, shifted to the right by one."""
        config = self.model.config
        target = tokenize(self.tokenizer, [text or ""], as_target=True)[0]
        start = getattr(config, "decoder_start_token_id", None)
        if start is None:
            start = int(target.ids[-1]) if len(target.ids) else config.bos_token_id
        keep = slice(0, 0) if text is None else slice(0, max(0, len(target.ids) - 1))
        return replace(
            target,
            pieces=(str(self.tokenizer.convert_ids_to_tokens(start)), *target.pieces[keep]),
            ids=np.concatenate([[start], target.ids[keep]]),
            offsets=np.concatenate([np.zeros((1, 2), np.int64), target.offsets[keep]]),
            special=np.concatenate([[True], target.special[keep]]),
            masked=np.zeros(1 + len(target.ids[keep]), bool),
            segments=np.zeros(1 + len(target.ids[keep]), np.int8),
        )

    def _row(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.long, device=self.device)[None]


def _to_stack(name: StackName, stack: CapturedStack, queries: Tokens, main: Tokens, norms: bool) -> Stack:
    no_norms = stack.no_norms if norms else "Norms were not computed: inspect the text with norms=True."
    is_cross = name == "cross"
    return Stack(
        name,
        queries,
        keys=main if is_cross else queries,
        attention=_array(stack.weights),
        hidden=None if is_cross else np.stack([state[0].float().cpu().numpy() for state in stack.hidden]),
        contexts=None if is_cross else _array(stack.contexts),
        value_norms=None if no_norms else _array(stack.value_norms),
        no_norms=no_norms,
    )


def _array(layers: Sequence[Tensor | None]) -> np.ndarray:
    """float32 [L, ...] of the first text; an object array [L] where layers have no attention or differ in shape."""
    arrays = [None if layer is None else layer[0].float().cpu().numpy() for layer in layers]
    shapes = {None if array is None else array.shape for array in arrays}
    if len(shapes) == 1 and None not in shapes:
        return np.stack(arrays)  # type: ignore[arg-type]
    result = np.empty(len(arrays), dtype=object)
    for layer, array in enumerate(arrays):
        result[layer] = array
    return result
