"""All traffic with the Hub that transformers does not handle: repositories and files, not what is in them."""

from .calls import explaining, is_reachable, patiently
from .cards import parse_card
from .datasets import dataset_revision, is_open_dataset, load_hub_dataset
from .download import RemoteFile, Snapshot, is_offline, known_tags, open_snapshot
from .folders import delete_folder, open_folder, push_file, push_folder, repository_of
from .ids import is_hub_id, is_repo_id, split_dataset_id
from .space import push_space, space_card
from .upload import Repository, Upload, open_repository, tag_pattern, upload

__all__ = [
    "RemoteFile",
    "Repository",
    "Snapshot",
    "Upload",
    "dataset_revision",
    "delete_folder",
    "explaining",
    "is_hub_id",
    "is_offline",
    "is_open_dataset",
    "is_reachable",
    "is_repo_id",
    "known_tags",
    "load_hub_dataset",
    "open_folder",
    "open_repository",
    "open_snapshot",
    "parse_card",
    "patiently",
    "push_file",
    "push_folder",
    "push_space",
    "repository_of",
    "space_card",
    "split_dataset_id",
    "tag_pattern",
    "upload",
]
