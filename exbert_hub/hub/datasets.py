"""Datasets on the Hub, as `datasets` loads them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exbert_hub.errors import CorpusError

from .ids import is_repo_id

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

logger = logging.getLogger(__name__)


def load_hub_dataset(
    repo_id: str,
    split: str,
    *,
    config: str | None = None,
    streaming: bool = False,
    token: str | bool | None = None,
    revision: str | None = None,
) -> Dataset | IterableDataset:
    """Load a dataset from the Hub; `datasets` runs no code from its repository.

    :param repo_id: always "owner/name": a bare name such as "csv" would make `datasets` read local files.
    :raises CorpusError: if it cannot be found, reached or read, with what `datasets` says.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    if not is_repo_id(repo_id):
        raise CorpusError(f"{repo_id!r} is not the id of a dataset on the Hub; write it as 'owner/name'")
    try:
        return load_dataset(repo_id, config, split=split, streaming=streaming, token=token, revision=revision)
    except (DatasetsError, OSError, ValueError, RuntimeError) as error:
        raise CorpusError(
            f"the dataset {repo_id!r} (split {split!r}) cannot be loaded from the Hub: {error} "
            "Check its id, its split and, if it is private or gated, that you are logged in (`hf auth login`); "
            "a configuration is chosen as 'owner/name:configuration'."
        ) from error


def dataset_revision(repo_id: str, token: str | bool | None = None, revision: str | None = None) -> str | None:
    """The commit that a revision of a dataset points to now; None if the Hub cannot be reached or does not say."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError  # of whichever httpx this huggingface_hub speaks

    try:
        return HfApi().dataset_info(repo_id, revision=revision, timeout=10, token=token).sha
    except (HTTPError, OSError, ValueError) as error:
        logger.info("The Hub does not give the commit of %s: %s", repo_id, error)
        return None


def is_open_dataset(repo_id: str) -> bool:
    """Whether anybody may read a dataset without logging in or accepting terms; False where that is unknown."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError

    try:
        info = HfApi(token=False).dataset_info(repo_id, timeout=10)
    except (HTTPError, OSError, ValueError) as error:
        logger.info("The Hub does not say whether %s is open to all: %s", repo_id, error)
        return False
    return not info.private and not info.gated
