from collections.abc import Callable

import pytest

from exbert_hub import demo as embedded
from exbert_hub.model import Inspector
from tests import tiny_models


@pytest.fixture(scope="session")
def demo() -> Inspector:
    return Inspector.from_pretrained(embedded.MODEL, local_files_only=True)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Inspector]:
    """Small complete models by name, such as "gpt2", loaded once."""
    loaded: dict[str, Inspector] = {}

    def get(name: str) -> Inspector:
        if name not in loaded:
            make = getattr(tiny_models, f"tiny_{name}_dir")
            loaded[name] = Inspector.from_pretrained(make(tmp_path_factory.mktemp(name)))
        return loaded[name]

    return get
