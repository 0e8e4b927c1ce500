"""A page in this process, as the owner of a public one would set it up, and one as it is on one's own machine."""

import pytest

import exbert_hub
from exbert_hub import CorpusIndex, demo
from exbert_hub.app.config.settings import PREFIX
from exbert_hub.corpus import open_corpus


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api") / "index"
    CorpusIndex.build(demo.MODEL, open_corpus(demo.CORPUS), folder, limit=150, progress=lambda done, total: None)
    return folder


def start(folder, **settings):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name if name == "SPACE_ID" else PREFIX + name, value)
        return exbert_hub.launch(demo.MODEL, folder, prevent_thread_lock=True, quiet=True)


@pytest.fixture(scope="session")
def site(folder):
    app, url, _ = start(folder, MCP="1")
    yield url
    app.blocks.close()


@pytest.fixture(scope="session")
def public_site(folder):
    app, url, _ = start(
        folder, SPACE_ID="someone/exbert", MAX_CHARACTERS="200", CALLS_PER_MINUTE="12", MAX_MATCHES="7"
    )
    yield url
    app.blocks.close()
