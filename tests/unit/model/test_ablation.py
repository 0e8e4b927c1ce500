"""Silenced heads against plain transformers with a hook where their contexts are projected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from exbert_hub.errors import SelectionError
from exbert_hub.model import Inspector
from tests.tiny_models import ARCHITECTURES, TEXTS
from tests.unit.model.test_architectures import inputs_for

LAYER = 1


def projection(model: Any, name: str) -> nn.Module:
    """What reads the contexts of layer 1."""
    if name == "llama":
        return model.model.layers[LAYER].self_attn.o_proj
    return model.base_model.encoder.layer[LAYER].attention.output.dense


def run(inspector: Inspector, text: str) -> Any:
    ids = torch.from_numpy(inspector.tokenize(text).ids)[None]
    with torch.inference_mode():
        return inspector.model(input_ids=ids, output_hidden_states=True)


def check(inspector: Inspector, hook: Any, heads: list[int]) -> None:
    output = run(inspector, TEXTS[0])
    hook.remove()
    seen = inspector.inspect(TEXTS[0], ablate={LAYER: heads})
    for state, expected in zip(seen.hidden, output.hidden_states, strict=True):
        np.testing.assert_allclose(state, expected[0].numpy(), atol=1e-5)
    shares = output.logits[0].softmax(-1)
    for position, candidates in enumerate(seen.predicted):
        for candidate in candidates:
            assert candidate.probability == pytest.approx(float(shares[position, candidate.id]), rel=1e-3)


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_without_all_heads_attention_gives_its_bias_only(tiny: Callable[[str], Inspector], name: str) -> None:
    inspector = tiny(name)

    def bias_only(module: nn.Linear, args: Any, output: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(output) if module.bias is None else module.bias.expand_as(output)

    hook = projection(inspector.model, name).register_forward_hook(bias_only)
    check(inspector, hook, [0, 1, 2, 3])


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_without_some_heads_their_columns_are_zero(tiny: Callable[[str], Inspector], name: str) -> None:
    inspector = tiny(name)

    def zeroed(module: nn.Linear, args: Any) -> Any:
        context = args[0].unflatten(-1, (4, -1)).clone()
        context[..., [1, 3], :] = 0
        return (context.flatten(-2),)

    hook = projection(inspector.model, name).register_forward_pre_hook(zeroed)
    check(inspector, hook, [3, 1])


@torch.inference_mode()
def test_outside_the_attention_interface_too() -> None:
    from exbert_hub.model.capture.capture import Capture

    model = next(row for row in ARCHITECTURES if row.name == "deberta").build()
    capture = Capture(model)
    ablated = capture.run(inputs_for(capture), weights=True, ablate={LAYER: (0, 1, 2, 3)}).logits
    dense = projection(model, "deberta")
    dense.register_forward_hook(lambda module, args, output: module.bias.expand_as(output))
    torch.testing.assert_close(ablated, model(**inputs_for(capture)).logits)


def test_shared_layers_are_told_apart() -> None:
    """ALBERT runs one block again and again."""
    from exbert_hub.model.capture.capture import Capture

    capture = Capture(next(row for row in ARCHITECTURES if row.name == "albert").build())
    stack = capture.run(inputs_for(capture), weights=True, ablate={LAYER: (2,)}).stacks["encoder"]
    silent = [bool((context[:, :, 2] == 0).all()) for context in stack.contexts]
    assert silent == [False, True, False]


def test_without_ablation_nothing_changes(demo: Inspector) -> None:
    plain, ablated = demo.inspect(TEXTS[0]), demo.inspect(TEXTS[0], ablate={})
    np.testing.assert_array_equal(plain.hidden, ablated.hidden)
    np.testing.assert_array_equal(plain.contexts, ablated.contexts)
    assert plain.predicted == ablated.predicted and ablated.ablated == {}


def test_what_was_ablated_is_known_and_seen(demo: Inspector) -> None:
    plain, seen = demo.inspect(TEXTS[0]), demo.inspect(TEXTS[0], ablate={0: [4, 2], 5: (1,)})
    assert seen.ablated == {0: (2, 4), 5: (1,)}
    assert not seen.contexts[0][:, [2, 4]].any() and not seen.contexts[5][:, 1].any()
    np.testing.assert_allclose(seen.attention[0], plain.attention[0], atol=1e-6)  # what is attended to stays
    assert np.abs(seen.attention[1] - plain.attention[1]).max() > 1e-3
    assert seen.predictions("girl")[0].probability != plain.predictions("girl")[0].probability


@pytest.mark.parametrize(
    "ablate", [{6: [0]}, {-1: [0]}, {"emb": [0]}, {0: [12]}, {0: []}, {0: [1.5]}, {0: 3}, {True: [0]}, [0], 5]
)
def test_heads_that_do_not_exist(demo: Inspector, ablate: Any) -> None:
    if ablate == {0: 3}:
        assert demo.inspect("A lion.", ablate=ablate).ablated == {0: (3,)}  # one head, without brackets
        return
    with pytest.raises(SelectionError):
        demo.inspect("A lion.", ablate=ablate)


def test_layers_without_attention_have_no_heads_to_ablate(tiny: Callable[[str], Inspector]) -> None:
    with pytest.raises(SelectionError, match="layer 0 has no heads"):
        tiny("lfm2").inspect("A lion.", ablate={0: [0]})
