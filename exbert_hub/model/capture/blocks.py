"""Tell the recorder of the moment which stack and which block of it is running."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor, nn

from exbert_hub.model.types import StackName

from .recorder import current_recorder


def watch(stack: StackName, root: nn.Module) -> None:
    """Hook into a stack and its blocks, for as long as the model lives."""
    root.register_forward_pre_hook(_entering(stack, None))
    root.register_forward_hook(_leaving_stack(stack))
    for number, block in numbered_blocks(root):
        block.register_forward_pre_hook(_entering(stack, number))
        block.register_forward_hook(_leaving_block(stack))


def numbered_blocks(root: nn.Module) -> list[tuple[int, nn.Module]]:
    """The outermost numbered modules, such as `layers.3` but not `layers.3.experts.0`, with their numbers."""
    outermost = re.compile(r"(?:[^.]*[^.\d][^.]*\.)*(\d+)")
    matches = ((outermost.fullmatch(name), module) for name, module in root.named_modules())
    return [(int(match[1]), module) for match, module in matches if match]


def _entering(stack: StackName, layer: int | None) -> Any:
    def hook(module: nn.Module, args: Any) -> None:
        recorder = current_recorder()
        if recorder is not None:
            recorder.stack, recorder.layer = stack, layer

    return hook


def _leaving_block(stack: StackName) -> Any:
    def hook(module: nn.Module, args: Any, output: Any) -> Any:
        recorder = current_recorder()
        if recorder is None:
            return output
        recorder.layer = None
        first = output[0] if isinstance(output, tuple | list) else output
        if isinstance(first, Tensor):
            recorder.block_outputs[stack] = first
            given = recorder.returned.get(stack)
            if given is not None and (given.numel(), given.shape[-1]) == (first.numel(), first.shape[-1]):
                given = given.reshape(first.shape)  # XLNet and FSMT run with the pieces in front of the batch
                return type(output)((given, *output[1:])) if isinstance(output, tuple | list) else given
        return output

    return hook


def _leaving_stack(stack: StackName) -> Any:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        recorder = current_recorder()
        if recorder is not None:
            recorder.last_states[stack] = output[0]

    return hook
