"""Spaces: create one, or update what it runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from .calls import explaining, patiently

logger = logging.getLogger(__name__)


def space_card(repo_id: str, *, token: str | bool | None = None) -> str | None:
    """The README.md of a Space: "" if it has none, None if there is no such Space (that we may see).

    :raises HubError: if the Hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError

    def read() -> str | None:
        try:
            path = hf_hub_download(repo_id, "README.md", repo_type="space", token=token)
        except RemoteEntryNotFoundError:
            return ""
        except RepositoryNotFoundError:
            return None
        return Path(path).read_text("utf-8-sig")

    with explaining(f"looking for the Space {repo_id}"):
        return patiently(read)


def push_space(
    repo_id: str,
    folder: Path,
    *,
    replaces: str,
    variables: Mapping[str, str],
    hardware: str | None = None,
    private: bool | None = None,
    message: str,
    token: str | bool | None = None,
) -> tuple[str, str]:
    """Create a Gradio Space from a folder, or update it. Variables come first: each change restarts the Space.

    :param replaces: pattern of files in the repository that are deleted if the folder does not have them.
    :param variables: environment variables to set; others stay.
    :param hardware: such as "cpu-basic" or "zero-a10g"; None for what it has, or for the free one.
    :param private: of a new Space.
    :return: address of the Space, and the commit.
    :raises HubError: if the Hub refuses or cannot be reached. Calling again resumes.
    """
    from huggingface_hub import HfApi, SpaceHardware

    api = HfApi(token=token)
    with explaining(f"deploying the Space {repo_id}"):
        flavor = None if hardware is None else SpaceHardware(hardware)
        url = patiently(
            lambda: api.create_repo(repo_id, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        )
        there = patiently(lambda: api.get_space_variables(repo_id))
        for name, value in variables.items():
            if name not in there or there[name].value != value:
                patiently(partial(api.add_space_variable, repo_id, name, value))
        if flavor is not None:
            patiently(lambda: api.request_space_hardware(repo_id, flavor))
        logger.info("Uploading to %s", url)
        commit = patiently(
            lambda: api.upload_folder(
                repo_id=repo_id,
                repo_type="space",
                folder_path=folder,
                delete_patterns=replaces,
                commit_message=message,
            )
        )
    return str(url), commit.oid
