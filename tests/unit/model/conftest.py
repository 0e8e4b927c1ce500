from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
import torch

from exbert_hub import demo as embedded
from exbert_hub.model import Inspector
from exbert_hub.model.batching import Batcher
from exbert_hub.model.capture.capture import Capture
from tests import tiny_models
from tests.tiny_models import ARCHITECTURES, Architecture


@pytest.fixture(scope="session")
def demo() -> Inspector:
    return Inspector.from_pretrained(embedded.MODEL, local_files_only=True)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Inspector]:
    """Small complete models by name, such as "gpt2", loaded once."""
    loaded: dict[str, Inspector] = {}

    def get(name: str) -> Inspector:
        if name not in loaded:
            make = getattr(tiny_models, f"tiny_{name}_dir")
            loaded[name] = Inspector.from_pretrained(make(tmp_path_factory.mktemp(name)))
        return loaded[name]

    return get


LENGTH, DECODER_LENGTH = 12, 5


@dataclass
class Built:
    """A row of the table of architectures, built once for all tests of it."""

    row: Architecture
    model: Any
    plain: torch.Tensor  # what the body of the model returns, before anything is captured
    capture: Capture

    @classmethod
    def of(cls, row: Architecture) -> "Built":
        model = row.build()
        with torch.no_grad():  # transformers starts padding at zero, checkpoints of other libraries do not
            model.get_input_embeddings().weight[0] = 1.0
        ids = torch.arange(3, 3 + LENGTH)[None]
        model.config.use_cache = False
        with torch.inference_mode():
            plain = cls.body_of(row, model)(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
        return cls(row, model, plain, Capture(model))

    @staticmethod
    def body_of(row: Architecture, model: Any) -> Any:
        return model.get_encoder() if row.kind == "seq2seq" else model.base_model

    @cached_property
    def batcher(self) -> Batcher:
        """What an `Inspector` does with every model before it runs it."""
        return Batcher(self.capture, pad_id=0)

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        return inputs_for(self.capture)


def inputs_for(capture: Capture) -> dict[str, torch.Tensor]:
    ids = torch.arange(3, 3 + LENGTH)[None]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if capture.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.arange(5, 5 + DECODER_LENGTH)[None]
    return inputs


@pytest.fixture(scope="session", params=ARCHITECTURES, ids=lambda row: row.name)
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    """Each architecture in its turn: pytest runs all tests of one before it goes on to the next."""
    yield Built.of(request.param)
