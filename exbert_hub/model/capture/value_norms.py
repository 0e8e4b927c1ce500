"""Value-weighted attention: how much of the value of one piece reaches another.

Kobayashi et al. 2020 ("Attention is Not Only a Weight", section 3) measure `||a_ij v_j W_O^h||` instead of `a_ij`. The
attention `a_ij` is a number, so this is `|a_ij| ||v_j W_O^h||`: beside the attention, one number per head and piece
attended to is all there is to keep.

No list of names says which module is the output projection. It is the linear module that reads the very numbers that
the attention function returned, and it is believed only if attention, values and its weight, summed over the heads,
add up to what it computes. Where contexts are gated, normed or joined with something else before, there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from exbert_hub.model.capture.recorder import Record, Recorder

_TOLERANCE = 1e-4  # relative; in float32 the sum over the heads is off by 1e-7 to 1e-6


class FollowProjections:
    """While entered, gives every record of the recorder value norms, from the projection that reads its context."""

    def __init__(self, model: nn.Module, recorder: Recorder) -> None:
        self._modules = [module for module in model.modules() if isinstance(module, nn.Linear | Conv1D)]
        self._recorder = recorder
        self._hooks: list[Any] = []

    def __enter__(self) -> None:
        self._hooks = [module.register_forward_hook(self._follow) for module in self._modules]

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        for hook in self._hooks:
            hook.remove()

    def _follow(self, module: nn.Module, args: Sequence[Any], output: Any) -> None:
        records = self._recorder.records
        if records and records[-1].value_norms is None and args and _is_same(args[0], records[-1].context):
            records[-1] = with_norms(records[-1], module, output)


def with_norms(record: Record, projection: nn.Module, output: Tensor) -> Record:
    """The record with `||v_j W_O^h||`, [B, H, S], or with the reason why it has none.

    :param projection: read `record.context`, flattened.
    :param output: what it returned, [B, T, D] or [B * T, D].
    """
    weights, value = record.weights, record.value
    if weights is None or value is None:
        return replace(record, no_norms="its values cannot be told from what its attention is multiplied with")
    assert isinstance(projection.weight, Tensor)
    by_input = projection.weight if isinstance(projection, Conv1D) else projection.weight.T
    heads = record.context.shape[2]
    kernels = by_input.float().reshape(heads, -1, by_input.shape[-1])
    value = value.float().repeat_interleave(heads // value.shape[1], dim=1)
    norms = value.new_zeros(value.shape[:3])
    total = output.float().reshape(*record.context.shape[:2], -1)  # what remains once every head is taken off
    size = total.norm()
    if isinstance(projection.bias, Tensor):
        total = total - projection.bias.float()
    for head in range(heads):
        if head not in record.ablated:  # those send nothing
            projected = value[:, head] @ kernels[head]
            norms[:, head] = projected.norm(dim=-1)
            total = total - weights[:, head].float() @ projected
    if total.norm() > max(_TOLERANCE, 8 * torch.finfo(output.dtype).eps) * size:
        return replace(record, no_norms="its heads, projected one by one, do not add up to its attention's output")
    return replace(record, value_norms=norms, no_norms="")


def _is_same(read: Any, context: Tensor) -> bool:
    if not isinstance(read, Tensor) or read.numel() != context.numel():
        return False
    return torch.equal(read.reshape(-1), context.reshape(-1))
