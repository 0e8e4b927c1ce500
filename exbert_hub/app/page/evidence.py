"""The evidence of a search as a Gradio component."""

from __future__ import annotations

from typing import Any

import gradio as gr
import orjson
from gradio.events import EventListener

from exbert_hub.app.wire import assets


class CorpusView(gr.HTML):
    """Histograms and result sentences. Value: what `Workbench.search` returns. Listen with `search`, and with
    `accept` for the wish to open the offered index."""

    EVENTS = [EventListener("search"), EventListener("accept")]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("evidence", "evidence.css", "props, trigger, watch, server"),
            **kwargs,
        )

    def postprocess(self, value: Any) -> str | None:
        """One string: Gradio's front end would make every nested list reactive, which takes longer than a search."""
        return None if value is None else orjson.dumps(value).decode()

    def api_info(self) -> dict[str, Any]:
        return {"type": "string"}
