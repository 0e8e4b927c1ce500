"""Finding shared indexes by the tags of their cards, confirmed by their manifests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exbert_hub import hub
from exbert_hub.checked_json import parse_value
from exbert_hub.errors import ExbertError, IndexFormatError
from exbert_hub.index.format.manifest import FORMAT_VERSION
from exbert_hub.model.types import ModelInfo
from exbert_hub.units import format_bytes

from .card import FACTS, INDEX_TAG, CardFacts, model_tag, weights_tag
from .shard_places import find_shards

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

logger = logging.getLogger(__name__)

TRUSTED_OWNERS = "EXBERT_TRUSTED_OWNERS"
"""Environment variable: users and organisations, separated by commas, whose indexes `launch` opens without asking."""

_TRIES = 5  # manifests that are downloaded to confirm what tags say


@dataclass(frozen=True)
class SharedIndex:
    """An index on the Hub, as its card describes it; nothing of it is checked before it is opened."""

    repo_id: str
    model: str
    corpus: str
    language: str
    license: str
    pieces: int
    bytes: int
    private: bool
    gated: bool
    downloads: int
    likes: int
    modified: str  # ISO 8601

    @property
    def owner(self) -> str:
        return self.repo_id.split("/")[0]


@dataclass(frozen=True)
class Offer:
    """A shared index that was built with exactly this model."""

    index: SharedIndex
    commit: str  # open it with `CorpusIndex.from_pretrained(offer.index.repo_id, revision=offer.commit)`
    trusted: bool  # yours, or a trusted owner's: may be opened without asking
    others: tuple[str, ...]  # further repositories with an index of this model, as their tags say

    def __str__(self) -> str:
        index = self.index
        more = f"; there are also {', '.join(self.others)}" if self.others else ""
        size = f"{index.pieces:,} pieces, {format_bytes(index.bytes)} for all layers"
        return (
            f"the shared index {index.repo_id} of {index.corpus} ({size}); to use another, name it: "
            f"index='owner/name' (--index owner/name){more}"
        )


def list_indexes(
    model: str | None = None, language: str | None = None, *, token: str | bool | None = None
) -> list[SharedIndex]:
    """Indexes that people share on the Hub, those most downloaded first.

    :param model: id of a model, such as "bert-base-uncased"; with an owner only that owner's model.
    :param language: code of the corpus's language, such as "en".
    :param token: of the Hub, to see private ones too; the one you logged in with if None.
    :raises HubError: if the Hub cannot be reached.
    """
    tags = [INDEX_TAG, *([model_tag(model)] if model else []), *([f"language:{language}"] if language else [])]
    indexes = _search(tags, token)
    if model and "/" in model:
        # old ids have no owner: "bert-base-uncased" is "google-bert/bert-base-uncased" now
        indexes = [index for index in indexes if index.model.lower() == model.lower() or "/" not in index.model]
    return indexes


def find_index(model_info: ModelInfo, trusted: Iterable[str] = (), *, token: str | bool | None = None) -> Offer | None:
    """The best shared index of a model: yours and trusted ones first, then the largest.

    The tag of the weights finds it, whatever the model is called; the manifest confirms weights and tokenizer.

    :param trusted: owners to trust besides you and those in the environment variable EXBERT_TRUSTED_OWNERS.
    :return: None if there is none, or if the Hub cannot be reached, which is logged.
    """
    if hub.is_offline() or not hub.is_reachable():
        return None
    try:
        indexes = _search([INDEX_TAG, weights_tag(model_info.weights_fingerprint)], token)
    except ExbertError as error:
        logger.warning("Shared indexes could not be looked up: %s", error)
        return None
    friends = (
        {name.lower() for name in (*trusted, *_trusted_by_setting(), *_own_name(token)) if name} if indexes else set()
    )
    ranked = sorted(indexes, key=lambda index: (index.owner.lower() not in friends, -index.pieces, -index.downloads))
    for index in ranked[:_TRIES]:
        commit = _confirm(index, model_info, token)
        if commit is not None:
            others = tuple(other.repo_id for other in ranked if other is not index)
            return Offer(index, commit, index.owner.lower() in friends, others)
    return None


def _confirm(index: SharedIndex, model_info: ModelInfo, token: str | bool | None) -> str | None:
    """The commit of an index if it was built with these weights and this tokenizer, by hash rather than by name."""
    try:
        shard = find_shards(index.repo_id, token=token)[0]
        model = shard.manifest.model
    except ExbertError as error:
        logger.warning("%s is skipped: %s", index.repo_id, error)
        return None
    ours = (model_info.weights_fingerprint, model_info.tokenizer_fingerprint)
    if (model.weights_fingerprint, model.tokenizer_fingerprint) != ours:
        logger.warning("%s is skipped: it was built with other weights or another tokenizer", index.repo_id)
        return None
    return shard.remote.commit if shard.remote else None


def _trusted_by_setting() -> list[str]:
    return [name.strip() for name in os.environ.get(TRUSTED_OWNERS, "").split(",")]


def _own_name(token: str | bool | None) -> list[str]:
    """The name of the user who is logged in, if any."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HTTPError

    if token is False or not (isinstance(token, str) or get_token()):
        return []
    try:
        return [HfApi(token=token).whoami(cache=True)["name"]]
    except (HTTPError, OSError) as error:
        logger.info("The Hub does not say who is logged in: %s", error)
        return []


def _search(tags: list[str], token: str | bool | None) -> list[SharedIndex]:
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with hub.explaining("listing shared indexes"):
        answers = hub.patiently(
            lambda: list(
                api.list_datasets(
                    filter=tags,
                    sort="downloads",
                    expand=["cardData", "downloads", "gated", "lastModified", "likes", "private"],
                )
            )
        )
    read = [_read(info) for info in answers]
    unreadable = sum(index is None for index in read)
    if unreadable:
        logger.info("%d repositories with the tags %s have no card that this version can read", unreadable, tags)
    return [index for index in read if index is not None]


def _read(info: DatasetInfo) -> SharedIndex | None:
    """What a card says, which anybody may have written; None unless it is in our format."""
    data = info.card_data.to_dict() if info.card_data else {}
    try:
        facts = parse_value(data.get(FACTS), CardFacts, f"the card of {info.id}")
    except IndexFormatError as error:
        logger.debug("%s", error)
        return None
    if facts.format_version != FORMAT_VERSION:
        return None
    return SharedIndex(
        repo_id=info.id,
        model=facts.model,
        corpus=facts.corpus,
        language=_text(data.get("language")),
        license=_text(data.get("license_name") or data.get("license")),
        pieces=facts.pieces,
        bytes=facts.bytes,
        private=bool(info.private),
        gated=bool(info.gated),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        modified=info.last_modified.isoformat(timespec="seconds") if info.last_modified else "",
    )


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
