import pytest

from exbert_hub import CorpusIndex, Inspector, demo
from exbert_hub.corpus import open_corpus


@pytest.fixture(scope="session")
def inspector() -> Inspector:
    return Inspector.from_pretrained(demo.MODEL, local_files_only=True)


@pytest.fixture(scope="session")
def index(tmp_path_factory, inspector) -> CorpusIndex:
    """In a folder whose name needs quoting."""
    folder = tmp_path_factory.mktemp("page") / "it's an index"
    return CorpusIndex.build(inspector, open_corpus(demo.CORPUS), folder, limit=120, progress=lambda done, total: None)
