"""The dataset card of a shared index. What its owner writes into it stays when it is written again.

The text between two HTML comments is ours, and so are some keys of the YAML; everything else belongs to the owner.
Where the owner has changed what is ours, the change stays too, except in keys that readers and viewers rely on.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from exbert_hub.errors import HubError
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import Manifest

logger = logging.getLogger(__name__)

INDEX_TAG = "exbert-index"
FACTS = "exbert"
"""Key of the YAML that holds what a list of indexes shows, so that listing needs no download."""

_TEMPLATE = Path(__file__).with_name("card_template.md")
_REGION = re.compile(r"<!-- exbert:begin ([0-9a-f]{16})[^>]*-->\n(.*?)\n<!-- exbert:end -->", re.DOTALL)
_HEAD = re.compile(r"\s*---\r?\n(.*?)^---[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
_ALWAYS_OURS = ("configs", FACTS, "library_name")
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_SHOWN = 8  # values of a label

# https://huggingface.co/docs/hub/repositories-licenses; the Hub takes nothing else, except with `license_name`
_LICENSES = frozenset(
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 "
    "bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc "
    "cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 "
    "cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 "
    "cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 "
    "eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl "
    "openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl unknown other".split()
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
    if old is None:
        return _join(_metadata(manifest), f"\n# {_title(manifest)}\n\n{_region(repo_id, manifest)}\n")
    theirs, text = _split(repo_id, old)
    merged = _merge_metadata(theirs, _metadata(manifest), _metadata(before) if before else {})
    return _join(merged, _merge_text(repo_id, text, _region(repo_id, manifest)))


def _split(repo_id: str, card: str) -> tuple[dict[str, Any], str]:
    import yaml

    found = _HEAD.match(card)
    if found is None:
        return {}, card
    try:
        data = yaml.safe_load(found[1]) or {}
    except yaml.YAMLError as error:
        raise HubError(f"the YAML at the head of the card of {repo_id} cannot be read ({error}): mend it") from error
    if not isinstance(data, dict):
        raise HubError(f"the YAML at the head of the card of {repo_id} is not a list of keys and values: mend it")
    return data, card[found.end() :]


def _join(data: Mapping[str, Any], text: str) -> str:
    from huggingface_hub.utils import yaml_dump

    return f"---\n{yaml_dump(data, sort_keys=False)}---\n{text}"


def _merge_metadata(theirs: dict[str, Any], ours: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Three-way: what the owner did not touch since we wrote it follows the index, what they did stays."""
    merged = dict(theirs)
    for key, value in ours.items():
        if key == "tags":
            own = [tag for tag in _as_list(theirs.get("tags")) if tag not in before.get("tags", ())]
            merged["tags"] = [*value, *(tag for tag in own if tag not in value)]
        elif key in _ALWAYS_OURS or key not in theirs or theirs[key] == before.get(key):
            merged[key] = value
    for key, value in before.items():
        if key not in ours and theirs.get(key) == value:
            del merged[key]
    return merged


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _merge_text(repo_id: str, text: str, region: str) -> str:
    found = _REGION.search(text)
    if found is None:
        return text  # taken out on purpose
    if _digest(found[2]) != found[1]:
        logger.warning(
            "The generated part of the card of %s was edited by hand and stays as it is. Delete it there, except for "
            "`<!-- exbert:begin %s -->` and `<!-- exbert:end -->`, to have it written again.",
            repo_id,
            _digest(""),
        )
        return text
    return text[: found.start()] + region + text[found.end() :]


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
        "size_categories": [next((name for limit, name in _SIZES if manifest.pieces < limit), "10M<n<100M")],
        "configs": tables,
        FACTS: {
            "format_version": manifest.format_version,
            "model": model.model_id,
            "weights": model.weights_fingerprint,
            "tokenizer": model.tokenizer_fingerprint,
            "corpus": corpus.name,
            "pieces": manifest.pieces,
            "sentences": manifest.sentences,
            "bytes": sum(entry.size for entry in manifest.files.values()),
        },
    }
    if data["license"] == "other":
        data["license_name"] = re.sub(r"[^a-z0-9.]+", "-", corpus.license.lower()).strip("-")
    if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", corpus.language):
        data["language"] = [corpus.language.split("-")[0]]
    if model.revision is not None:  # it came from the Hub
        data["base_model"] = model.model_id
    if source := re.fullmatch(r"([\w.-]+/[\w.-]+)(:[\w.-]+)?@[0-9a-f]{40}", corpus.source):
        data["source_datasets"] = [source[1]]
    return data


def _title(manifest: Manifest) -> str:
    return f"{manifest.corpus.name}, as {name_slug(manifest.model.model_id)} sees it"


def _region(repo_id: str, manifest: Manifest) -> str:
    text = _body(repo_id, manifest)
    note = "write above or below: what you change in between keeps it from being brought up to date"
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
        **({"labels added to it": ", ".join(manifest.added_labels)} if manifest.added_labels else {}),
        "indexed pieces": f"{manifest.pieces:,}",
        "sentences": f"{manifest.sentences:,}",
        "embeddings at layers": _layers(manifest, "embedding"),
        "heads of layers": _layers(manifest, "heads"),
        "attention": "stored" if manifest.attention_layers else "not stored",
        "vectors": f"{manifest.codec}, normalised, inner product",
        "size": f"{size / 1e6:,.1f} MB in {len(manifest.files)} files",
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
