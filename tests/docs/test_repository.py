"""Files that other programs read: the citation, the workflows, the forms for issues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import exbert_hub

from .pages import ROOT

FORMS = sorted((ROOT / ".github").rglob("*.yml"))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def test_the_citation_names_this_version_and_the_paper() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0" and citation["license"] == "Apache-2.0"
    assert citation["version"] == exbert_hub.__version__
    assert [author["family-names"] for author in citation["preferred-citation"]["authors"]] == [
        "Hoover",
        "Strobelt",
        "Gehrmann",
    ]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_workflows_and_forms_can_be_read(path: Path) -> None:
    content = read(path)
    if path.parent.name == "workflows":
        assert content["on"] and content["permissions"] == {"contents": "read"}
        for job in content["jobs"].values():
            assert job["timeout-minutes"] and all(("uses" in step) != ("run" in step) for step in job["steps"])
    elif path.name != "config.yml":
        assert content["name"] and content["description"] and content["body"]


def test_make_targets_that_workflows_and_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for job in read(workflow)["jobs"].values():
            for step in job["steps"]:
                if step.get("run", "").startswith("make "):
                    assert f"\n{step['run'].split()[1]}:" in makefile
