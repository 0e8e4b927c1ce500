"""The files that the pages take for granted, made once: a text, its index, and the index of a changed model."""

from __future__ import annotations

from pathlib import Path

import pytest

from exbert_hub import demo

PARAGRAPHS = 24
"""Of the embedded corpus's fairy tale, in place of the Wizard of Oz."""


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `wizard_of_oz.txt`, and with three indexes of it: `woz-bert` and `base-index` by the embedded
    model, `tuned-index` by a copy whose layer 3 was drawn anew."""
    import torch

    from exbert_hub import CorpusIndex, Inspector

    folder = tmp_path_factory.mktemp("given")
    tale = (demo.FOLDER / "corpus/01-fairy-tale.txt").read_text(encoding="utf-8")
    text = folder / "wizard_of_oz.txt"
    text.write_text("\n\n".join(tale.split("\n\n")[:PARAGRAPHS]), encoding="utf-8")
    for name in ("woz-bert", "base-index"):
        CorpusIndex.build(demo.MODEL, text, folder / name)

    from transformers import AutoModelForMaskedLM, AutoTokenizer

    tuned = folder / "tuned"
    model = AutoModelForMaskedLM.from_pretrained(demo.MODEL, dtype=torch.float32)
    torch.manual_seed(0)
    for weights in model.bert.encoder.layer[3].parameters():
        torch.nn.init.normal_(weights, std=0.02) if weights.ndim > 1 else None
    model.save_pretrained(tuned)
    AutoTokenizer.from_pretrained(demo.MODEL).save_pretrained(tuned)
    CorpusIndex.build(Inspector.from_pretrained(tuned), text, folder / "tuned-index")
    return folder
