"""What is loaded, what is refused, and what identifies a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForMaskedLM

from exbert_hub.errors import ModelLoadError, NoAttentionError
from exbert_hub.model import Inspector
from exbert_hub.model.info import weights_fingerprint
from exbert_hub.model.load import head_class, load
from tests import tiny_models
from tests.tiny_models import ARCHITECTURES, UNSUPPORTED


@pytest.fixture()
def bert(tmp_path: Path) -> Path:
    return tiny_models.tiny_bert_dir(tmp_path / "bert")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="no folder"):
        load(tmp_path / "nowhere")


def test_an_uncached_model_without_the_hub() -> None:
    with pytest.raises(ModelLoadError, match="hf download") as caught:
        load("someone/some-model", local_files_only=True)
    assert caught.value.__cause__ is not None


def test_pickled_weights_are_refused(bert: Path) -> None:
    torch.save(load_file(bert / "model.safetensors"), bert / "pytorch_model.bin")
    (bert / "model.safetensors").unlink()
    with pytest.raises(ModelLoadError, match="no model.safetensors.*convert them once"):
        load(bert)


def test_an_unknown_architecture(bert: Path) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"model_type": "bert-of-tomorrow"}))
    with pytest.raises(ModelLoadError, match="does not know the architecture"):
        load(bert)


def test_missing_weights_are_not_replaced_by_random_ones(bert: Path) -> None:
    weights = load_file(bert / "model.safetensors")
    del weights["bert.encoder.layer.1.attention.self.query.weight"]
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match="lacks 1 weights.*layer.1.attention.self.query"):
        load(bert)


def test_a_missing_head_is_no_reason_to_refuse(bert: Path) -> None:
    weights = {name: value for name, value in load_file(bert / "model.safetensors").items() if "cls." not in name}
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    loaded = load(bert)
    assert not loaded.has_head and type(loaded.model).__name__ == "BertModel"


@pytest.mark.parametrize("device", ["foo", "cuda:99", "meta", "", 1.5])
def test_a_device_that_is_not_there(bert: Path, device: object) -> None:
    with pytest.raises(ModelLoadError, match=f"no device '{device}' here; there is cpu"):
        load(bert, device=device)


def test_dtype_is_float32_on_a_cpu_unless_asked(bert: Path) -> None:
    AutoModelForMaskedLM.from_pretrained(bert).half().save_pretrained(bert)
    assert load(bert, device="cpu").model.dtype == torch.float32
    assert load(bert, device="cpu", dtype=torch.float16).model.dtype == torch.float16


def test_fingerprints_follow_the_weights_not_the_file(bert: Path, tmp_path: Path) -> None:
    model_info = Inspector.from_pretrained(bert).model_info
    headless = tmp_path / "headless"
    AutoModel.from_pretrained(bert).save_pretrained(headless)  # drops the head and brings a pooler
    Inspector.from_pretrained(bert).tokenizer.save_pretrained(headless)
    again = Inspector.from_pretrained(headless).model_info
    assert again.weights_fingerprint == model_info.weights_fingerprint
    assert again.tokenizer_fingerprint == model_info.tokenizer_fingerprint

    model = AutoModelForMaskedLM.from_pretrained(bert)
    assert weights_fingerprint(model.to(torch.bfloat16)) == model_info.weights_fingerprint
    with torch.no_grad():
        model.bert.encoder.layer[0].output.dense.weight[0, 0] += 1
    assert weights_fingerprint(model) != model_info.weights_fingerprint


def test_fingerprint_of_another_tokenizer(bert: Path, tmp_path: Path) -> None:
    other = tiny_models.tiny_bert_dir(tmp_path / "other", texts=("Quite another text, with other words.",) * 2)
    one, two = (Inspector.from_pretrained(folder).model_info.tokenizer_fingerprint for folder in (bert, other))
    assert one != two


def test_positions_of_roberta_start_behind_the_padding(tmp_path: Path) -> None:
    tokenizer = tiny_models.word_piece()
    tokenizer.model_max_length = 10**30
    model = tiny_models._model("roberta", len(tokenizer))  # 64 rows, padding_idx 0
    assert Inspector.from_pretrained(tiny_models._save(model, tokenizer, tmp_path)).model_info.max_length == 63


def test_a_model_without_attention_is_refused_by_name(tmp_path: Path) -> None:
    row = next(row for row in UNSUPPORTED if row.name == "fnet")
    tokenizer = tiny_models.word_piece(size=64)
    with pytest.raises(NoAttentionError, match="fnet"):
        Inspector.from_pretrained(tiny_models._save(row.build(row), tokenizer, tmp_path))


@pytest.mark.parametrize("name", ["bert", "xlm", "gpt2", "llama", "t5", "bart", "opt", "bert-generation"])
def test_the_head_a_checkpoint_was_saved_with(name: str) -> None:
    row = next(row for row in ARCHITECTURES if row.name == name)
    model = row.build()
    model.config.architectures = [type(model).__name__]
    head = head_class(model.config)
    assert head is not None and head.__name__ == f"AutoModelFor{row.head}"
    model.config.architectures = [type(AutoModel.from_config(model.config)).__name__]
    assert head_class(model.config) is None
