"""What of the Hub is on this machine, found without asking the network."""

import pytest

from exbert_hub import hub
from exbert_hub.hub.cached import cached_models

COMMIT = "a" * 40


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def put(cache, folder, *files, ref="main"):
    (cache / folder / "refs").mkdir(parents=True, exist_ok=True)
    (cache / folder / "refs" / ref).write_text(COMMIT)
    snapshot = cache / folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True, exist_ok=True)
    for name in files:
        (snapshot / name).write_text("x")


def test_models_are_listed_that_can_be_loaded(cache):
    put(cache, "models--me--whole", "config.json", "model.safetensors", "tokenizer.json")
    put(cache, "models--old", "config.json", "model.safetensors.index.json", "tokenizer_config.json")
    put(cache, "models--me--no-weights", "config.json", "tokenizer.json")
    put(cache, "models--me--pickled", "config.json", "pytorch_model.bin", "tokenizer.json")
    put(cache, "models--", "config.json", "model.safetensors", "tokenizer.json")
    put(cache, "datasets--me--data", "config.json", "model.safetensors", "tokenizer.json")
    assert cached_models() == ["me/whole", "old"]


def test_tags_are_those_seen_before_where_the_hub_may_not_be_asked(cache):
    put(cache, "datasets--me--index", "exbert.json", ref="index-1")
    assert hub.known_tags("me/index", cache_dir=cache, local_files_only=True) == ["index-1"]
    assert hub.known_tags("me/other", cache_dir=cache, local_files_only=True) == []
    assert hub.known_tags("me/index", cache_dir=cache / "none", local_files_only=True) == []


def test_ids_of_repositories():
    for text in ("me/model", "a.b/c_d-e"):
        assert hub.is_repo_id(text) and hub.is_hub_id(text)
    assert hub.split_dataset_id("me/tales") == ("me/tales", None)
    assert hub.split_dataset_id("me/tales:small") == ("me/tales", "small")
    for text in ("tales", "me/tales:", "me/tales:a/b", "me/tales:a:b"):
        assert hub.split_dataset_id(text) is None, text
    assert hub.is_hub_id("gpt2") and not hub.is_repo_id("gpt2")
    for text in ("", "/", "a/b/c", "../x", "a/..", "-a/b", "a/b--c", "a/b.git", "me/café", "a/b\n", "a" * 97, "./a"):
        assert not hub.is_hub_id(text) and not hub.is_repo_id(text), text
