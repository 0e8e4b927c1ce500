"""Run a model and keep what its attention computed, whatever its architecture."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..errors import NoAttentionError
from .functions import FollowSoftmax
from .recorder import Record, Recorder, current_recorder, install, recording
from .types import StackName

Path = Literal["interface", "function mode"]

PROBE_IDS = tuple(range(4, 20))


@dataclass(frozen=True)
class CapturedStack:
    """What one stack computed for a batch; the last three have one entry per layer, None where it has no attention."""

    hidden: tuple[Tensor, ...]  # L + 1 of [B, T, D]; empty for cross
    contexts: tuple[Tensor | None, ...]  # [B, T, H, Dh]
    weights: tuple[Tensor | None, ...]  # [B, H, T, S]; all None unless asked for
    values: tuple[Tensor | None, ...]  # [B, H or key-value heads, S, Dh]; all None unless asked for


@dataclass(frozen=True)
class Captured:
    stacks: Mapping[StackName, CapturedStack]
    logits: Tensor | None  # [B, T, V], None without a language-model head


class Capture:
    """Runs a model's forward pass and keeps hidden states, head contexts and attention.

    A short probe on construction finds out by which path the attention can be seen, how many heads each layer has, and
    whether the attention is causal. Safe to use from several threads; they take turns.

    :raises NoAttentionError: if the model has no attention that could be shown.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        install()
        self.model = model
        self.is_encoder_decoder = bool(model.config.is_encoder_decoder) and model.get_encoder() is not model
        self.default_implementation = model.config._attn_implementation
        self.path: Path = "interface"
        self.main: StackName = "encoder"
        self._lock = threading.RLock()
        self._roots = self._find_roots()
        self._add_hooks()
        self._probe()

    def run(self, inputs: Mapping[str, Tensor], *, weights: bool, values: bool = False) -> Captured:
        """The whole model, head included, on `inputs` as transformers takes them."""
        return self._forward(self.model, inputs, Recorder(weights, values))

    def run_main(self, inputs: Mapping[str, Tensor], *, weights: bool) -> CapturedStack:
        """The main stack only: no language-model head, no decoder behind an encoder."""
        root = self._roots["encoder"]
        return self._forward(root, inputs, Recorder(weights)).stacks[self.main]

    # -- setting up ---------------------------------------------------------------------------------------------------

    def _find_roots(self) -> dict[StackName, nn.Module]:
        model = self.model
        if self.is_encoder_decoder:
            return {"encoder": model.get_encoder(), "decoder": model.get_decoder()}
        if model.config.get_text_config() is not model.config:  # a vision or audio tower stands beside the language model
            return {"encoder": model.get_decoder()}
        return {"encoder": model.base_model}

    def _add_hooks(self) -> None:
        """Tell the recorder of the moment which stack and which block is running."""
        for stack, root in self._roots.items():
            root.register_forward_pre_hook(_entering(stack, None))
            root.register_forward_hook(_leaving_stack(stack))
            for number, block in numbered_blocks(root):
                block.register_forward_pre_hook(_entering(stack, number))
                block.register_forward_hook(_leaving_block(stack))

    def _probe(self) -> None:
        vocabulary = self.model.get_input_embeddings().weight.shape[0]
        ids = torch.tensor([[i % vocabulary for i in PROBE_IDS]], device=self.model.device)
        recorder = Recorder(keep_weights=True)
        captured = self._forward(self._roots["encoder"], {"input_ids": ids}, recorder)
        if not recorder.records:
            self.path = "function mode"
            captured = self._forward(self._roots["encoder"], {"input_ids": ids}, recorder)
        stack = captured.stacks["encoder"]
        _check_attention(self.model, stack, len(PROBE_IDS))
        self.heads = tuple(0 if context is None else context.shape[2] for context in stack.contexts)
        self.head_dims = tuple(0 if context is None else context.shape[3] for context in stack.contexts)
        self.hidden_size = stack.hidden[-1].shape[-1]
        last = recorder.block_outputs.get("encoder")
        self.final_norm = last is not None and not torch.allclose(last, stack.hidden[-1], rtol=1e-4, atol=1e-5)
        if not self.is_encoder_decoder and all(w is None or bool((w.triu(1) == 0).all()) for w in stack.weights):
            self.main = "decoder"

    # -- running ------------------------------------------------------------------------------------------------------

    def _forward(self, module: nn.Module, inputs: Mapping[str, Tensor], recorder: Recorder) -> Captured:
        follow = self.path == "function mode"
        with self._lock, torch.inference_mode(), recording(recorder):
            self._use("eager" if recorder.keep_weights and not follow else self.default_implementation)
            batch = next(iter(inputs.values())).shape[0]
            with FollowSoftmax(recorder, batch) if follow else nullcontext():
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
            hidden = _hidden_states(output, name, recorder.last_states[name])
            records = [record for record in recorder.records if record.stack == name]
            layers = len(hidden) - 1
            if name == "decoder":
                records, cross = _split_cross(records)
                stacks["cross"] = _stack((), by_layer(cross, layers))
            stacks[self.main if name == "encoder" else name] = _stack(hidden, by_layer(records, layers))
        return Captured(stacks, getattr(output, "logits", None))


def numbered_blocks(root: nn.Module) -> list[tuple[int, nn.Module]]:
    """The outermost numbered modules, such as `layers.3` but not `layers.3.experts.0`, with their numbers."""
    outermost = re.compile(r"[^0-9]*?(?:^|\.)(\d+)")
    matches = ((outermost.fullmatch(name), module) for name, module in root.named_modules())
    return [(int(match[1]), module) for match, module in matches if match]


def by_layer(records: Sequence[Record], layers: int) -> list[Record | None]:
    """One record per layer. Blocks that are shared or unnumbered are told apart by the order of their calls."""
    numbers = [record.layer for record in records]
    if None in numbers or len(set(numbers)) < len(numbers) or max(numbers, default=0) >= layers:
        numbers = list(range(len(records)))
    placed = dict(zip(numbers, records, strict=True))
    return [placed.get(layer) for layer in range(layers)]


def _entering(stack: StackName, layer: int | None) -> Any:
    def hook(module: nn.Module, args: Any) -> None:
        recorder = current_recorder()
        if recorder is not None:
            recorder.stack, recorder.layer = stack, layer

    return hook


def _leaving_block(stack: StackName) -> Any:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        recorder = current_recorder()
        if recorder is not None:
            recorder.layer = None
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, Tensor):
                recorder.block_outputs[stack] = first

    return hook


def _leaving_stack(stack: StackName) -> Any:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        recorder = current_recorder()
        if recorder is not None:
            recorder.last_states[stack] = output[0]

    return hook


def _hidden_states(output: Any, stack: StackName, last: Tensor) -> tuple[Tensor, ...]:
    own = "hidden_states" if getattr(output, "hidden_states", None) is not None else f"{stack}_hidden_states"
    states = tuple(getattr(output, own, None) or ())
    return (*states[:-1], last)


def _split_cross(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """A decoder block attends to its own stack first and to the encoder second."""
    own: list[Record] = []
    cross: list[Record] = []
    seen: set[int | None] = set()
    for record in records:
        (cross if record.layer in seen else own).append(record)
        seen.add(record.layer)
    return own, cross


def _stack(hidden: tuple[Tensor, ...], records: Sequence[Record | None]) -> CapturedStack:
    return CapturedStack(
        hidden,
        tuple(record and record.context for record in records),
        tuple(record and record.weights for record in records),
        tuple(record and record.value for record in records),
    )


def _check_attention(model: PreTrainedModel, stack: CapturedStack, length: int) -> None:
    name = model.config.model_type
    contexts = [context for context in stack.contexts if context is not None]
    if not contexts:
        raise NoAttentionError(
            f"{name} models have no attention over the pieces of a text (or hide it from us), so there is nothing to "
            f"show. Choose a model with softmax attention in at least one layer."
        )
    shapes = {tuple(weights.shape[-2:]) for weights in stack.weights if weights is not None}
    if shapes != {(length, length)}:
        raise NoAttentionError(
            f"{name} models attend within bands, blocks or pooled pieces, so there is no matrix from every piece to "
            f"every piece. Choose a model with full attention."
        )
