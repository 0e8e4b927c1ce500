"""The attention view as a Gradio component."""

from __future__ import annotations

from typing import Any

from gradio.events import EventListener

from exbert_hub.app.wire import assets

from .component import ScriptedHTML


class AttentionView(ScriptedHTML):
    """Curves, pieces, head matrices and their controls. Value: an `InspectMessage`.

    Listen with `inspect` and read `gr.EventData`, which holds an `InspectEvent`; the view is no input, since its value
    would be sent back and forth.
    """

    EVENTS = [EventListener("inspect")]

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("attention", "view.css", "props, trigger, watch"),
            **kwargs,
        )
