"""What the owner of a page decides."""

import re
from pathlib import Path

import pytest

from exbert_hub.app.config.settings import PREFIX, Settings
from exbert_hub.app.launch import _is_local
from exbert_hub.errors import SelectionError, TextTooLongError


def test_at_home_everything_is_allowed():
    settings = Settings.from_env({})
    assert settings == Settings()
    assert settings.allows_model("bert-base-uncased") and settings.allows_model("google/t5") and settings.allow_build


def test_on_a_space_nothing_is_allowed_that_the_owner_has_not_allowed():
    settings = Settings.from_env({"SPACE_ID": "someone/exbert"})
    assert settings.is_public and not settings.allow_build and settings.calls_per_minute == 60
    assert not settings.allows_model("bert-base-uncased")
    assert settings == Settings.from_env({}, is_public=True)


def test_the_owner_allows():
    env = {
        "SPACE_ID": "someone/exbert",
        "EXBERT_ALLOWED_MODELS": "bert-*, google/*\ngpt2",
        "EXBERT_ALLOW_BUILD": "Yes",
        "EXBERT_QUEUE_SIZE": "5",
        "EXBERT_MODEL": " gpt2 ",
        "EXBERT_INDEX": "",
        "EXBERT_MCP": "1",
    }
    settings = Settings.from_env(env)
    assert settings.allow_build and settings.mcp and settings.queue_size == 5
    assert (settings.model, settings.index) == ("gpt2", None)
    allowed = ["bert-base-uncased", "Google/electra", "gpt2"]
    refused = ["gpt2-large", "someone/gpt2", "", "bert-/../..", "bert-x/y/z", "/bert-x"]
    assert all(map(settings.allows_model, allowed))
    assert not any(map(settings.allows_model, refused))


@pytest.mark.parametrize("env", [{"SPACE_ID": "a/b", "EXBERT_ALLOWED_MODELS": "*"}, {"EXBERT_ALLOW_FOLDERS": "0"}])
def test_a_folder_is_a_model_only_where_the_owner_says_so(tmp_path, monkeypatch, env):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bert-private").mkdir()
    settings = Settings.from_env(env)
    assert settings.allows_model("bert-base-uncased")
    for name in ("bert-private", str(tmp_path), "~"):
        assert Settings().allows_model(name)
        assert not settings.allows_model(name) and not settings.allows_folder(name)


def test_on_a_public_page_folders_are_never_allowed(tmp_path):
    env = {"EXBERT_ALLOW_FOLDERS": "1", "EXBERT_ALLOWED_MODELS": "*"}
    assert Settings.from_env(env).allows_folder(str(tmp_path))
    for settings in (Settings.from_env(env | {"SPACE_ID": "a/b"}), Settings.from_env(env, is_public=True)):
        assert not settings.allow_folders and not settings.allows_model(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"), [("QUEUE_SIZE", "0"), ("CONCURRENCY", "two"), ("ALLOW_BUILD", "maybe"), ("MAX_PIECES", "-1")]
)
def test_nonsense_is_told(name, value):
    with pytest.raises(SelectionError, match=f"{PREFIX}{name}='{value}'"):
        Settings.from_env({PREFIX + name: value})


def test_texts_have_a_limit():
    settings = Settings(max_characters=10)
    settings.check_text("12345", "12345")
    with pytest.raises(TextTooLongError, match="11 characters are too many: up to 10"):
        settings.check_text("12345", "123456")


def test_who_can_reach_a_page(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    assert _is_local(None) and _is_local("127.0.0.1") and not _is_local("0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")  # as on a Space
    assert not _is_local(None)


def test_the_page_of_the_docs_has_every_setting_with_its_defaults():
    page = (Path(__file__).parents[3] / "docs/space.md").read_text()
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(EXBERT_\w+)` \| (.*?) \| (.*?) \|", page, re.MULTILINE)}
    home, public = Settings.from_env({}), Settings.from_env({"SPACE_ID": "a/b"})
    names = [name for name in Settings.model_fields if name != "is_public"]
    assert [PREFIX + name.upper() for name in names] == [name for name in rows if name != "EXBERT_TRUSTED_OWNERS"]
    for name in names:
        assert rows[PREFIX + name.upper()] == (_shown(getattr(home, name)), _shown(getattr(public, name)))


def _shown(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, tuple) else "none" if value is None else f"{value:,}"


def test_a_public_page_opens_no_folder_whatever_else_is_set(tmp_path):
    assert Settings(allow_folders=True).allows_folder(str(tmp_path))
    assert not Settings(allow_folders=True, is_public=True).allows_folder(str(tmp_path))
