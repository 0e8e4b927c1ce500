"""What the components of the page have in common."""

from __future__ import annotations

from typing import Any

import gradio as gr
import orjson


class ScriptedHTML(gr.HTML):
    """An element that a script of ours draws into. The template is constant and the value never touches it: scripts
    draw with text nodes only."""

    def postprocess(self, value: Any) -> str | None:
        """One string: Gradio's front end would make every nested list reactive, which takes longer than a search."""
        return None if value is None else orjson.dumps(value).decode()

    def api_info(self) -> dict[str, Any]:
        return {"type": "string"}
