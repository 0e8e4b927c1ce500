"""Many texts through the main stack, for building an index."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from exbert_hub.model.capture.capture import PROBE_IDS, Capture, CapturedStack
from exbert_hub.model.capture.forward_gate import Footprints, follows_contexts

logger = logging.getLogger(__name__)

_TOLERANCE = 1e-4
"""Relative difference of a vector that rounding may make; in float32 it makes 1e-6, ConvBERT at random 4e-3."""

Layers = Sequence[Tensor | None]


@dataclass(frozen=True)
class Batch:
    """What the main stack computed for a batch of texts, padded on the right to T pieces; on the model's device."""

    hidden: list[Tensor]  # L + 1 of [B, T, D]
    contexts: list[Tensor | None]  # L of [B, T, H, Dh]
    weights: list[Tensor | None] | None  # L of [B, H, T, T]; None unless asked for
    lengths: Tensor  # int64 [B]


class Batcher:
    """Runs texts of different lengths together, unless the model computes something else for a padded text.

    ConvBERT and Nystromformer convolve over the padding, MobileBERT reads the piece after each piece; with them only
    texts of one length share a forward pass. A probe on construction finds out; also whether a forward pass leaves
    anything in the model, so that only one at a time may run.

    :param pad_id: the piece to pad with.
    """

    def __init__(self, capture: Capture, pad_id: int) -> None:
        self.capture = capture
        self.pad_id = pad_id
        footprints = Footprints(capture.model)
        self.pads = self._tolerates_padding()
        capture.leaves_nothing = follows_contexts() and not footprints.left()

    def encode(self, ids: Sequence[Sequence[int]], weights: bool) -> Batch:
        """What a forward pass per text would compute; behind the end of a text stands nothing of meaning."""
        lengths = [len(row) for row in ids]
        if self.pads:
            groups = {max(lengths): list(range(len(ids)))}
        else:
            groups = {length: [row for row, each in enumerate(lengths) if each == length] for length in set(lengths)}
        parts = [self._forward([ids[row] for row in rows], weights) for rows in groups.values()]
        hidden = [_gathered(layer, groups, 1) for layer in zip(*(part.hidden for part in parts), strict=True)]
        contexts = [_gathered(layer, groups, 1) for layer in zip(*(part.contexts for part in parts), strict=True)]
        kept = [_gathered(layer, groups, 2, 3) for layer in zip(*(part.weights for part in parts), strict=True)]
        states = [state for state in hidden if state is not None]  # every layer has one
        device = self.capture.model.device
        return Batch(states, contexts, kept if weights else None, torch.tensor(lengths, device=device))

    def _forward(self, ids: Sequence[Sequence[int]], weights: bool) -> CapturedStack:
        lengths = torch.tensor([len(row) for row in ids])
        longest = int(lengths.max())
        padded = torch.full((len(ids), longest), self.pad_id)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = torch.as_tensor(one)
        mask = torch.arange(longest) < lengths[:, None]
        device = self.capture.model.device
        inputs = {"input_ids": padded.to(device), "attention_mask": mask.long().to(device)}
        return self.capture.run_main(inputs, weights=weights)

    def _tolerates_padding(self) -> bool:
        """Whether the first half of the probe, padded beside the whole, comes out as it does alone."""
        name = self.capture.model.config.model_type
        vocabulary = self.capture.model.config.get_text_config().vocab_size
        whole = [i % vocabulary for i in PROBE_IDS]
        half = whole[: len(whole) // 2]
        alone = self._forward([half], weights=False)
        try:
            padded = self._forward([half, whole], weights=False)
        except Exception as error:  # whatever a model raises that does not know padding
            logger.info("%s models do not run padded, texts of one length run together: %s", name, error)
            return False
        # half precision rounds by more, and hides what is smaller
        tolerance = max(_TOLERANCE, 8 * torch.finfo(alone.hidden[-1].dtype).eps)
        difference = max(
            _difference(one[:1, : len(half)], other)
            for one, other in _pairs((*padded.hidden, *padded.contexts), (*alone.hidden, *alone.contexts))
        )
        tolerates = difference <= tolerance
        if not tolerates:
            logger.info("padding changes what %s computes by %.1e: texts of one length run together", name, difference)
        return tolerates


def _gathered(parts: Sequence[Tensor | None], groups: Mapping[int, Sequence[int]], *axes: int) -> Tensor | None:
    """One tensor from those of the groups: rows back in their order, zeros behind a text's end along `axes`."""
    first = parts[0]
    if first is None or len(parts) == 1:
        return first
    shape = list(first.shape)
    shape[0] = sum(map(len, groups.values()))
    for axis in axes:
        shape[axis] = max(groups)
    whole = first.new_zeros(shape)
    for (length, rows), part in zip(groups.items(), parts, strict=True):
        assert part is not None  # a layer has attention in every forward pass or in none
        view = whole
        for axis in axes:
            view = view.narrow(axis, 0, length)
        view[rows] = part
    return whole


def _pairs(ones: Layers, others: Layers) -> Iterator[tuple[Tensor, Tensor]]:
    """Tensors of the same layer, layers without attention left out."""
    for one, other in zip(ones, others, strict=True):
        if one is not None and other is not None:
            yield one, other


def _difference(one: Tensor, other: Tensor) -> float:
    """The largest relative difference of one piece's vectors."""
    one, other = one[0].flatten(1).float(), other[0].flatten(1).float()
    return float(((one - other).norm(dim=-1) / other.norm(dim=-1).clamp_min(1e-12)).max())
