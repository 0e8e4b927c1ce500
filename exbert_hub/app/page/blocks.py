"""The layout of the page, and which event asks the server for what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from exbert_hub import demo
from exbert_hub.app import api
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.building import Builder
from exbert_hub.app.service.model_session import Workbench
from exbert_hub.app.service.models import Models
from exbert_hub.app.service.page_service import Desk
from exbert_hub.app.service.queue_status import LINE, place_in_line
from exbert_hub.app.wire import assets

from . import text_pair
from .actions import actions
from .comparing import comparing
from .evidence import CorpusView
from .heads import head_actions
from .setup import SetupBar, Tour, allowances, setup_actions
from .text_pair import PairBox
from .view import AttentionView

# A text typed by the user goes to the view, which asks for it like for every other change.
_SEND = """(text, pair) => {
  exbert.bus.dispatchEvent(new CustomEvent("text", { detail: { text, pair } }));
  return [];
}"""


def theme() -> gr.themes.Base:
    """Calm greys and one accent; fonts come with Gradio, nothing is fetched from elsewhere.

    Gradio's semibold Plex file lacks Latin letters, so bold stands in for it.
    """
    sans, mono = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), gr.themes.LocalFont("IBM Plex Mono")
    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.zinc,
        font=[sans, "system-ui", "sans-serif"],
        font_mono=[mono, "ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="#f7f7f5",
        body_background_fill_dark="#101216",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#191c22",
        input_border_color="#dcdcd8",
        input_border_color_dark="#2c313b",
        input_border_color_focus="#3d5bd9",
        input_border_color_focus_dark="#8ea6ff",
    )


def build_page(bench: Workbench, settings: Settings | None = None) -> gr.Blocks:
    """The page for one model and its index, with its API."""
    settings = settings or Settings()
    facts = bench.inspector.facts
    with gr.Blocks(title="exBERT", fill_width=True, analytics_enabled=False) as page:
        desk = Desk(Models(bench, settings))
        api.expose(desk.models, settings)  # first: its functions get their names before the page's events
        with gr.Row(elem_classes="exb-masthead"):
            gr.HTML(_masthead(), apply_default_css=False, padding=False)
            builder = Builder(desk.models, settings)
            SetupBar(
                allowances(desk, settings),
                server_functions=setup_actions(desk, builder, settings),
                elem_id="exb-setup",
            )
        with gr.Row(elem_classes="exb-ask", equal_height=True):
            sentence = gr.Textbox(
                demo.SENTENCE,
                label="Sentence",
                lines=1,
                max_lines=6,
                submit_btn="Analyse",
                elem_id="exb-sentence",
                scale=3,
            )
            second = PairBox(facts.kind)
        with gr.Row(elem_classes="exb-panes"):
            with gr.Column(elem_classes="exb-pane"):
                request = {"model": "", "index": "", "text": demo.SENTENCE, "pair": "", "stack": "", "mask": []}
                request |= {"mode": "attention", "ablate": []}  # as in core/requests.js: the page compares them
                view = AttentionView(bench.inspect(request), elem_id="exb-view")
            with gr.Column(elem_classes="exb-pane"):
                Tour(elem_id="exb-tour")
                evidence = CorpusView(
                    bench.evidence({}),
                    server_functions=[*actions(desk), *comparing(desk), *head_actions(desk), place_in_line(page)],
                    elem_id="exb-evidence",
                )

        def inspect(event: gr.EventData) -> tuple[Any, ...]:
            answer = desk.inspect(event.request, following=event.restore)
            request, restore = answer["request"], event.restore and "loading" not in answer
            switched = event.switched and answer.get("inspection") is not None
            follows = (restore or switched) and "facts" in answer
            return (
                answer,
                request["text"] if restore else gr.skip(),
                desk.evidence(request) if switched else gr.skip(),
                *(text_pair.follow(answer["facts"]["kind"], request["pair"]) if follows else text_pair.stay()),
            )

        def search(event: gr.EventData) -> Any:
            return desk.search(event.query)

        def accept(event: gr.EventData) -> tuple[Any, Any]:
            return desk.accept(event.request)

        quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}
        texts = [sentence, second.box]
        gr.on([box.submit for box in texts], None, texts, None, js=_SEND, show_progress="hidden")
        view.inspect(inspect, None, [view, sentence, evidence, *second.parts], concurrency_id=LINE, **quiet)
        second.listen(sentence)
        evidence.search(search, None, evidence, concurrency_id=LINE, **quiet)
        evidence.accept(accept, None, [evidence, view], **quiet)
    return page


def _masthead() -> str:
    return (
        '<div class="exb-brand"><h1>exBERT</h1>'
        "<p>What has this head learned? Look at the attention, then at the words of a corpus that it treats alike.</p>"
        "</div>"
    )


def launch_options() -> dict[str, Any]:
    """What Gradio 6 takes at launch instead of at build."""
    return {"theme": theme(), "css": assets.read("theme.css")}
