"""Every architecture of the table, with tiny random weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from exbert_hub.errors import NoAttentionError, UnsupportedError
from exbert_hub.model.capture.capture import Capture, CapturedStack
from exbert_hub.model.effects.lens import LogitLens
from exbert_hub.model.info import model_kind
from exbert_hub.model.inspector import _to_stack
from exbert_hub.model.predict import top_predictions
from exbert_hub.model.types import StackName, Tokens
from tests.tiny_models import ARCHITECTURES, UNSUPPORTED, Unsupported

from .conftest import DECODER_LENGTH, LENGTH, Built, inputs_for


class Words:
    """As much of a tokenizer as predictions need."""

    def convert_ids_to_tokens(self, index: int) -> str:
        return f"word-{index}"

    def decode(self, ids: list[int]) -> str:
        return f"word-{ids[0]}"


def relative_difference(one: torch.Tensor, other: torch.Tensor) -> float:
    return ((one - other).norm() / other.norm()).item()


def check_products(stack: CapturedStack) -> None:
    """`attention @ value` is the context, head by head."""
    checked = 0
    for weights, context, value in zip(stack.weights, stack.contexts, stack.values, strict=True):
        if context is None:
            continue
        assert weights is not None and value is not None
        value = value.repeat_interleave(weights.shape[1] // value.shape[1], dim=1)
        torch.testing.assert_close((weights @ value).transpose(1, 2), context, rtol=1e-4, atol=1e-5)
        checked += 1
    assert checked


def check_shapes(name: StackName, stack: CapturedStack, length: int) -> None:
    """Every state is [B, T, D] with one D, and all of it can be handed out as arrays."""
    widths = {tuple(state.shape) for state in stack.hidden}
    assert widths == (set() if name == "cross" else {(1, length, stack.hidden[0].shape[-1])})
    flags = np.zeros(length, bool)
    tokens = Tokens(
        ("x",) * length, np.arange(length), np.zeros((length, 2), int), flags, flags, flags.astype(np.int8)
    )
    shown = _to_stack(name, stack, tokens, tokens, norms=False)
    assert len(shown.attention) == len(stack.weights)
    if name != "cross":
        assert shown.hidden is not None and shown.contexts is not None
        assert shown.hidden.shape[:2] == (len(stack.contexts) + 1, length)
        assert len(shown.contexts) == len(stack.contexts)


@torch.inference_mode()
def test_what_is_captured_is_what_the_model_computes(built: Built) -> None:
    row, capture, plain, inputs = built.row, built.capture, built.plain, built.inputs
    captured = capture.run(inputs, weights=True, values=True)
    main = captured.stacks[capture.main]
    for name, stack in captured.stacks.items():
        check_shapes(name, stack, LENGTH if name == capture.main else DECODER_LENGTH)

    body = built.body_of(row, built.model)
    project = body.get_submodule(row.projection) if row.projection else torch.nn.Identity()
    assert (capture.path, model_kind(capture, bool(row.head))) == (row.path, row.kind)
    assert relative_difference(project(main.hidden[-1]), plain) < 1e-5
    assert len(main.hidden) == len(row.heads) + 1
    # a head count at its place, and 0 in between: the layer labels
    assert capture.heads == row.heads
    for heads, head_dim, weights, context in zip(
        row.heads, capture.head_dims, main.weights, main.contexts, strict=True
    ):
        if heads:
            assert weights is not None and weights.shape == (1, heads, LENGTH, LENGTH)
            assert context is not None and context.shape == (1, LENGTH, heads, head_dim)
        else:
            assert weights is None and context is None
    if row.product:
        for stack in captured.stacks.values():
            check_products(stack)
    if row.kind == "seq2seq":
        assert set(captured.stacks) == {"encoder", "decoder", "cross"}
        assert all(w is not None and w.shape[2:] == (DECODER_LENGTH, LENGTH) for w in captured.stacks["cross"].weights)
        assert all(
            w is not None and w.shape[2:] == (DECODER_LENGTH, DECODER_LENGTH)
            for w in captured.stacks["decoder"].weights
        )

    only_main = {name: value for name, value in inputs.items() if not name.startswith("decoder")}
    encoded = capture.run_main(only_main, weights=False)
    assert relative_difference(project(encoded.hidden[-1]), plain) < 1e-5
    for heads, context, reference in zip(row.heads, encoded.contexts, main.contexts, strict=True):
        if heads:
            torch.testing.assert_close(context, reference, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_norms_and_ablation(built: Built) -> None:
    """Norms where the table has them, else its reason; in every architecture heads can be silenced."""
    row, capture = built.row, built.capture
    plain = capture.run(inputs_for(capture), weights=True, norms=True)
    for stack in plain.stacks.values():
        assert bool(stack.no_norms) == bool(row.no_norms) and row.no_norms in stack.no_norms
        for weights, norms in zip(stack.weights, stack.value_norms, strict=True):
            if weights is not None and not row.no_norms:
                assert norms is not None and norms.shape == (weights.shape[0], weights.shape[1], weights.shape[3])

    layer = max(layer for layer, heads in enumerate(row.heads) if heads)
    ablated = capture.run(inputs_for(capture), weights=True, norms=True, ablate={layer: (1,)}).stacks[capture.main]
    main = plain.stacks[capture.main]
    for state, expected in zip(ablated.hidden[: layer + 1], main.hidden, strict=False):
        torch.testing.assert_close(state, expected)
    assert relative_difference(ablated.hidden[layer + 1], main.hidden[layer + 1]) > 1e-6
    context = ablated.contexts[layer]
    assert context is not None and not context[:, :, 1].any() and context[:, :, 0].all()
    if not row.no_norms:
        norms = ablated.value_norms[layer]
        assert norms is not None and not norms[:, 1].any() and norms[:, 0].all()


def test_inner_states_are_read_by_the_head(built: Built) -> None:
    """Exactly where the table says so; the last block's output then gives the model's own predictions."""
    row, capture = built.row, built.capture
    if row.kind == "encoder":  # none
        return
    captured, recorder = capture.run_recorded(built.inputs)
    lens = LogitLens(capture, Words())
    if not row.lens:
        with pytest.raises(UnsupportedError, match="reads more than"):
            lens(torch.zeros(1, 32), 3)
        return
    last = recorder.block_outputs["decoder" if capture.is_encoder_decoder else "encoder"]
    assert captured.logits is not None
    expected = top_predictions(captured.logits[0], Words(), 3)
    found = lens(last.reshape(-1, last.shape[-1]), 3)
    assert [[p.id for p in row] for row in found] == [[p.id for p in row] for row in expected]


def test_texts_of_different_lengths_run_together_as_each_alone(built: Built) -> None:
    batcher = built.batcher
    assert batcher.pads == (built.row.name not in ("convbert", "mobilebert", "nystromformer"))
    texts = [list(range(3, 15)), list(range(20, 25)), list(range(30, 50)), list(range(40, 45))]
    for weights in (False, True):
        batch = batcher.encode(texts, weights)
        assert batch.lengths.tolist() == [12, 5, 20, 5]
        assert (batch.weights is not None) == weights
        for at, text in enumerate(texts):
            alone = batcher.encode([text], weights)
            length = len(text)
            for state, expected in zip(batch.hidden, alone.hidden, strict=True):
                assert relative_difference(state[at, :length], expected[0]) < 1e-5
            for context, expected in zip(batch.contexts, alone.contexts, strict=True):
                if expected is not None:
                    assert context is not None and relative_difference(context[at, :length], expected[0]) < 1e-5
            for attention, expected in zip(batch.weights or (), alone.weights or (), strict=True):
                if expected is not None:
                    assert attention is not None
                    torch.testing.assert_close(attention[at, :, :length, :length], expected[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: row.name)
def test_models_without_attention_over_all_pieces_are_refused(row: Unsupported) -> None:
    with pytest.raises(NoAttentionError, match=row.why):
        Capture(row.build(row))


def test_layers_are_labelled_by_their_block_not_by_the_order_of_records() -> None:
    """Zamba 2 attends in layers 2 and 4 of 5, with one shared attention module that was named after layer 2."""
    row = next(row for row in ARCHITECTURES if row.name == "zamba2")
    capture = Capture(row.build())
    assert [layer for layer, heads in enumerate(capture.heads) if heads] == [2, 4]


def test_shared_layers_differ_although_their_module_is_one() -> None:
    albert = next(row for row in ARCHITECTURES if row.name == "albert").build()
    capture = Capture(albert)
    first, second, third = capture.run(inputs_for(capture), weights=True).stacks["encoder"].weights
    assert not torch.allclose(first, second) and not torch.allclose(second, third)


def row_named(name: str) -> tuple[torch.nn.Module, Capture]:
    model = next(row for row in ARCHITECTURES if row.name == name).build()
    return model, Capture(model)


@torch.inference_mode()
def test_of_several_residual_streams_the_first_is_shown() -> None:
    """Gemma 3n carries four of them from block to block and merges them behind the last."""
    model, capture = row_named("gemma3n_text")
    inputs = inputs_for(capture)
    blocks = []
    for layer in model.model.layers:
        layer.register_forward_hook(lambda module, args, output: blocks.append(output))
    stack = capture.run(inputs, weights=False).stacks["decoder"]
    assert all(block.shape == (4, 1, LENGTH, 32) for block in blocks)
    torch.testing.assert_close(stack.hidden[0], model.model.embed_tokens(inputs["input_ids"]))
    for state, block in zip(stack.hidden[1:-1], blocks, strict=False):
        torch.testing.assert_close(state, block[0])


@torch.inference_mode()
def test_a_decoder_that_returns_logits_shows_the_state_before_them() -> None:
    model, capture = row_named("fsmt")
    captured = capture.run(inputs_for(capture), weights=False)
    logits = model.get_decoder().output_projection(captured.stacks["decoder"].hidden[-1])
    torch.testing.assert_close(logits, captured.logits)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("bert", False), ("xlnet", False), ("fsmt", False), ("opt (350m)", False), ("opt", True), ("gemma3n_text", True)],
)
def test_whether_there_is_a_final_norm(name: str, expected: bool) -> None:
    assert row_named(name)[1].final_norm is expected


def test_at_least_sixty_architectures() -> None:
    assert len({row.model_type or row.name for row in ARCHITECTURES}) >= 60


def test_the_committed_table_is_up_to_date() -> None:
    root = Path(__file__).parents[3]
    spec = importlib.util.spec_from_file_location("architectures", root / "benchmarks" / "architectures.py")
    assert spec is not None and spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    committed = (root / "docs" / "architectures.md").read_text(encoding="utf-8")
    assert committed == script.table(), "run `make architectures` and commit docs/architectures.md"
