"""Follow attention through torch functions, for models outside transformers' attention interface.

Whatever a model's code looks like, its attention is a `softmax` over keys whose result is multiplied with the values.
A `TorchFunctionMode` sees every torch function: it marks what comes out of `softmax`, follows the mark through
dropout, masking, casts and views, and notes the product that consumes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from exbert_hub.errors import UnsupportedError

from .recorder import Recorder

_SOFTMAX = {torch.softmax, Tensor.softmax, F.softmax, torch._softmax}
_PRODUCTS = {torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm}


class _SdpaCall(NamedTuple):
    """The arguments of `torch.nn.functional.scaled_dot_product_attention`, under its own names."""

    query: Tensor
    key: Tensor
    value: Tensor
    attn_mask: Tensor | None = None
    dropout_p: float = 0.0
    is_causal: bool = False
    scale: float | None = None
    enable_gqa: bool = False

    def weights(self) -> Tensor:
        """The attention that the call applies and does not return."""
        return sdpa_weights(self.query, self.key, self.attn_mask, self.is_causal, self.scale)


class FollowSoftmax(TorchFunctionMode):
    """Reports attention products to a recorder; `batch` is the number of texts in the forward pass."""

    def __init__(self, recorder: Recorder, batch: int) -> None:
        super().__init__()
        self.recorder = recorder
        self.batch = batch
        self.marked: dict[int, Tensor] = {}  # by id; holding the tensor keeps its id from being used again

    def __torch_function__(
        self, func: Callable, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            self._note_sdpa(result, _SdpaCall(*args, **kwargs))
        elif func in _SOFTMAX:
            if result.ndim >= 3:
                self.marked[id(result)] = result
                self.recorder.softmaxes += 1
        elif self.marked:
            self._follow(func, args, kwargs, result)
        return result

    def _follow(self, func: Callable, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        if not isinstance(result, Tensor):
            return
        if func is torch.einsum:
            self._note_einsum(args, result)
            return
        weights = next((arg for arg in args if self._is_marked(arg)), None)
        if weights is None:
            return
        if func in _PRODUCTS:
            if weights is args[0]:
                self._note(result, weights, args[1] if len(args) > 1 else kwargs.get("mat2", kwargs.get("other")))
        elif result.numel() == weights.numel() and result.shape[-1:] == weights.shape[-1:]:
            self.marked[id(result)] = result

    def _is_marked(self, value: Any) -> bool:
        return isinstance(value, Tensor) and id(value) in self.marked

    def _note(self, context: Tensor, weights: Tensor, value: Tensor | None) -> None:
        """`weights` [B, H, T, S] or [B * H, T, S], `context` [..., T, Dh] alike."""
        self.marked.clear()
        product = context
        context, weights = self._unflatten(context), self._unflatten(weights)
        value = None if value is None else self._unflatten(value)
        self._silence(product, context)
        # a copy, because some models go on to add to this very tensor
        self.recorder.add(context.transpose(1, 2).clone(), weights, value)

    def _unflatten(self, tensor: Tensor) -> Tensor:
        return tensor if tensor.ndim == 4 else tensor.reshape(self.batch, -1, *tensor.shape[-2:])

    def _silence(self, product: Tensor, context: Tensor) -> None:
        """Ablate in the model's own tensor, with which it goes on. `context` [B, H, T, Dh] is a view of it."""
        silenced = self.recorder.ablated()
        if silenced and context.data_ptr() != product.data_ptr():
            raise UnsupportedError("The contexts of its heads cannot be reached one by one, so none can be ablated.")
        if silenced:
            context[:, list(silenced)] = 0

    def _note_einsum(self, args: Sequence[Any], result: Tensor) -> None:
        """As in XLNet's "bnij,jbnd->ibnd": the context is brought into the order of the weights, queries last."""
        equation, operands = args[0], args[1:]
        if len(operands) != 2 or not self._is_marked(operands[0]) or "->" not in equation:
            return
        inputs, output = equation.replace(" ", "").split("->")
        first = inputs.split(",")[0]
        depth = [axis for axis in output if axis not in first]
        if len(first) != 4 or len(depth) != 1 or set(first[:3]) - set(output):
            return
        order = [output.index(axis) for axis in (*first[:3], *depth)]
        self._note(result.permute(order), operands[0], None)

    def _note_sdpa(self, context: Tensor, call: _SdpaCall) -> None:
        weights = call.weights() if self.recorder.keep_weights else None
        self._silence(context, context)
        self.recorder.add(context.transpose(1, 2), weights, call.value)


def sdpa_weights(
    query: Tensor, key: Tensor, mask: Tensor | None = None, is_causal: bool = False, scale: float | None = None
) -> Tensor:
    """The attention [B, H, T, S] that `scaled_dot_product_attention` applies and does not return."""
    key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(future, float("-inf"))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
    return torch.softmax(scores, dim=-1)
