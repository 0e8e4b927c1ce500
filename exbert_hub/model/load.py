"""Load any text model of the Hub, with its language-model head where the checkpoint has one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from exbert_hub.errors import ModelLoadError

logger = logging.getLogger(__name__)

_HEADS = (  # auto classes with a language-model head, and the models each of them knows
    (transformers.AutoModelForSeq2SeqLM, transformers.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING),
    (transformers.AutoModelForMaskedLM, transformers.MODEL_FOR_MASKED_LM_MAPPING),
    (transformers.AutoModelForCausalLM, transformers.MODEL_FOR_CAUSAL_LM_MAPPING),
    (transformers.AutoModelForImageTextToText, transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING),
)
_HEAD_NAMES = ("ForMaskedLM", "ForCausalLM", "LMHeadModel", "ForPreTraining", "ForConditionalGeneration")


@dataclass(frozen=True)
class LoadedModel:
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    has_head: bool


def load(
    id_or_path: str | Path,
    *,
    revision: str | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Load model and tokenizer from safetensors; pickled weights are refused.

    :param device: default a GPU where there is one.
    :param dtype: default float32 on a CPU, where half precision is several times slower, and half precision on a GPU
        (`default_dtype`); "float32" for what a CPU computes, "auto" for the checkpoint's own.
    :raises ModelLoadError: says what is missing and what to do.
    """
    source = str(id_or_path)
    place = find_device(device)
    options: dict[str, Any] = {
        "revision": revision,
        "token": token,
        "local_files_only": local_files_only,
        "trust_remote_code": trust_remote_code,
    }
    try:
        config = AutoConfig.from_pretrained(source, **options)
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        if dtype is None:
            dtype = default_dtype(place, config.dtype)
        model, has_head = _load_model(source, config, dtype=dtype, use_safetensors=True, **options)
        torch.nn.Module.to(model, place)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        raise ModelLoadError(_advice(source, error, local_files_only)) from error
    return LoadedModel(model.eval(), tokenizer, has_head)


def default_dtype(place: torch.device, stored: torch.dtype | None) -> torch.dtype | str:
    """What a model computes in unless one says otherwise.

    :param stored: dtype of the checkpoint, as far as its configuration says.
    :return: float32 on a CPU; on a GPU bfloat16, or float16 if the checkpoint is stored in it or the GPU has no
        bfloat16; "auto", which is the checkpoint's own, on other devices.
    """
    if place.type == "cpu":
        return torch.float32
    if place.type != "cuda":
        return "auto"
    in_bfloat16 = stored != torch.float16 and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if in_bfloat16 else torch.float16


def find_device(device: str | torch.device | None = None) -> torch.device:
    """The device of that name, default a GPU where there is one.

    :raises ModelLoadError: if there is none of that name; lists those there are.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
        torch.zeros(1, device=place).item()  # a device may have a name and not be there, or hold no values ("meta")
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ValueError) as error:
        raise ModelLoadError(f"There is no device {str(device)!r} here; there is {_devices()}.") from error
    return place


def _devices() -> str:
    names = ["cpu"]
    accelerator = torch.accelerator.current_accelerator()
    if accelerator is not None and torch.accelerator.is_available():
        names += [f"{accelerator.type}:{number}" for number in range(torch.accelerator.device_count())]
    return ", ".join(names)


def _load_model(source: str, config: PreTrainedConfig, **options: Any) -> tuple[PreTrainedModel, bool]:
    head = head_class(config)
    if head is not None:
        model, report = head.from_pretrained(source, config=config, output_loading_info=True, **options)
        if not _missing(model, report, in_head=True):
            _refuse_missing(source, _missing(model, report, in_head=False))
            return model, True
        logger.warning("%s has no weights for %s: loaded without predictions", source, type(model).__name__)
    model, report = AutoModel.from_pretrained(source, config=config, output_loading_info=True, **options)
    _refuse_missing(source, _missing(model, report, in_head=False))
    return model, False


def head_class(config: PreTrainedConfig) -> Any:
    """The auto class for the head this checkpoint was saved with, None if it was saved without one."""
    architectures = config.architectures or []
    for head, mapping in _HEADS:
        if type(config) in mapping and getattr(mapping[type(config)], "__name__", None) in architectures:
            return head
    if architectures and not any(name.endswith(_HEAD_NAMES) for name in architectures):
        return None
    remote = getattr(config, "auto_map", None) or {}
    known = [head for head, mapping in _HEADS if type(config) in mapping or head.__name__ in remote]
    if not config.is_encoder_decoder:
        known = [head for head in known if head is not transformers.AutoModelForSeq2SeqLM]
    return known[0] if known else None


def _missing(model: PreTrainedModel, report: dict[str, Any], *, in_head: bool) -> list[str]:
    """Weights that the checkpoint lacks and that were therefore drawn at random; poolers are never used here."""
    output = model.get_output_embeddings()
    outputs = {name for name, module in model.named_modules() if module is output and output is not None}

    def belongs_to_head(key: str) -> bool:
        outside = model.base_model is not model and not key.startswith(model.base_model_prefix + ".")
        return outside or key.rpartition(".")[0] in outputs

    return sorted(key for key in report["missing_keys"] if "pooler." not in key and belongs_to_head(key) == in_head)


def _refuse_missing(source: str, missing: list[str]) -> None:
    if missing:
        raise ModelLoadError(
            f"The checkpoint {source} lacks {len(missing)} weights of the model, such as {missing[0]}; with random "
            f"values in their place nothing shown would be true. Check that the weights belong to config.json."
        )


def _advice(source: str, error: Exception, local_files_only: bool) -> str:
    causes = _causes(error)
    text = " ".join(str(cause) for cause in causes)
    looks_local = source.startswith((".", "/", "~")) or source.count("/") > 1 or Path(source).exists()
    if looks_local and not Path(source).is_dir():
        return f"There is no folder {source}. Give a Hub id such as 'bert-base-uncased', or a saved model's folder."
    if any(isinstance(cause, GatedRepoError) for cause in causes) or "trying to access a gated repo" in text:
        return f"{source} is gated: accept its terms on its page, then log in with `hf auth login` or pass token=."
    if any(isinstance(cause, LocalEntryNotFoundError) for cause in causes) or local_files_only and not looks_local:
        return (
            f"{source} is not in the local cache, and the Hub cannot be reached or may not be asked "
            f"(offline, or local_files_only=True). Download it once with a connection: `hf download {source}`."
        )
    if any(isinstance(cause, RepositoryNotFoundError) for cause in causes):
        return f"There is no model {source} on the Hub, or it is private: check the name, log in or pass token=."
    if "safetensors" in text and ("no file named" in text or "does not appear to have" in text):
        return (
            f"{source} has no model.safetensors. Pickled weights (.bin) can run code and are not read; if you trust "
            f"them, convert them once: AutoModel.from_pretrained(...).save_pretrained(folder), and open that folder."
        )
    if "trust_remote_code" in text:
        return f"{source} brings its own code. If you trust it, pass trust_remote_code=True."
    if "does not recognize this architecture" in text:
        return f"transformers {transformers.__version__} does not know the architecture of {source}: upgrade it."
    return f"{source} could not be loaded as a text model with a tokenizer: {error}"


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
