"""Loading a model with its index, as `launch` or a visitor asks for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from exbert_hub.app.config import zerogpu
from exbert_hub.app.config.settings import Settings

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model import Inspector

    from .model_session import ModelSession


def open_session(model: Any = None, index: Any = None, settings: Settings | None = None) -> ModelSession:
    """Load what `launch` was asked to show, or else what the settings say."""
    device = zerogpu.load_device()  # before anything imports torch
    settings = settings or Settings()
    if model is None and index is None:
        model, index = settings.model, settings.index

    from exbert_hub.app.service.model_session import ModelSession
    from exbert_hub.model import Inspector
    from exbert_hub.model.start_token import AUTO

    if model is None and index is None:
        from exbert_hub.demo import load

        return ModelSession(*load(device=device), settings)
    opened = index
    if isinstance(index, str | os.PathLike):
        from exbert_hub.index import CorpusIndex

        opened = CorpusIndex.from_pretrained(index)
    wanted = opened.manifest.model_id if model is None and opened is not None else model
    # a text must be cut as the corpus of the index was
    start = AUTO if opened is None else opened.manifest.model.start_token
    inspector = (
        wanted
        if isinstance(wanted, Inspector)
        else Inspector.from_pretrained(wanted, device=device, start_token=start)
    )
    return ModelSession(inspector, opened, settings, _offer(inspector, opened))


def _offer(inspector: Inspector, opened: CorpusIndex | None) -> Offer | None:
    """The best shared index of a model that was launched without one."""
    if opened is not None:
        return None
    from exbert_hub.index.hub.discovery import find_index

    return find_index(inspector.model_info)
