"""No test needs the network, and none touches the caches of whoever runs it."""

import os
import tempfile

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


def pytest_unconfigure() -> None:
    import shutil

    shutil.rmtree(_HOME, ignore_errors=True)
