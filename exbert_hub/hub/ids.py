"""Ids of repositories on the Hub, by the rules of huggingface_hub."""

from __future__ import annotations

import re


def is_hub_id(text: str) -> bool:
    """Whether a text may be the id of a model: "owner/name", or an old one without an owner ("gpt2")."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return text.isascii()  # older versions of huggingface_hub take any letters


def is_repo_id(text: str) -> bool:
    """Whether a text has the form of a full repository id, "owner/name"."""
    return "/" in text and is_hub_id(text)


def split_dataset_id(text: str) -> tuple[str, str | None] | None:
    """Repository and configuration of "owner/name" or "owner/name:configuration"; None if it is neither."""
    repo_id, colon, config = text.partition(":")
    if not is_repo_id(repo_id) or (colon and not re.fullmatch(r"[\w.-]{1,96}", config, re.ASCII)):
        return None
    return repo_id, config or None
