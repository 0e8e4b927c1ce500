"""The layout of the page, and which event asks the server for what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from exbert_hub import demo
from exbert_hub.app import api
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.build_service import BuildService
from exbert_hub.app.service.model_pool import ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.service.queue_status import LINE, place_in_line
from exbert_hub.app.wire import assets
from exbert_hub.app.wire.requests import InspectRequest, Scope

from .compare_actions import compare_actions
from .events import PageEvents
from .evidence import CorpusView
from .evidence_actions import evidence_actions
from .head_actions import head_actions
from .setup_bar import SetupBar, Tour, allowances, setup_actions
from .text_pair import TextPairBox
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


def build_page(session: ModelSession, settings: Settings | None = None) -> gr.Blocks:
    """The page for one model and its index, with its API."""
    settings = settings or Settings()
    with gr.Blocks(title="exBERT", fill_width=True, analytics_enabled=False) as page:
        service = PageService(ModelPool(session, settings))
        api.expose(service.models, settings)  # first: its functions get their names before the page's events
        with gr.Row(elem_classes="exb-masthead"):
            gr.HTML(_masthead(), apply_default_css=False, padding=False)
            SetupBar(
                allowances(service, settings),
                server_functions=setup_actions(service, BuildService(service.models, settings), settings),
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
            second = TextPairBox(session.inspector.model_info.kind)
        with gr.Row(elem_classes="exb-panes"):
            with gr.Column(elem_classes="exb-pane"):
                view = AttentionView(session.inspect(InspectRequest(text=demo.SENTENCE)), elem_id="exb-view")
            with gr.Column(elem_classes="exb-pane"):
                Tour(elem_id="exb-tour")
                functions = [*evidence_actions(service), *compare_actions(service), *head_actions(service)]
                evidence = CorpusView(
                    session.evidence(Scope()),
                    server_functions=[*functions, place_in_line(page)],
                    elem_id="exb-evidence",
                )

        events = PageEvents(service)
        quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}
        texts = [sentence, second.box]
        gr.on([box.submit for box in texts], None, texts, None, js=_SEND, show_progress="hidden")
        view.inspect(events.inspect, None, [view, sentence, evidence, *second.parts], concurrency_id=LINE, **quiet)
        second.listen(sentence)
        evidence.search(events.search, None, evidence, concurrency_id=LINE, **quiet)
        evidence.accept(events.accept, None, [evidence, view], **quiet)
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
