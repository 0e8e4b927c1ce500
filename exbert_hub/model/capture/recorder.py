"""Note what attention functions compute, without changing it.

Models that follow transformers' attention interface ask `AttentionInterface.get_interface` for the function that
computes their attention. `install` wraps that method: it hands out the very same function, and only while a recorder
is set in this context one that also notes its result. Grouped queries, sinks, soft-capping and position biases come
out right by construction, because the model's own function computes them. The method is wrapped, rather than `eager`
and `sdpa` registered anew, because `eager` is in no registry: each model module has its own, passed in as `default`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from torch import Tensor, nn
from transformers.modeling_utils import AttentionInterface

from exbert_hub.model.types import StackName


@dataclass(frozen=True)
class Record:
    """One call of an attention function."""

    stack: StackName
    layer: int | None  # number of the block that was running, None outside any block
    context: Tensor  # [B, T, H, Dh], zero for heads that were ablated
    weights: Tensor | None  # [B, H, T, S]
    value: Tensor | None  # [B, H or key-value heads, S, Dh], kept for value norms and tests
    ablated: tuple[int, ...] = ()
    value_norms: Tensor | None = None  # [B, H, S], see norms.py
    no_norms: str = "no linear module reads its head contexts as they are"  # why there are none, where there are none


@dataclass
class Recorder:
    """Notes the attention calls of one forward pass, in the order in which they happen."""

    keep_weights: bool
    keep_values: bool = False
    ablate: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # heads, by number of the main stack's call
    returned: Mapping[StackName, Tensor] = field(default_factory=dict)  # [1, n, D], for what the stack's blocks return
    stack: StackName = "encoder"
    layer: int | None = None
    softmaxes: int = 0  # seen in function mode, whether or not they turned out to be attention over all pieces
    records: list[Record] = field(default_factory=list)
    last_states: dict[StackName, Tensor] = field(default_factory=dict)
    block_outputs: dict[StackName, Tensor] = field(default_factory=dict)  # of the block that ran last

    def add(self, context: Tensor, weights: Tensor | None, value: Tensor | None) -> None:
        kept_weights = weights if self.keep_weights else None
        kept_value = value if self.keep_values else None
        self.records.append(Record(self.stack, self.layer, context, kept_weights, kept_value, self.ablated()))

    def ablated(self) -> tuple[int, ...]:
        """Heads to silence in the attention call that is under way, told by its number among those of its stack."""
        if not self.ablate or self.stack != "encoder":
            return ()
        return self.ablate.get(sum(record.stack == "encoder" for record in self.records), ())


_RECORDER: ContextVar[Recorder | None] = ContextVar("exbert_hub_recorder", default=None)


def current_recorder() -> Recorder | None:
    return _RECORDER.get()


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """Set `recorder` for the model calls of this thread."""
    token = _RECORDER.set(recorder)
    try:
        yield recorder
    finally:
        _RECORDER.reset(token)


def install() -> None:
    """Make transformers' attention interface recordable; called twice, it does nothing the second time."""
    original = AttentionInterface.get_interface
    if hasattr(original, "exbert_hub_original"):
        return

    @wraps(original)
    def get_interface(self: AttentionInterface, attn_implementation: str, default: Callable) -> Callable:
        function = original(self, attn_implementation, default)
        recorder = _RECORDER.get()
        return function if recorder is None else _recorded(function, recorder)

    get_interface.exbert_hub_original = original  # type: ignore[attr-defined]
    AttentionInterface.get_interface = get_interface  # type: ignore[method-assign]


def _recorded(function: Callable, recorder: Recorder) -> Callable:
    @wraps(function)
    def attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Any:
        result = function(module, query, key, value, *args, **kwargs)
        output, weights = result[0], result[1]
        batch, heads, length = query.shape[:3]
        context = output.reshape(batch, length, heads, -1)
        if silenced := recorder.ablated():
            context = context.clone()
            context[:, :, list(silenced)] = 0
            result = (context.reshape(output.shape), *result[1:])
        recorder.add(context, weights, value)
        return result

    return attention
