"""Every architecture of the table, with tiny random weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch

from exbert_hub.errors import NoAttentionError
from exbert_hub.model.capture import Capture, CapturedStack
from exbert_hub.model.facts import model_kind
from tests.tiny_models import ARCHITECTURES, UNSUPPORTED, Architecture, Unsupported

LENGTH, DECODER_LENGTH = 12, 5


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


def inputs_for(capture: Capture) -> dict[str, torch.Tensor]:
    ids = torch.arange(3, 3 + LENGTH)[None]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if capture.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.arange(5, 5 + DECODER_LENGTH)[None]
    return inputs


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.name)
def test_what_is_captured_is_what_the_model_computes(row: Architecture) -> None:
    model = row.build()
    body = model.get_encoder() if row.kind == "seq2seq" else model.base_model
    ids = torch.arange(3, 3 + LENGTH)[None]
    model.config.use_cache = False
    with torch.inference_mode():
        plain = body(input_ids=ids, attention_mask=torch.ones_like(ids))[0]

    capture = Capture(model)
    inputs = inputs_for(capture)
    captured = capture.run(inputs, weights=True, values=True)
    main = captured.stacks[capture.main]

    assert (capture.path, model_kind(capture, bool(row.head))) == (row.path, row.kind)
    assert relative_difference(main.hidden[-1], plain) < 1e-5
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
    assert relative_difference(encoded.hidden[-1], plain) < 1e-5
    for heads, context, reference in zip(row.heads, encoded.contexts, main.contexts, strict=True):
        if heads:
            torch.testing.assert_close(context, reference, rtol=1e-4, atol=1e-5)


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
    front_page = (root / "README.md").read_text(encoding="utf-8")
    assert front_page == script.readme(front_page), "run `make architectures` and commit README.md"
