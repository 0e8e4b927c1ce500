"""What was found in the corpus, as a Gradio component."""

from __future__ import annotations

from typing import Any

from gradio.events import EventListener

from exbert_hub.app.wire import assets

from .component import ScriptedHTML


class CorpusView(ScriptedHTML):
    """Histograms and result sentences. Value: an `EvidenceMessage`. Listen with `search` for a `SearchEvent`, and with
    `accept` for an `AcceptEvent`: the wish to open the offered index."""

    EVENTS = [EventListener("search"), EventListener("accept")]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("evidence", "evidence.css", "props, trigger, watch, server"),
            **kwargs,
        )
