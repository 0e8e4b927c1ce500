"""`hf extensions install someone/hf-exbert`, by the client's own code, from a GitHub on loopback.

The client asks github.com and raw.githubusercontent.com; the only thing changed is where those two names lead.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.cli import extensions, hf

from . import github


@pytest.fixture
def install_from_loopback(monkeypatch, tmp_path):
    """Leads the client's requests, and the address it gives to pip, to the loopback GitHub; a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_UPDATE_CHECK", True)
    with github.serve() as address:

        def there(url):
            return url.replace("https://", f"{address}/", 1) if isinstance(url, str) else url

        session, run = extensions.get_session(), subprocess.run

        class Session:
            def request(self, method, url, **kwargs):
                return session.request(method, there(url), **kwargs)

        monkeypatch.setattr(extensions, "get_session", Session)
        monkeypatch.setattr(
            extensions.subprocess, "run", lambda command, **kwargs: run([there(part) for part in command], **kwargs)
        )
        yield home


def hf_command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["hf", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        hf.main()
        raise SystemExit(0)  # newer and older clients differ in whether success ends the process
    return ended.value.code or 0


def test_the_client_takes_this_repository_for_a_python_extension(install_from_loopback):
    owner, name, short = extensions._normalize_repo_id(github.REPO)
    assert short == "exbert"
    assert extensions._github_repo_exists(owner=owner, repo_name=name)
    with pytest.raises(extensions.httpx2.HTTPStatusError):  # a file of that name would be run as a shell script
        extensions._fetch_remote_binary(owner=owner, repo_name=name, short_name=short)
    assert extensions._fetch_latest_commit_sha(owner=owner, repo_name=name) == github.COMMIT
    assert extensions._try_fetch_remote_description(owner, name).startswith("exBERT for every model on the Hub")


def test_no_command_of_hf_has_our_name():
    known = {name.strip() for command in hf.app.commands for name in command.split("|")}
    assert "repos" in known and "exbert" not in known


def size_of(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_install_and_use(install_from_loopback, monkeypatch, capfd, tmp_path):
    """Everything from PyPI, into a fresh environment, with an empty pip cache: needs the network."""
    monkeypatch.setenv("PIP_CONSTRAINT", str(github.ROOT / "constraints.txt"))
    monkeypatch.setattr(extensions.shutil, "which", lambda name: None)  # pip, which every Python has, not uv
    started = time.monotonic()
    assert hf_command(monkeypatch, "extensions", "install", github.REPO) == 0, capfd.readouterr().err
    seconds = time.monotonic() - started
    capfd.readouterr()
    folder = install_from_loopback / ".local/share/hf/extensions/hf-exbert"
    torch = next(folder.glob("venv/lib/python*/site-packages/torch"))
    sizes = f"{size_of(folder) / 1e6:,.0f} MB, of which torch {size_of(torch) / 1e6:,.0f} MB"
    with capfd.disabled():
        print(f"\ninstalled in {seconds:.0f} s: {sizes}")
    assert seconds < extensions._EXTENSIONS_PIP_INSTALL_TIMEOUT
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["type"], manifest["short_name"]) == ("python", "exbert")

    assert hf_command(monkeypatch, "exbert", "--help") == 0
    assert "build" in capfd.readouterr().out
    place = [folder / "venv/bin/python", "-c", "import exbert_hub.demo as d; print(d.MODEL)"]
    model = subprocess.run(place, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.strip()
    assert Path(model).is_relative_to(folder)
    stage = "from exbert_hub import deploy as d; d.stage(d.Path('space'), d.merge_card(None, 'a/b', None, None))"
    (tmp_path / "space").mkdir()
    subprocess.run([folder / "venv/bin/python", "-c", stage], check=True, cwd=tmp_path)  # its files are in the wheel
    assert {"app.py", "README.md", "requirements.txt", "exbert_hub"} == {
        p.name for p in (tmp_path / "space").iterdir()
    }
    (tmp_path / "text.txt").write_text("The boy ran to the river to hide from the wolf.\n")
    monkeypatch.chdir(tmp_path)
    build = ["build", model, "text.txt", "-o", "index", "--annotator", "blank:en", "--quiet"]
    assert hf_command(monkeypatch, "exbert", *build) == 0, capfd.readouterr().err
    capfd.readouterr()
    search = ["search", "index", "He ran away.", "--token", "ran", "-k", "3", "--json", "--quiet"]
    assert hf_command(monkeypatch, "exbert", *search) == 0
    assert len(json.loads(capfd.readouterr().out)["matches"]) == 3

    assert hf_command(monkeypatch, "extensions", "remove", "exbert") == 0
    assert not folder.exists()
