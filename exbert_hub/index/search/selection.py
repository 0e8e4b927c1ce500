"""What of an index is searched: its model checked, its vectors and heads chosen."""

from __future__ import annotations

from collections.abc import Sequence

from exbert_hub.errors import IndexMismatchError, SelectionError
from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.types import Kind, Layer
from exbert_hub.model.selection import existing_heads
from exbert_hub.model.types import ModelInfo


def check_model(manifest: Manifest, model_info: ModelInfo) -> None:
    """Refuse a query from another model: its vectors would have neighbours too, and they would mean nothing.

    :raises IndexMismatchError: if weights or tokenizer differ, by fingerprint.
    """
    built = manifest.model
    same_weights = model_info.weights_fingerprint == built.weights_fingerprint
    if same_weights and model_info.start_token != built.start_token:
        raise IndexMismatchError(
            f"this index was built with {_start(built)}, and {model_info.model_id} is loaded with "
            f"{_start(model_info)}: load it with start_token={built.start_token!r}, or build an index for it as it is."
        )
    for name, theirs, ours in (
        ("weights", model_info.weights_fingerprint, built.weights_fingerprint),
        ("tokenizer", model_info.tokenizer_fingerprint, built.tokenizer_fingerprint),
    ):
        if theirs != ours:
            raise IndexMismatchError(
                f"this index was built with {manifest.model_id} (revision {manifest.model.revision}), whose {name} "
                f"differ from those of {model_info.model_id} (revision {model_info.revision}): load that model, or "
                f"build an index for this one."
            )


def _start(model: ModelInfo) -> str:
    return f"the start token {model.start_token!r}" if model.start_token else "no start token"


def choose_spec(manifest: Manifest, by: Kind, layer: Layer) -> VectorSpec:
    """The vectors to search in.

    :raises SelectionError: if the index has none of that kind at that layer.
    """
    for spec in manifest.vectors:
        if (spec.kind, spec.layer) == (by, layer):
            return spec
    there = [str(spec.layer) for spec in manifest.vectors if spec.kind == by]
    raise SelectionError(
        f"the index has no {by} vectors at layer {layer!r}; it has layers {', '.join(there)}"
        if there
        else f"the index has no {by} vectors (kinds: {', '.join(sorted({s.kind for s in manifest.vectors}))})"
    )


def choose_heads(manifest: Manifest, layer: Layer, heads: Sequence[int] | None) -> tuple[int, ...]:
    """Chosen heads, sorted; all of the layer if None, none for `emb` and for layers without attention.

    :raises SelectionError: for heads that the layer does not have, or an empty choice.
    """
    if heads is None:
        return () if layer == "emb" else tuple(range(manifest.model.heads[layer]))
    return existing_heads(manifest.model.heads, layer, heads)


def last_layer(manifest: Manifest, by: Kind) -> Layer:
    """The last layer with vectors of this kind; "emb" if there is no other, or none at all."""
    layers = [spec.layer for spec in manifest.vectors if spec.kind == by]
    return max((layer for layer in layers if layer != "emb"), default="emb")
