"""No test needs the network, and none touches the caches of whoever runs it."""

import os
import tempfile
from pathlib import Path

import pytest

# before any library reads them
_HOME = tempfile.mkdtemp(prefix="exbert-tests-")
os.environ |= {
    "HF_HOME": _HOME,
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
    # models of the tests are so small that threads only wait for each other
    "OMP_NUM_THREADS": "1",
}

# With workers (`make test`), each takes one of these folders after the other, so that what a folder's tests share is
# made once. The longest come first; what is not named here is one group and comes last.
_GROUPS = ("ui", "unit/index", "hub", "frozen", "unit/corpus", "unit/model", "unit/app")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    here = Path(__file__).parent

    def group(item: pytest.Item) -> str:
        name = item.path.relative_to(here).as_posix()
        return next((folder for folder in _GROUPS if name.startswith(f"{folder}/")), "others")

    items.sort(key=lambda item: [*_GROUPS, "others"].index(group(item)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))


def pytest_unconfigure() -> None:
    import shutil

    shutil.rmtree(_HOME, ignore_errors=True)
