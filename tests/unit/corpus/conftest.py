"""A pipeline that counts its runs, so that tests need no model and can see the cache at work."""

from __future__ import annotations

import pytest

from exbert_hub.corpus.annotation.pipelines import Pipeline


@pytest.fixture
def runs(monkeypatch):
    """Names of the pipelines that were run, one entry per run."""
    names: list[str] = []
    annotate = Pipeline.annotate

    def counting(self, texts, skipped):
        names.append(self.name)
        return annotate(self, texts, skipped)

    monkeypatch.setattr(Pipeline, "annotate", counting)
    return names
