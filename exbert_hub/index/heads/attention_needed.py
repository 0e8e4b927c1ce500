"""What is asked of heads takes attention that was stored."""

from __future__ import annotations

from exbert_hub.errors import SelectionError
from exbert_hub.index.format.manifest import Manifest


def need_attention(manifest: Manifest, layer: int | None) -> None:
    """
    :param layer: that attention is needed of; any if None.
    :raises SelectionError: if there is none.
    """
    stored = manifest.attention_layers
    if not stored or layer not in (None, *stored):
        where = "the index" if layer is None else f"layer {layer}"
        raise SelectionError(
            f"{where} was built without attention, which is what heads are measured by: build it again with "
            "attention=True (without --no-attention)"
        )
