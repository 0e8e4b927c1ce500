"""The dataset card of a shared index. What its owner writes into it is kept when it is written again.

The text between two HTML comments is ours, and so are some keys of the YAML; everything else belongs to the owner.
Where the owner has changed what is ours, the change is kept too, except in keys that readers and viewers rely on.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from exbert_hub.hub import parse_card, split_dataset_id
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.units import format_bytes

if TYPE_CHECKING:
    from huggingface_hub import CardData

logger = logging.getLogger(__name__)

INDEX_TAG = "exbert-index"
FACTS = "exbert"
"""Key of the YAML that holds what a list of indexes shows, so that listing needs no download."""

_TEMPLATE = Path(__file__).with_name("card_template.md")
_REGION = re.compile(r"<!-- exbert:begin ([0-9a-f]{16})[^>]*-->\n(.*?)\n<!-- exbert:end -->", re.DOTALL)
_ALWAYS_OURS = ("configs", FACTS, "library_name")
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")
_SHOWN = 8  # values of a label

# https://huggingface.co/docs/hub/repositories-licenses; the Hub takes nothing else, except with `license_name`.
# Neither huggingface_hub nor datasets has the list, and that of SPDX (in `packaging`) is another one.
_LICENSES = frozenset(
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 "
    "bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc "
    "cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 "
    "cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 "
    "cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 "
    "eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl "
    "openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl unknown other".split()
)


@dataclass(frozen=True)
class CardFacts:
    """What the card's YAML says about an index, under the key `FACTS`."""

    format_version: int
    model: str
    weights: str  # fingerprint
    tokenizer: str  # fingerprint
    corpus: str
    pieces: int
    sentences: int
    bytes: int

    @classmethod
    def of(cls, manifest: Manifest) -> CardFacts:
        model, size = manifest.model, sum(entry.size for entry in manifest.files.values())
        return cls(
            format_version=manifest.format_version,
            model=model.model_id,
            weights=model.weights_fingerprint,
            tokenizer=model.tokenizer_fingerprint,
            corpus=manifest.corpus.name,
            pieces=manifest.pieces,
            sentences=manifest.sentences,
            bytes=size,
        )


def name_slug(model_id: str) -> str:
    """The name of a model without its owner: "google-bert/bert-base-uncased" was "bert-base-uncased" once."""
    return model_id.rstrip("/").rsplit("/", 1)[-1].lower()


def model_tag(model_id: str) -> str:
    return f"exbert-model:{name_slug(model_id)}"


def weights_tag(fingerprint: str) -> str:
    return f"exbert-weights:{fingerprint[:16]}"


def render(repo_id: str, manifest: Manifest, old: str | None = None, before: Manifest | None = None) -> str:
    """The card of an index.

    :param old: the card that is there, None if there is none.
    :param before: the manifest that `old` was written for, as far as it is known.
    :raises HubError: if the YAML of `old` cannot be read.
    """
    from huggingface_hub import DatasetCard

    region = _region(repo_id, manifest)
    if old is None:
        old = f"---\n\n---\n\n# {_title(manifest)}\n\n{region}\n"
    card = parse_card(DatasetCard, old, repo_id)
    _merge_metadata(card.data, _metadata(manifest), _metadata(before) if before else {})
    card.text = _merge_text(repo_id, card.text, region)
    return str(card)


def _merge_metadata(data: CardData, ours: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Three-way: what the owner has not touched since we wrote it follows the index, what they changed is kept."""
    theirs = data.to_dict()
    for key, value in ours.items():
        if key == "tags":
            own = [tag for tag in _as_list(theirs.get("tags")) if tag not in before.get("tags", ())]
            data["tags"] = [*value, *(tag for tag in own if tag not in value)]
        elif key in _ALWAYS_OURS or key not in theirs or theirs[key] == before.get(key):
            data[key] = value
    for key, value in before.items():
        if key not in ours and theirs.get(key) == value:
            data.pop(key)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _merge_text(repo_id: str, text: str, region: str) -> str:
    match = _REGION.search(text)
    if match is None:
        return text  # removed on purpose
    if _digest(match[2]) != match[1]:
        logger.warning(
            "The generated part of the card of %s was edited by hand and stays as it is. Delete it there, except for "
            "`<!-- exbert:begin %s -->` and `<!-- exbert:end -->`, to have it written again.",
            repo_id,
            _digest(""),
        )
        return text
    return text[: match.start()] + region + text[match.end() :]


def _metadata(manifest: Manifest) -> dict[str, Any]:
    model, corpus = manifest.model, manifest.corpus
    within = "" if any(map(layout.is_table, manifest.files)) or not manifest.files else "shard-*/"
    tables = [
        {
            "config_name": name,
            "data_files": f"{within}{name}/*.parquet",
            **({"default": True} if name == "tokens" else {}),
        }
        for name in ("tokens", "sentences", *(["labels"] if manifest.added_labels else []))
    ]
    license = corpus.license.lower() or "unknown"
    data: dict[str, Any] = {
        "pretty_name": _title(manifest),
        "license": license if license in _LICENSES else "other",
        "library_name": "exbert_hub",
        "tags": [INDEX_TAG, model_tag(model.model_id), weights_tag(model.weights_fingerprint), "interpretability"],
        "size_categories": [_SIZES[min(max(len(str(manifest.pieces)) - 3, 0), len(_SIZES) - 1)]],
        "configs": tables,
        FACTS: asdict(CardFacts.of(manifest)),
    }
    if data["license"] == "other":
        data["license_name"] = re.sub(r"[^a-z0-9.]+", "-", corpus.license.lower()).strip("-")
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", corpus.language):
        data["language"] = [corpus.language.split("-")[0]]
    if model.revision is not None:  # from the Hub
        data["base_model"] = model.model_id
    source, _, commit = corpus.source.partition("@")
    if re.fullmatch("[0-9a-f]{40}", commit) and (dataset := split_dataset_id(source)):
        data["source_datasets"] = [dataset[0]]
    return data


def _title(manifest: Manifest) -> str:
    return f"{manifest.corpus.name}, as {name_slug(manifest.model.model_id)} sees it"


def _region(repo_id: str, manifest: Manifest) -> str:
    text = _body(repo_id, manifest)
    note = "write above or below: if you change what is between these comments, it is no longer updated"
    return f"<!-- exbert:begin {_digest(text)} {note} -->\n{text}\n<!-- exbert:end -->"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _body(repo_id: str, manifest: Manifest) -> str:
    model, corpus = manifest.model, manifest.corpus
    size = sum(entry.size for entry in manifest.files.values())
    rows = {
        "model": f"{model.model_id} ({model.architecture}, {model.kind})",
        "revision of the model": model.revision or "a local copy",
        "corpus": f"{corpus.name}, from {corpus.source}",
        "licence of the corpus": corpus.license,
        "language": corpus.language or "not given",
        "annotator": f"{corpus.annotator} {corpus.annotator_version}".strip(),
        **({"added labels": ", ".join(manifest.added_labels)} if manifest.added_labels else {}),
        "indexed pieces": f"{manifest.pieces:,}",
        "sentences": f"{manifest.sentences:,}",
        "embeddings at layers": _layers(manifest, "embedding"),
        "heads of layers": _layers(manifest, "heads"),
        "attention": "stored" if manifest.attention_layers else "not stored",
        "vectors": f"{manifest.codec}, normalised, inner product",
        "size": f"{format_bytes(size)} in {len(manifest.files)} files",
        "built": f"{manifest.created} with exbert_hub {manifest.versions.get('hf-exbert', '')}".strip(),
    }
    return Template(_TEMPLATE.read_text("utf-8").strip()).substitute(
        repo_id=repo_id,
        model=_cell(model.model_id),
        corpus=_cell(corpus.name),
        facts=_table(("what", "value"), rows),
        base_rates="\n\n".join(_rates(label, manifest.base_rates[label]) for label in _labels(manifest)),
    )


def _layers(manifest: Manifest, kind: str) -> str:
    return ", ".join(str(spec.layer) for spec in manifest.vectors if spec.kind == kind) or "none"


def _labels(manifest: Manifest) -> list[str]:
    return [label for label in ("pos", "dep", "ent_type") if len(manifest.base_rates.get(label, {})) > 1]


def _rates(label: str, rates: Mapping[str, float]) -> str:
    shown = sorted(rates.items(), key=lambda item: -item[1])[:_SHOWN]
    return _table((label, "share of the pieces"), {value or "(none)": f"{share:.1%}" for value, share in shown})


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---|", *lines])


def _cell(text: str) -> str:
    """Text from a corpus or a model's name must not become markup."""
    return re.sub(r"([\\`*_\[\]<>|#$])", r"\\\1", " ".join(text.split()))
