"""exBERT for every model on the Hub: what has this head, or this embedding, learned?"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from exbert_hub.app.launch import launch
    from exbert_hub.index.compare.comparison import compare
    from exbert_hub.index.hub.discovery import list_indexes

    from .index import CorpusIndex
    from .model import Inspector

__all__ = ["CorpusIndex", "Inspector", "__version__", "compare", "launch", "list_indexes"]

# Arrow's allocator asks for pages of 2 MB, and clears a dozen of them for the 50 rows of a first search. It looks here
# when Arrow is imported; where that has happened already, nothing changes.
os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")

# torch, datasets, faiss and gradio take seconds to import: each public name brings its own when it is first used
_HOME = {
    "launch": ".app",
    "compare": ".index.compare.comparison",
    "CorpusIndex": ".index",
    "Inspector": ".model",
    "list_indexes": ".index.hub.discovery",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
