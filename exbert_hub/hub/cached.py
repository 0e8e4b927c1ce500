"""What of the Hub is on this machine already; nothing here asks the network."""

from __future__ import annotations

from pathlib import Path


def cached_models() -> list[str]:
    """Ids of the models in the cache of huggingface_hub that have a config, safetensors and a tokenizer."""
    from huggingface_hub.constants import HF_HUB_CACHE

    found = []
    for folder in sorted(Path(HF_HUB_CACHE).glob("models--*")):
        names = {path.name for path in folder.glob("snapshots/*/*")}
        weights = any(name.endswith((".safetensors", ".safetensors.index.json")) for name in names)
        if "config.json" in names and weights and any(name.startswith("tokenizer") for name in names):
            found.append(folder.name.removeprefix("models--").replace("--", "/"))
    return found
