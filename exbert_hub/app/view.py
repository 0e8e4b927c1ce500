"""The attention view as a Gradio component."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import EventListener

from . import assets


class AttentionView(gr.HTML):
    """Curves, pieces, head matrices and their controls. Value: what `Workbench.inspect` returns.

    The template is constant and the value never touches it: the script draws with text nodes only. Listen with
    `inspect` and `search` and read `gr.EventData`; the view is no input, since its value would be sent back and forth.
    """

    EVENTS = [EventListener("inspect"), EventListener("search")]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="exb-mount"></div>',
            css_template=assets.style("view.css"),
            js_on_load="exbert.attention(element.firstElementChild, { props, trigger, watch });",
            head=assets.head(),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
