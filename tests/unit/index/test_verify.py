"""Files are hashed once, and behind the search that uses them."""

import logging

import pytest

from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of
from exbert_hub.index.format.manifest import FileEntry
from exbert_hub.index.store import background, verify
from exbert_hub.index.store.verify import SMALL, Verifier


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "HEAD_START", 0)
    (tmp_path / "small").write_bytes(b"small")
    (tmp_path / "large").write_bytes(bytes(SMALL + 1))
    return tmp_path


def verifier(folder, key):
    names = ("small", "large")
    files = {name: FileEntry((folder / name).stat().st_size, sha256_of(folder / name)) for name in names}
    return Verifier(folder, files, f"{key}-{folder.name}")


def test_a_large_file_is_hashed_behind_its_first_use(folder):
    files = verifier(folder, "good")
    files.verify_behind("large")
    files.wait()
    assert files.is_verified("large")


def test_damage_found_behind_a_search_is_logged_and_every_later_use_refused(folder, caplog):
    files = verifier(folder, "bad")
    with (folder / "large").open("r+b") as file:
        file.write(b"x")
    with caplog.at_level(logging.ERROR):
        files.verify_behind("large")
        with pytest.raises(IndexFormatError, match="sha256"):
            files.wait()
    assert "sha256" in caplog.text
    with pytest.raises(IndexFormatError, match="sha256"):
        files.verify_behind("large")
    assert not files.is_verified("large")


def test_a_small_damaged_file_is_refused_before_its_first_use(folder):
    files = verifier(folder, "small")
    (folder / "small").write_bytes(b"SMALL")
    with pytest.raises(IndexFormatError, match="sha256"):
        files.verify_behind("small")


def test_a_file_that_came_again_is_hashed_again(folder):
    files = verifier(folder, "again")
    good = (folder / "large").read_bytes()
    (folder / "large").write_bytes(b"x" + good[1:])
    files.verify_behind("large")
    with pytest.raises(IndexFormatError):
        files.wait()
    (folder / "large").write_bytes(good)
    files.verify("large")
    files.verify_behind("large")
    files.wait()


def test_what_was_found_good_is_known_to_the_next_process(folder, monkeypatch):
    before, after = verifier(folder, "next"), verifier(folder, "next")
    before.verify("large")
    monkeypatch.setattr(verify, "sha256_of", lambda path: pytest.fail("hashed twice"))
    after.verify_behind("large")
    after.wait()


def test_a_check_that_passed_is_not_run_again_until_a_file_changes(folder):
    runs = []
    for _ in range(2):
        verifier(folder, "once").check_once("tables", ["small"], lambda: runs.append(1))
    (folder / "small").write_bytes(b"other")
    verifier(folder, "once").check_once("tables", ["small"], lambda: runs.append(1))
    assert len(runs) == 2
