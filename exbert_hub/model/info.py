"""What identifies a loaded model, and its limits."""

from __future__ import annotations

import hashlib
import json

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from exbert_hub.model.capture.capture import Capture

from .load import LoadedModel
from .start_token import StartToken
from .types import ModelInfo, ModelKind

UNLIMITED = 1_000_000
"""`max_length` of models without a limit of their own, such as those with relative positions only."""

_SAMPLES = 256


def read_model_info(
    model_id: str, loaded: LoadedModel, capture: Capture, start: StartToken | None = None
) -> ModelInfo:
    config = loaded.model.config
    return ModelInfo(
        model_id=model_id,
        revision=getattr(config, "_commit_hash", None),
        kind=model_kind(capture, loaded.has_head),
        architecture=config.model_type,
        heads=capture.heads,
        head_dims=capture.head_dims,
        hidden_size=capture.hidden_size,
        max_length=max_length(loaded.model, loaded.tokenizer),
        final_norm=capture.final_norm,
        weights_fingerprint=weights_fingerprint(loaded.model),
        tokenizer_fingerprint=tokenizer_fingerprint(loaded.tokenizer, start),
        dtype=str(loaded.model.dtype).removeprefix("torch."),
        start_token=None if start is None else start.piece,
    )


def model_kind(capture: Capture, has_head: bool) -> ModelKind:
    """Whether a model is causal is read off its attention: some decoder classes hold bidirectional models."""
    if capture.is_encoder_decoder:
        return "seq2seq"
    if capture.main == "decoder":
        return "causal"
    masked = has_head and type(capture.model).__name__.endswith(("ForMaskedLM", "WithLMHeadModel"))
    return "masked" if masked else "encoder"


def max_length(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Most pieces the model takes at once, special tokens counted: the least of what model and tokenizer say."""
    limits = [UNLIMITED, tokenizer.model_max_length]
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        limits.append(positions)
    for name, module in model.base_model.named_modules():
        if not (name.endswith("position_embeddings") and isinstance(module, nn.Embedding)):
            continue
        if module.padding_idx is not None:  # RoBERTa counts positions from padding_idx + 1
            limits.append(module.num_embeddings - module.padding_idx - 1)
    return int(min(limits))


def weights_fingerprint(model: PreTrainedModel) -> str:
    """sha256 over up to 256 evenly spaced values of every parameter of the base model, sorted by name.

    Values are compared as bfloat16, so a bfloat16 copy and its float32 original agree, and so does one checkpoint
    loaded in several dtypes (except float32 weights squeezed into float16). Heads and poolers are left out: the same
    base model is loaded with and without them.
    """
    digest = hashlib.sha256()
    output = model.get_output_embeddings()
    head = set() if output is None else {id(parameter) for parameter in output.parameters()}
    inputs = {id(parameter) for parameter in model.get_input_embeddings().parameters()}
    for name, parameter in sorted(model.base_model.named_parameters()):
        if "pooler." in name or id(parameter) in head - inputs:
            continue
        values = parameter.detach().reshape(-1)
        step = max(1, -(-values.numel() // _SAMPLES))
        sample = values[::step].to(torch.bfloat16).cpu().view(torch.int16).numpy()
        digest.update(f"{name}{tuple(parameter.shape)}".encode())
        digest.update(sample.tobytes())
    return digest.hexdigest()


def tokenizer_fingerprint(tokenizer: PreTrainedTokenizerBase, start: StartToken | None = None) -> str:
    """sha256 of the tokenizer's own serialisation; of its vocabulary where it is written in Python.

    :param start: a start token is part of it: with another one the same text is other pieces.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        text = json.dumps(sorted(tokenizer.get_vocab().items()))
    else:
        state = json.loads(backend.to_str()) | {"padding": None, "truncation": None}
        text = json.dumps(state, sort_keys=True)
    if start is not None:
        text += f"\nstart token {start.id}"
    return hashlib.sha256(text.encode()).hexdigest()
