"""The page's own files: scripts and styles, shipped as package data and put in as they are."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

MODULES = (
    *("maths", "palette", "state", "dom", "menu", "picture", "saved", "exporting"),
    *("links", "figure", "grid", "controls", "modes", "layers", "scenes", "overview", "searches", "waiting", "view"),
    *("summaries", "profile", "heads", "headpage", "compare", "evidence", "combobox"),
    *("building", "tour", "setup", "page"),
)
_STYLES = {
    "view.css": ("tokens.css", "menu.css", "view.css", "grid.css"),
    "setup.css": ("tokens.css", "setup.css"),
    "tour.css": ("tokens.css", "tour.css"),
    "evidence.css": ("tokens.css", "menu.css", "evidence.css", "profile.css", "compare.css", "heads.css"),
}


def read(name: str) -> str:
    return (files("exbert_hub.app") / "static" / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """All modules as one script that runs once per page and leaves one name behind, `window.exbert`."""
    return "(() => {\nif (window.exbert) return;\n" + "\n".join(read(f"{name}.js") for name in MODULES) + "\n})();"


@cache
def head() -> str:
    return f"<script>{script()}</script>"


def component(name: str, style_name: str, given: str = "", *, hidden: bool = False) -> dict[str, Any]:
    """What every component of ours gives `gr.HTML`: an element to draw into, and who draws.

    The template is constant and no value ever touches it: scripts draw with text nodes only.

    `exbert` may come later than a component: of several with the same head, Gradio may start one while the script of
    another is still being put in.

    :param name: the function of `exbert` that starts it.
    :param given: what that gets of Gradio beside the element, such as "props, trigger".
    """
    start = (
        f"const start = () => exbert.{name}(element.firstElementChild, {{ {given} }});\n"
        "if (window.exbert) start(); else window.addEventListener('exbert', start, { once: true });"
    )
    return {
        "html_template": f'<div class="exb-mount"{" hidden" if hidden else ""}></div>',
        "css_template": style(style_name),
        "js_on_load": start,
        "head": head(),
        "apply_default_css": False,
    }


@cache
def style(name: str) -> str:
    """Styles of one component. They contain neither `${` nor `{{`, so Gradio's template engine leaves them alone."""
    return "".join(map(read, _STYLES[name]))
