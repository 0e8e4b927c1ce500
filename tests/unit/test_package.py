"""What must hold before anything heavy is loaded."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from exbert_hub.extras import EXTRAS

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "datasets", "spacy", "faiss", "gradio", "pandas", "numpy")


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import exbert_hub; exbert_hub.__version__") == set()


def test_the_command_line_loads_nothing_heavy():
    assert loaded_after("import exbert_hub.cli") == set()


@pytest.mark.parametrize(("given", "left"), [(None, "0"), ("1", "1")])
def test_arrow_takes_ordinary_pages_unless_told_otherwise(given, left):
    environ = {name: value for name, value in os.environ.items() if name != "MIMALLOC_ALLOW_THP"}
    environ |= {} if given is None else {"MIMALLOC_ALLOW_THP": given}
    script = "import os, exbert_hub; print(os.environ['MIMALLOC_ALLOW_THP'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == left


def test_public_names():
    import exbert_hub

    assert dir(exbert_hub) == ["CorpusIndex", "Inspector", "__version__", "compare", "launch", "list_indexes"]
    assert exbert_hub.CorpusIndex.__name__ == "CorpusIndex"
    assert exbert_hub.list_indexes.__name__ == "list_indexes"


def test_version_is_the_distributions():
    from importlib.metadata import version

    import exbert_hub

    assert exbert_hub.__version__ == version("hf-exbert")


def test_what_optional_features_need_is_what_the_extras_install():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {name: [requirement] for name, requirement in EXTRAS.items()} == {name: extras[name] for name in EXTRAS}
    assert set(extras) == {*EXTRAS, "test", "bench", "dev"}
