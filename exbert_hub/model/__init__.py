"""Any model of the Hub in; pieces, attention, hidden states, head contexts and predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batching import Batch
    from .inspection import Inspection
    from .inspector import Inspector

__all__ = ["Batch", "Inspection", "Inspector"]


def __getattr__(name: str) -> Any:
    # torch and transformers take seconds to import: only when a name that needs them is asked for
    if name in ("Batch", "Inspector"):
        from . import inspector

        return getattr(inspector, name)
    if name == "Inspection":
        from .inspection import Inspection

        return Inspection
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
