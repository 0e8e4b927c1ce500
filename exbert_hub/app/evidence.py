"""The evidence of a search as a Gradio component."""

from __future__ import annotations

from typing import Any

import gradio as gr

from . import assets


class CorpusView(gr.HTML):
    """Histograms and result sentences. Value: what `Workbench.search` returns."""

    EVENTS = []

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="exb-mount"></div>',
            css_template=assets.style("evidence.css"),
            js_on_load="exbert.evidence(element.firstElementChild, { props, trigger, watch });",
            head=assets.head(),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
