"""Where the frozen files lie, and the models and indexes among them, each opened once."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import runpy
import sys
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import exbert_hub

if TYPE_CHECKING:
    from exbert_hub import CorpusIndex, Inspector

FROZEN = Path(__file__).resolve().parents[1] / "fixtures" / "frozen"
EXPECTED = FROZEN / "expected"
INDEXES = ("fp16", "fp32", "sq8", "shards", "causal")
"""Folders of indexes; that of `causal` is by the causal model, all others by the masked one."""

SENTENCE = "The girl ran to a local pub to escape the din of her city."
OTHER = "A witch saw the old road and opened the door."


class Stored:
    """What a session of tests needs only once."""

    @cached_property
    def masked(self) -> Inspector:
        return self._model("model")

    @cached_property
    def causal(self) -> Inspector:
        return self._model("causal_model")

    def inspector(self, index: str) -> Inspector:
        """The model that an index was built with."""
        return self.causal if index == "causal" else self.masked

    @cache  # noqa: B019  # lives as long as the session
    def index(self, *names: str) -> CorpusIndex:
        """One of them, or several as one."""
        folders = [FROZEN / name for name in names]
        return exbert_hub.CorpusIndex.from_pretrained(folders if len(folders) > 1 else folders[0])

    def _model(self, name: str) -> Inspector:
        return exbert_hub.Inspector.from_pretrained(
            FROZEN / name,
            device="cpu",
            dtype="float32",
            local_files_only=True,
            start_token=None,  # there was none when these indexes were built
        )


class Ran(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)


def run(arguments: Sequence[object]) -> Ran:
    """Run `hf-exbert` in this process, as `python -m exbert_hub` does."""
    out, err = io.StringIO(), io.StringIO()
    before, logger = sys.argv, logging.getLogger("exbert_hub")
    level, handlers = logger.level, logger.handlers[:]
    sys.argv = ["hf-exbert", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            runpy.run_module("exbert_hub", run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.argv, logger.handlers[:] = before, handlers
        logger.setLevel(level)
    return Ran(code, out.getvalue(), err.getvalue())
