"""The box of the second text: a sentence that goes with the first, on demand; of an encoder-decoder the decoder's."""

from __future__ import annotations

from typing import Any

import gradio as gr

_TYPE = """() => { document.querySelector("#exb-pair textarea")?.focus(); }"""
_DROP = """(text) => {
  exbert.bus.dispatchEvent(new CustomEvent("text", { detail: { text, pair: "" } }));
  return [text];
}"""


class TextPairBox:
    """The box and the two buttons that bring it and take it away. Made inside the layout of the page."""

    def __init__(self, kind: str) -> None:
        """
        :param kind: of the model.
        """
        box, add, drop = _looks(kind, "")
        self.box = gr.Textbox(**box, lines=1, max_lines=6, elem_id="exb-pair", scale=2)
        quiet: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 150, "elem_classes": "exb-quiet"}
        self.add = gr.Button("+ second sentence", **add, **quiet, elem_id="exb-pair-add")
        self.drop = gr.Button("− second sentence", **drop, **quiet, elem_id="exb-pair-drop")
        self.parts = [self.box, self.add, self.drop]

    def listen(self, sentence: gr.Textbox) -> None:
        """Without the box there is no second text, so taking it away asks anew."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.add.click(lambda: _updates(shown=True), None, self.parts, **quiet).then(None, js=_TYPE)
        self.drop.click(lambda _: _updates(shown=False, value=""), [sentence], self.parts, js=_DROP, **quiet)


def follow(kind: str, text: str) -> tuple[Any, Any, Any]:
    """Updates of the box and its buttons for a model and a text that the page did not get from them."""
    box, add, drop = _looks(kind, text)
    return gr.update(**box, value=text), gr.update(**add), gr.update(**drop)


def stay() -> tuple[Any, Any, Any]:
    """No change."""
    return gr.skip(), gr.skip(), gr.skip()


def _updates(shown: bool, **box: Any) -> tuple[Any, Any, Any]:
    return gr.update(visible=shown, **box), gr.update(visible=not shown), gr.update(visible=shown)


def _looks(kind: str, text: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    if kind == "seq2seq":  # its decoder always has a text, so the box is always there
        return {"label": "Decoder's text", "visible": True}, {"visible": False}, {"visible": False}
    shown = bool(text)
    return {"label": "Second sentence", "visible": shown}, {"visible": not shown}, {"visible": shown}
