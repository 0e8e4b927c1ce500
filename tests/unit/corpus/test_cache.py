"""The cache and its locks."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest

from exbert_hub import cache
from exbert_hub.errors import ExbertError, LockedError


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cache_root", lambda: tmp_path)
    return tmp_path


def test_the_root_lies_in_the_assets_cache(monkeypatch, tmp_path):
    monkeypatch.undo()
    from huggingface_hub.constants import HF_ASSETS_CACHE

    assert str(cache.cache_root()).startswith(str(HF_ASSETS_CACHE)) and cache.cache_root().is_dir()
    assert "exbert_hub" in cache.cache_root().parts


def test_entries_and_delete(root):
    assert cache.entries() == []
    (root / "corpora" / "oz").mkdir(parents=True)
    (root / "corpora" / "oz" / "a.parquet").write_bytes(b"12345")
    (root / "verified").mkdir()
    (root / "verified" / "hashes.json").write_bytes(b"{}")
    (root / "unknown").mkdir()
    with cache.locked(root / "corpora" / "oz"):
        oz, hashes = cache.entries()  # the lock is not an entry
        with pytest.raises(LockedError):
            cache.delete(oz)
    assert (oz.kind, oz.name, oz.bytes) == ("corpora", "oz", 5)
    assert (hashes.kind, hashes.name, hashes.bytes) == ("verified", "hashes.json", 2)
    assert abs(datetime.now(UTC) - oz.modified) < timedelta(minutes=1)
    cache.delete(oz)
    cache.delete(hashes)
    assert cache.entries() == []


def test_only_what_is_in_the_cache_can_be_deleted(root, tmp_path_factory):
    precious = tmp_path_factory.mktemp("precious")
    now = datetime.now(UTC)
    for kind, path in [
        ("corpora", precious),
        ("..", root / "corpora"),
        ("corpora", root / "corpora" / ".."),
        ("verified", root / "corpora" / "oz"),
    ]:
        with pytest.raises(ExbertError, match="nothing was deleted"):
            cache.delete(cache.CacheEntry(kind, path.name, path, 0, now))
    assert precious.is_dir()


def test_a_link_is_deleted_without_what_it_points_at(root, tmp_path_factory):
    precious = tmp_path_factory.mktemp("precious")
    (root / "corpora").mkdir()
    (root / "corpora" / "link").symlink_to(precious)
    (entry,) = cache.entries()
    cache.delete(entry)
    assert precious.is_dir() and cache.entries() == []


def hold(path, ready, release):
    with cache.locked(path):
        ready.set()
        release.wait(60)


def test_another_process_is_kept_out_until_it_may_enter(root):
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(root / "index", ready, release))
    process.start()
    try:
        assert ready.wait(60)
        with pytest.raises(LockedError, match="index is in use by another process"), cache.locked(root / "index"):
            pytest.fail("entered")
        release.set()
        with cache.locked(root / "index", timeout=60):
            assert not (root / "index").exists()
    finally:
        release.set()
        process.join(60)
    assert process.exitcode == 0


def test_the_lock_goes_with_an_error(root):
    with pytest.raises(ZeroDivisionError), cache.locked(root / "index"):
        1 / 0  # noqa: B018
    with cache.locked(root / "index"):
        assert True
