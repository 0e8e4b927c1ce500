"""The wheel in an environment of its own: everything is in it, and the demo runs from it."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Interpreter of a fresh environment with the wheel installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    venv.create(folder / "venv", with_pip=True)
    interpreter = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("hf_exbert-*.whl")
    install = [interpreter, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{wheel}[en]"]
    subprocess.run(list(map(str, install)), check=True)
    return interpreter


def run(python: Path, *arguments: str, cwd: Path) -> str:
    environment = os.environ | {"HF_HOME": str(cwd / "home"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([str(python), *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_package_data_is_in_the_wheel(python, tmp_path):
    code = """
from importlib.resources import files
package = files("exbert_hub")
for name in ("py.typed", "app/static/view/view.js", "app/static/theme.css", "demo/model/model.safetensors",
             "demo/annotated/corpus.json", "demo/corpus/01-fairy-tale.txt"):
    assert package.joinpath(name).is_file(), name
"""
    run(python, "-c", code, cwd=tmp_path)


def test_both_commands_run(python, tmp_path):
    assert "search" in run(python, "-m", "exbert_hub", "--help", cwd=tmp_path)
    script = python.parent / "hf-exbert"
    done = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "build" in done.stdout


def test_import_and_help_are_quick(python, tmp_path):
    """At most half a second each, the best of five: this is about imports, not about the machine's mood."""
    code = """
import subprocess, sys, time
def best(*command):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)
print(best(sys.executable, "-c", "import exbert_hub"), best(sys.executable, "-m", "exbert_hub", "--help"))
"""
    for seconds in run(python, "-c", code, cwd=tmp_path).split():
        assert float(seconds) < 0.5


def test_the_demo_runs_from_the_wheel(python, tmp_path):
    code = """
from exbert_hub import demo
inspector, index = demo.load(progress=lambda done, total: None)
seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
print(index.search(seen, "escape", layer=3).summary("pos").bars[0].label)
"""
    assert run(python, "-c", code, cwd=tmp_path).strip() == "VERB"


def test_a_text_is_annotated_with_the_pipeline_of_the_extra(python, tmp_path):
    (tmp_path / "text.txt").write_text("The boy ran to the river to hide.")
    code = """
from exbert_hub import CorpusIndex, demo
index = CorpusIndex.build(demo.MODEL, "text.txt", "index", progress=lambda done, total: None)
print(*index.tokens["pos"])
"""
    assert "VERB" in run(python, "-c", code, cwd=tmp_path)
