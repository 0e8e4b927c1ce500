"""Run a model and keep what its attention computed, whatever its architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from exbert_hub.errors import NoAttentionError
from exbert_hub.model.types import StackName

from .blocks import watch
from .forward_gate import ForwardGate
from .functions import FollowSoftmax
from .recorder import Record, Recorder, install, recording
from .value_norms import FollowProjections, GramNorms

Path = Literal["interface", "function mode"]

PROBE_IDS = tuple(range(4, 20))


@dataclass(frozen=True)
class CapturedStack:
    """What one stack computed for a batch; tuples behind `hidden` have one entry per layer, None without attention."""

    hidden: tuple[Tensor, ...]  # L + 1 of [B, T, D], all of one D; empty for cross
    contexts: tuple[Tensor | None, ...]  # [B, T, H, Dh]
    weights: tuple[Tensor | None, ...]  # [B, H, T, S]; all None unless asked for
    values: tuple[Tensor | None, ...]  # [B, H or key-value heads, S, Dh]; all None unless asked for
    value_norms: tuple[Tensor | None, ...]  # [B, H, S]; all None unless asked for
    no_norms: str  # why a layer with attention has none, "" where all have


@dataclass(frozen=True)
class Captured:
    stacks: Mapping[StackName, CapturedStack]
    logits: Tensor | None  # [B, T, V], None without a language-model head


class Capture:
    """Runs a model's forward pass and keeps hidden states, head contexts and attention.

    A short probe on construction finds out by which path the attention can be seen, how many heads each layer has, and
    whether the attention is causal. Safe to use from several threads, which take turns unless `concurrent` is set.

    :raises NoAttentionError: if the model has no attention that could be shown.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        install()
        self.model = model
        self.is_encoder_decoder = bool(model.config.is_encoder_decoder) and model.get_encoder() is not model
        self.default_implementation = model.config._attn_implementation
        self.path: Path = "interface"
        self.main: StackName = "encoder"
        for config in (model.config, model.config.get_text_config()):
            config.use_cache = False  # one forward pass per text: a key-value cache would only cost memory
        self.leaves_nothing = False  # whether a forward pass leaves the model as it was; see `Batcher`
        self._gate = ForwardGate(self._use)
        self._roots = self._find_roots()
        for stack, root in self._roots.items():
            watch(stack, root)
        self._probe()

    @property
    def concurrent(self) -> bool:
        """Whether forward passes may run at once; a GPU has no cores to divide among them, and would need twice the
        memory."""
        return self.leaves_nothing and self.model.device.type == "cpu"

    def run(
        self,
        inputs: Mapping[str, Tensor],
        *,
        weights: bool,
        values: bool = False,
        norms: bool = False,
        ablate: Mapping[int, tuple[int, ...]] | None = None,
    ) -> Captured:
        """The whole model, head included, on `inputs` as transformers takes them.

        :param norms: whether to keep value norms; they need the weights and the values.
        :param ablate: heads of the main stack whose contexts are set to zero, by layer.
        """
        calls = {self._layer_of_call.index(layer): heads for layer, heads in (ablate or {}).items()}
        return self._forward(self.model, inputs, Recorder(weights or norms, values or norms, ablate=calls), norms)

    def run_recorded(
        self, inputs: Mapping[str, Tensor], returned: Mapping[StackName, Tensor] | None = None
    ) -> tuple[Captured, Recorder]:
        """As `run`, with what the blocks returned; with `returned` [1, n, D] in its place, for inputs of n pieces."""
        recorder = Recorder(keep_weights=False, returned=returned or {})
        return self._forward(self.model, inputs, recorder), recorder

    def run_main(self, inputs: Mapping[str, Tensor], *, weights: bool, norms: bool = False) -> CapturedStack:
        """The main stack only: no language-model head, no decoder behind an encoder.

        :param norms: whether to work out value norms of the layers that `gram_norms` has them for.
        """
        recorder = Recorder(weights, keep_values=norms, gram=self.gram_norms if norms else None)
        return self._forward(self._roots["encoder"], inputs, recorder).stacks[self.main]

    @cached_property
    def gram_norms(self) -> GramNorms:
        """Value norms of the main stack without a projection each time; worked out on a probe when first asked for."""
        ids = torch.tensor([self._probe_ids()], device=self.model.device)
        recorder = Recorder(keep_weights=True, keep_values=True)
        self._forward(self._roots["encoder"], {"input_ids": ids}, recorder, norms=True)
        return GramNorms([record for record in recorder.records if record.stack == "encoder"])

    @property
    def no_norms(self) -> str:
        """Why the main stack has no value norms, "" where it has."""
        reasons = zip(self._layer_of_call, self.gram_norms.reasons, strict=True)
        return next((_no_norms(layer, reason) for layer, reason in reasons if reason), "")

    # -- setting up ---------------------------------------------------------------------------------------------------

    def _find_roots(self) -> dict[StackName, nn.Module]:
        """The stacks without their heads; a single one is called encoder until the probe has seen it."""
        model = self.model
        if self.is_encoder_decoder:
            stacks: dict[StackName, Any] = {"encoder": model.get_encoder(), "decoder": model.get_decoder()}
        else:
            inner = model.get_decoder()  # with an image tower beside it, or a wrapper that is passed by, as in OPT
            stacks = {"encoder": inner if isinstance(inner, PreTrainedModel) else model}
        return {name: getattr(stack, "base_model", stack) for name, stack in stacks.items()}

    def _probe_ids(self) -> list[int]:
        vocabulary = self.model.config.get_text_config().vocab_size
        return [i % vocabulary for i in PROBE_IDS]

    def _probe(self) -> None:
        ids = torch.tensor([self._probe_ids()], device=self.model.device)
        recorder = Recorder(keep_weights=True)
        try:
            captured = self._forward(self._roots["encoder"], {"input_ids": ids}, recorder)
            if not recorder.records:
                self.path = "function mode"
                captured = self._forward(self._roots["encoder"], {"input_ids": ids}, recorder)
        except NoAttentionError:
            raise
        except Exception as error:  # whatever a model raises that wants images, boxes or sound
            raise NoAttentionError(
                f"{self.model.config.model_type} models cannot be run on the pieces of a text alone: {error}"
            ) from error
        stack = captured.stacks["encoder"]
        _check_attention(self.model, stack, recorder, len(PROBE_IDS))
        self._layer_of_call = _layer_numbers(recorder.records, len(stack.contexts))
        self.heads = tuple(0 if context is None else context.shape[2] for context in stack.contexts)
        self.head_dims = tuple(0 if context is None else context.shape[3] for context in stack.contexts)
        self.hidden_size = stack.hidden[-1].shape[-1]
        self.final_norm = _is_changed_after(recorder.block_outputs.get("encoder"), stack.hidden[-1])
        if not self.is_encoder_decoder and all(w is None or bool((w.triu(1) == 0).all()) for w in stack.weights):
            self.main = "decoder"

    # -- running ------------------------------------------------------------------------------------------------------

    def _forward(
        self, module: nn.Module, inputs: Mapping[str, Tensor], recorder: Recorder, norms: bool = False
    ) -> Captured:
        follow = self.path == "function mode"
        implementation = "eager" if recorder.keep_weights and not follow else self.default_implementation
        # value norms are found by hooks that come and go: others must not be called, nor go through them meanwhile
        turn = self._gate(implementation, alone=norms or not self.concurrent)
        with turn, torch.inference_mode(), recording(recorder), ExitStack() as followers:
            if norms:
                followers.enter_context(FollowProjections(module, recorder))
            if follow:
                followers.enter_context(FollowSoftmax(recorder, batch=next(iter(inputs.values())).shape[0]))
            output = module(**inputs, output_hidden_states=True, return_dict=True)
        return self._arrange(output, recorder)

    def _use(self, implementation: str) -> None:
        """Models that do not follow the interface cannot be switched, and need not be."""
        if self.model.config._attn_implementation != implementation:
            self.model.set_attn_implementation(implementation)

    def _arrange(self, output: Any, recorder: Recorder) -> Captured:
        stacks: dict[StackName, CapturedStack] = {}
        for name in self._roots:
            if name not in recorder.last_states:
                continue
            hidden = _hidden_states(output, name, recorder)
            records = [record for record in recorder.records if record.stack == name]
            layers = len(hidden) - 1
            if name == "decoder":
                records, cross = _split_cross(records, hidden[-1].shape[1])
                stacks["cross"] = _stack((), self._by_layer(cross, layers))
            stacks[self.main if name == "encoder" else name] = _stack(hidden, self._by_layer(records, layers))
        return Captured(stacks, getattr(output, "logits", None))

    def _by_layer(self, records: Sequence[Record], layers: int) -> list[Record | None]:
        """One record per layer. Blocks that are shared or unnumbered are told apart by the order of their calls."""
        if len(records) > layers:
            raise NoAttentionError(
                f"{self.model.config.model_type} models attend {len(records)} times in {layers} layers, "
                f"so their attention cannot be shown layer by layer."
            )
        placed = dict(zip(_layer_numbers(records, layers), records, strict=True))
        return [placed.get(layer) for layer in range(layers)]


def _layer_numbers(records: Sequence[Record], layers: int) -> list[int]:
    """The layer of each record."""
    numbers = [record.layer for record in records if record.layer is not None and record.layer < layers]
    return numbers if len(set(numbers)) == len(records) else list(range(len(records)))


def _hidden_states(output: Any, stack: StackName, recorder: Recorder) -> tuple[Tensor, ...]:
    """L + 1 states of one width: what the model returns, the last one as its stack leaves it.

    Where a stack goes on to project its last state to another width (OPT-350m to that of its embeddings, FSMT to
    logits), the state before the projection stands for it.
    """
    last = recorder.last_states[stack]
    own = "hidden_states" if getattr(output, "hidden_states", None) is not None else f"{stack}_hidden_states"
    states = tuple(_one_stream(state, last) for state in getattr(output, own, None) or ())
    if states:
        candidates = (last, states[-1], recorder.block_outputs.get(stack))
        last = next((state for state in candidates if state is not None and state.shape == states[0].shape), last)
    return (*states[:-1], last)


def _one_stream(state: Any, last: Tensor) -> Tensor:
    """The first of the residual streams that some models carry beside each other, [B, T, D].

    In Gemma 3n, [S, B, T, D], it is the one that its AltUp layers compute on; HY 4 has [B, T, S, D].
    """
    if isinstance(state, tuple):  # PEGASUS-X keeps global tokens beside the pieces
        state = state[0]
    if state.ndim < 4:
        return state
    return state[0] if state.shape[1:-1] == last.shape[:-1] else state.select(-2, 0)


def _is_changed_after(block: Tensor | None, last: Tensor) -> bool:
    """Whether the last state is not what the last block returned, but that after a norm."""
    if block is None:
        return False
    block = _one_stream(block, last)
    if block.shape != last.shape:  # XLNet and FSMT run with the pieces in front of the batch
        block = block.transpose(0, 1)
    return block.shape != last.shape or not torch.allclose(block, last, rtol=1e-4, atol=1e-5)


def _split_cross(records: Sequence[Record], length: int) -> tuple[list[Record], list[Record]]:
    """A decoder block attends to its own `length` pieces first and to the encoder second, or to both in one go."""
    own: dict[int | None, Record] = {}
    cross: list[Record] = []
    for record in records:
        if record.layer in own:  # ProphetNet appends the queries of its further streams
            cross.append(_cut(record, slice(0, length), slice(None)))
        else:
            own[record.layer] = record
    if not cross:  # T5Gemma 2 attends to the decoder's and then to the encoder's pieces
        cross = [_cut(record, slice(None), slice(length, None)) for record in own.values()]
        own = {layer: _cut(record, slice(None), slice(0, length)) for layer, record in own.items()}
    return list(own.values()), cross


def _cut(record: Record, queries: slice, keys: slice) -> Record:
    weights = None if record.weights is None else record.weights[:, :, queries, keys]
    norms = None if record.value_norms is None else record.value_norms[:, :, keys]
    return replace(record, weights=weights, value_norms=norms, context=record.context[:, queries])


def _stack(hidden: tuple[Tensor, ...], records: Sequence[Record | None]) -> CapturedStack:
    reasons = ((n, record.no_norms) for n, record in enumerate(records) if record and record.value_norms is None)
    layer, reason = next(reasons, (0, ""))
    return CapturedStack(
        hidden,
        tuple(None if record is None else record.context for record in records),
        tuple(None if record is None else record.weights for record in records),
        tuple(None if record is None else record.value for record in records),
        tuple(None if record is None else record.value_norms for record in records),
        reason and _no_norms(layer, reason),
    )


def _no_norms(layer: int, reason: str) -> str:
    return f"Layer {layer} has no value-weighted attention: {reason}."


def _check_attention(model: PreTrainedModel, stack: CapturedStack, recorder: Recorder, length: int) -> None:
    name = model.config.model_type
    if not recorder.records and not recorder.softmaxes:
        raise NoAttentionError(
            f"{name} models have no softmax attention over the pieces of a text, so there is nothing to show. "
            f"Choose a model with attention in at least one layer."
        )
    if len(stack.hidden) < 2:
        raise NoAttentionError(f"{name} models do not return the hidden states of their layers.")
    shapes = {tuple(weights.shape[-2:]) for weights in stack.weights if weights is not None}
    # BigBird is told by its configuration: it attends to everything as long as the text is as short as our probe.
    if shapes != {(length, length)} or getattr(model.config, "attention_type", None) == "block_sparse":
        raise NoAttentionError(
            f"{name} models attend within bands, blocks or pooled pieces, so there is no matrix from every piece to "
            f"every piece. Choose a model with full attention."
        )
    if any(state.shape != stack.hidden[0].shape or state.ndim != 3 for state in stack.hidden):
        raise NoAttentionError(
            f"{name} models return hidden states of different shapes, so that their layers cannot be compared: "
            f"{sorted({tuple(state.shape) for state in stack.hidden})}."
        )
