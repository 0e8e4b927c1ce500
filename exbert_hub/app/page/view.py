"""The attention view as a Gradio component."""

from __future__ import annotations

from typing import Any

import gradio as gr
import orjson
from gradio.events import EventListener

from exbert_hub.app.wire import assets


class AttentionView(gr.HTML):
    """Curves, pieces, head matrices and their controls. Value: what `Workbench.inspect` returns.

    The template is constant and the value never touches it: the script draws with text nodes only. Listen with
    `inspect` and read `gr.EventData`; the view is no input, since its value would be sent back and forth.
    """

    EVENTS = [EventListener("inspect")]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("attention", "view.css", "props, trigger, watch"),
            **kwargs,
        )

    def postprocess(self, value: Any) -> str | None:
        """One string: Gradio's front end would make every nested list reactive, which takes longer than a search."""
        return None if value is None else orjson.dumps(value).decode()

    def api_info(self) -> dict[str, Any]:
        return {"type": "string"}
