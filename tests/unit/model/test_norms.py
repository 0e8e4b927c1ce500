"""Value-weighted attention against numpy, from the weights of each architecture by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from exbert_hub import demo as embedded
from exbert_hub.errors import UnsupportedError
from exbert_hub.model import Inspector
from exbert_hub.model.capture.recorder import Record
from exbert_hub.model.capture.value_norms import with_norms
from tests.tiny_models import TEXTS

Weights = tuple[Any, Any]
"""Values [N, key-value heads * Dh] of a layer as the model computes them, and its output projection [H * Dh, D]."""


def bert(model: Any, layer: int, state: torch.Tensor) -> Weights:
    attention = model.bert.encoder.layer[layer].attention
    return attention.self.value(state), attention.output.dense.weight.T


def gpt2(model: Any, layer: int, state: torch.Tensor) -> Weights:
    block = model.transformer.h[layer]
    return block.attn.c_attn(block.ln_1(state)).chunk(3, dim=-1)[2], block.attn.c_proj.weight


def llama(model: Any, layer: int, state: torch.Tensor) -> Weights:
    block = model.model.layers[layer]
    return block.self_attn.v_proj(block.input_layernorm(state)), block.self_attn.o_proj.weight.T


def t5(model: Any, layer: int, state: torch.Tensor) -> Weights:
    first = model.encoder.block[layer].layer[0]
    return first.SelfAttention.v(first.layer_norm(state)), first.SelfAttention.o.weight.T


@pytest.mark.parametrize("weights_of", [bert, gpt2, llama, t5], ids=lambda function: function.__name__)
@torch.inference_mode()
def test_norms_are_those_of_weighted_projected_values(tiny: Callable[[str], Inspector], weights_of: Callable) -> None:
    inspector = tiny(weights_of.__name__)
    seen = inspector.inspect(TEXTS[0], norms=True)
    assert seen.norms.shape == seen.attention.shape and seen.norms.dtype == np.float32
    for layer, attention in enumerate(seen.attention):
        values, projection = weights_of(inspector.model, layer, torch.from_numpy(seen.hidden[layer]))
        heads, dim = seen.contexts[layer].shape[1:]
        values = values.reshape(len(seen.pieces), -1, dim).numpy()
        values = values.repeat(heads // values.shape[1], axis=1)
        kernels = projection.numpy().reshape(heads, dim, -1)
        weighted = np.einsum("hij,jhd->hijd", attention, values)
        expected = np.linalg.norm(np.einsum("hijd,hde->hije", weighted, kernels), axis=-1)
        np.testing.assert_allclose(seen.norms[layer], expected, rtol=1e-4, atol=1e-7)


def test_every_stack_of_an_encoder_decoder_has_norms(tiny: Callable[[str], Inspector]) -> None:
    seen = tiny("bart").inspect(TEXTS[1], "A lion ran.", norms=True)
    for stack in seen.stacks.values():
        assert stack.norms.shape == stack.attention.shape and (stack.norms > 0).any()


def test_layers_without_attention_have_no_norms(tiny: Callable[[str], Inspector]) -> None:
    seen = tiny("lfm2").inspect(TEXTS[0], norms=True)
    assert seen.norms[0] is None and seen.norms[2] is None and seen.norms[1].shape == seen.attention[1].shape


def test_heads_that_are_ablated_send_nothing(demo: Inspector) -> None:
    norms = demo.inspect(TEXTS[0], norms=True, ablate={2: [3]}).norms
    assert not norms[2, 3].any() and norms[2, 4].any()


def test_half_precision_is_believed_within_its_rounding(demo: Inspector) -> None:
    half = Inspector.from_pretrained(embedded.MODEL, dtype=torch.bfloat16, device="cpu")
    exact = demo.inspect(TEXTS[0], norms=True).norms
    found = half.inspect(TEXTS[0], norms=True)
    assert found.norms.dtype == np.float32
    assert np.linalg.norm(found.norms - exact) < 0.05 * np.linalg.norm(exact)
    assert found.lens("girl", k=1)[-1] == found.predictions("girl", k=1)


def test_where_there_are_none_an_error_says_why(demo: Inspector, tiny: Callable[[str], Inspector]) -> None:
    with pytest.raises(UnsupportedError, match="norms=True"):
        _ = demo.inspect("A lion.").norms
    seen = tiny("convbert").inspect(TEXTS[0], norms=True)  # heads and convolutions share its projection
    with pytest.raises(UnsupportedError, match="Layer 0 has no value-weighted attention: no linear module"):
        _ = seen.norms
    assert seen.main.value_norms is None and seen.main.no_norms.startswith("Layer 0")


def test_a_projection_that_does_more_than_project_is_not_believed() -> None:
    torch.manual_seed(0)
    weights, value = torch.rand(1, 2, 4, 4).softmax(-1), torch.rand(1, 2, 4, 8)
    context = (weights @ value).transpose(1, 2)
    record, projection = Record("encoder", 0, context, weights, value), nn.Linear(16, 6)
    with torch.no_grad():
        output = projection(context.flatten(2))
        assert with_norms(record, projection, output).value_norms is not None
        assert "do not add up" in with_norms(record, projection, output * 1.01).no_norms
