"""Cards of repositories, as huggingface_hub reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from exbert_hub.errors import HubError

if TYPE_CHECKING:
    from huggingface_hub import RepoCard

Card = TypeVar("Card", bound="RepoCard")


def parse_card(kind: type[Card], text: str, repo_id: str) -> Card:
    """The text of a card as a `DatasetCard` or `SpaceCard`.

    :raises HubError: if the YAML at its head cannot be read as keys and values.
    """
    import yaml

    try:
        return kind(text)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise HubError(
            f"the YAML at the head of the card of {repo_id} cannot be read as keys and values ({error}): fix it there"
        ) from error
