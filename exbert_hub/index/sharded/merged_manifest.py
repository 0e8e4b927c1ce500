"""What several indexes are together: one manifest made of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from exbert_hub.corpus.types import CorpusInfo, Coverage
from exbert_hub.errors import IndexMismatchError
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.hub.shard_places import ShardPlace


def merge_manifests(places: Sequence[ShardPlace]) -> Manifest:
    """What the shards are together; several list no files.

    :raises IndexMismatchError: if they are not of one model, one annotator, the same labels, layers and codec.
    """
    if len(places) == 1:
        return places[0].manifest
    return merged([(str(place), place.manifest) for place in places])


def merged(shards: Sequence[tuple[str, Manifest]], *, files: bool = False) -> Manifest:
    """As `merge_manifests`, of shards by name.

    :param files: list the files of the shards, each in the folder of that name.
    """
    manifests = [manifest for _, manifest in shards]
    (first_name, first) = shards[0]
    for name, manifest in shards:
        for aspect, mine in _identity(manifest).items():
            if mine != _identity(first)[aspect]:
                raise IndexMismatchError(
                    f"{name} and {first_name} are not shards of one index: their {aspect} differ. Search them one by "
                    "one, or build them again in the same way."
                )
    coverage = Coverage()
    for manifest in manifests:
        coverage += manifest.coverage
    pieces = sum(manifest.pieces for manifest in manifests)
    return replace(
        first,
        corpus=_merge_corpora([manifest.corpus for manifest in manifests]),
        coverage=coverage,
        pieces=pieces,
        sentences=sum(manifest.sentences for manifest in manifests),
        base_rates=_merge_rates(manifests, pieces),
        created=max(manifest.created for manifest in manifests),
        format_minor=max(manifest.format_minor for manifest in manifests),
        files={f"{name}/{file}": entry for name, one in shards for file, entry in one.files.items()} if files else {},
    )


def _identity(manifest: Manifest) -> dict[str, Any]:
    return {
        "models": (manifest.model.weights_fingerprint, manifest.model.tokenizer_fingerprint),
        "annotators": (manifest.corpus.annotator, manifest.corpus.annotator_version),
        "labels": (*manifest.labels, *manifest.added_labels),
        "layers or kinds of vectors": set(manifest.vectors),
        "layers with attention": set(manifest.attention_layers),
        "codecs": manifest.codec,
    }


def _merge_corpora(corpora: Sequence[CorpusInfo]) -> CorpusInfo:
    def joined(field: str) -> str:
        return " + ".join(dict.fromkeys(value for corpus in corpora if (value := getattr(corpus, field))))

    return replace(
        corpora[0],
        name=joined("name"),
        source=joined("source"),
        language=joined("language"),
        license=joined("license"),
        sha256=joined("sha256"),
    )


def _merge_rates(manifests: Sequence[Manifest], pieces: int) -> dict[str, dict[str, float]]:
    """Of the labels that every shard has the rates of."""
    merged = {}
    for label in manifests[0].base_rates:
        if all(label in manifest.base_rates for manifest in manifests):
            shares: dict[str, float] = {}
            for manifest in manifests:
                for value, share in manifest.base_rates[label].items():
                    shares[value] = shares.get(value, 0.0) + share * manifest.pieces / pieces
            merged[label] = dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))
    return merged
