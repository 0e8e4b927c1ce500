"""The logit lens against a model's head applied by hand, and rollout of an inspection."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from exbert_hub.errors import SelectionError, UnsupportedError
from exbert_hub.model import Inspector
from tests import tiny_models
from tests.tiny_models import TEXTS

HEADS: dict[str, Callable[[Any, torch.Tensor], torch.Tensor]] = {
    "bert": lambda model, state: model.cls(state),
    "gpt2": lambda model, state: model.lm_head(model.transformer.ln_f(state)),
    "llama": lambda model, state: model.lm_head(model.model.norm(state)),
    "bart": lambda model, state: model.lm_head(state) + model.final_logits_bias,
}


@pytest.mark.parametrize("name", HEADS)
@torch.inference_mode()
def test_inner_layers_are_read_by_norm_and_head(tiny: Callable[[str], Inspector], name: str) -> None:
    inspector = tiny(name)
    seen = inspector.inspect(TEXTS[0], TEXTS[1] if name == "bart" else None)
    stack = seen.stacks.get("decoder", seen.main)
    position = 3
    layers = seen.lens(position, k=4)
    assert len(layers) == len(stack.hidden) - 1
    for state, found in zip(stack.hidden[1:-1], layers, strict=False):
        shares = HEADS[name](inspector.model, torch.from_numpy(state[position : position + 1]))[0].softmax(-1)
        best = shares.topk(4)
        assert [candidate.id for candidate in found] == best.indices.tolist()
        np.testing.assert_allclose([candidate.probability for candidate in found], best.values.numpy(), rtol=1e-4)
    assert layers[-1] == seen.predictions(position, k=4)


def test_the_last_layer_is_what_the_model_predicts(demo: Inspector) -> None:
    """Also when its output goes the way of the others: the embedded model has no final norm."""
    seen = demo.inspect(TEXTS[0], mask=["escape"])
    at = seen.position_of("escape")
    (read,) = demo._lens(torch.from_numpy(seen.hidden[-1][[at]]), 5)
    expected = seen.predictions("escape")
    assert [candidate.id for candidate in read] == [candidate.id for candidate in expected]
    np.testing.assert_allclose([c.probability for c in read], [c.probability for c in expected], rtol=1e-4)
    assert seen.lens("escape")[-1] == expected


def test_a_model_with_more_layers_than_the_probe_has_pieces(tmp_path: Any) -> None:
    folder = tiny_models.tiny_bert_dir(tmp_path, num_hidden_layers=20)
    assert len(Inspector.from_pretrained(folder).inspect(TEXTS[0]).lens("girl")) == 20


def test_where_there_is_no_lens_an_error_says_why(demo: Inspector, tmp_path: Any) -> None:
    folder = tiny_models.tiny_bert_dir(tmp_path)
    AutoModel.from_pretrained(folder).save_pretrained(folder)
    with pytest.raises(UnsupportedError, match="no language-model head"):
        Inspector.from_pretrained(folder).inspect("A lion.").lens("lion")
    seen = demo.inspect("A lion.")
    with pytest.raises(SelectionError, match="top_k"):
        seen.lens("lion", k=11)
    travelled = pickle.loads(pickle.dumps(seen))
    assert travelled.predictions("lion") == seen.predictions("lion")
    with pytest.raises(UnsupportedError, match="another process"):
        travelled.lens("lion")


def test_rollout_of_an_inspection(demo: Inspector, tiny: Callable[[str], Inspector]) -> None:
    seen = demo.inspect(TEXTS[0])
    found = seen.rollout()
    assert found.shape == (6, len(seen.pieces), len(seen.pieces))
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)
    identity = np.eye(len(seen.pieces))
    np.testing.assert_allclose(found[0], 0.5 * seen.attention[0].mean(0) + 0.5 * identity, atol=1e-6)
    with pytest.raises(UnsupportedError, match="Layer 0 .* without attention"):
        tiny("lfm2").inspect(TEXTS[0]).rollout()
