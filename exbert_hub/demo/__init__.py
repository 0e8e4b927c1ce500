"""What `launch()` shows without a network: a small model, an original corpus, and an index built on first start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.model import Inspector

NAME = "demo"
"""What stands for all of it on the command line."""

FOLDER = Path(__file__).parent
MODEL = FOLDER / "model"
CORPUS = FOLDER / "annotated"
SENTENCE = "The girl ran to a local pub to escape the din of her city."

_PREFIX = "demo-"  # of the folder of its index in the cache


def load(
    progress: Callable[[int, int], None] | None = None, *, device: str | None = None
) -> tuple[Inspector, CorpusIndex]:
    """The embedded model and its index, built on the first call (under a minute on two cores) and cached afterwards.

    :param progress: called with pieces done and expected instead of showing a bar.
    :param device: of the model; chosen by itself if None.
    :raises LockedError: if another process keeps building the same index.
    """
    from exbert_hub.model import Inspector

    inspector = Inspector.from_pretrained(MODEL, device=device, local_files_only=True)
    return inspector, _index(inspector, progress)


def owns(index: CorpusIndex) -> bool:
    """Whether an index is the demo's, which `load` finds on every machine."""
    from exbert_hub.cache import cache_root

    folder = Path(index.name_or_path)
    return folder.parent == cache_root() / "indexes" and folder.name.startswith(_PREFIX)


def _index(inspector: Inspector, progress: Callable[[int, int], None] | None) -> CorpusIndex:
    from exbert_hub.cache import cache_root, locked
    from exbert_hub.corpus import open_corpus
    from exbert_hub.errors import IndexFormatError
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.versions import FORMAT_VERSION

    corpus = open_corpus(CORPUS)
    model_info = inspector.model_info
    parts = (str(FORMAT_VERSION), corpus.info.sha256, model_info.weights_fingerprint, model_info.tokenizer_fingerprint)
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    folder = cache_root() / "indexes" / f"{_PREFIX}{key}"
    # a second start that comes while the first one builds waits for it instead of failing or building twice
    with locked(folder.with_suffix(".demo"), timeout=600):
        try:
            return CorpusIndex.from_pretrained(folder)
        except IndexFormatError:
            # not built yet, or damaged since; either way the remedy is to build it, and nothing of value is lost
            return CorpusIndex.build(inspector, corpus, folder, overwrite=True, progress=progress)
