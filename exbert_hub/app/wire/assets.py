"""The page's own files: scripts and styles, shipped as package data.

Scripts are ES modules in folders, each with its style beside it under the same name (`view/dock.js`, `view/dock.css`).
Nothing lists them: they are found by following the imports, from `main.js` for the script of the page, and from the
module of a component for its styles.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

import orjson

from .bundle import Module, bundle, modules
from .constants import constants

STATIC = files("exbert_hub.app") / "static"
_MAIN = "main.js"
_BASE = "core/base.css"  # what the others build upon


def read(name: str) -> str:
    """A file below `static/`."""
    return STATIC.joinpath(*name.split("/")).read_text(encoding="utf-8")


@cache
def page_modules(entry: str = _MAIN) -> tuple[Module, ...]:
    """The modules of the page, or those that one of them needs: each after what it imports."""
    return modules(STATIC, entry)


@cache
def script() -> str:
    """All modules as one script that runs once per page, with what it has to know of the server. It leaves two names
    behind, `window.exbert` and `window.exbertConstants`."""
    return f"{_constants()}\n{bundle(page_modules())}.start();"


def _constants() -> str:
    """For `core/constants.js`."""
    return f"globalThis.exbertConstants = {orjson.dumps(constants()).decode()};"


@cache
def head() -> str:
    return f"<script>{script()}</script>"


def component(name: str, style_name: str, given: str = "", *, hidden: bool = False) -> dict[str, Any]:
    """What every component of ours gives `gr.HTML`: an element to draw into, and who draws.

    The template is constant and no value ever touches it: scripts draw with text nodes only.

    `exbert` may come later than a component: of several with the same head, Gradio may start one while the script of
    another is still being put in.

    :param name: the method of `exbert` that starts it.
    :param style_name: its style, see `style`.
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
    """Styles of one component. They contain neither `${` nor `{{`, so Gradio's template engine leaves them alone.

    :param name: of its own style, such as "view.css" for `view/view.js` and all that this imports.
    """
    room = PurePosixPath(name).stem
    names = [module.name for module in page_modules(f"{room}/{room}.js")]
    beside = [PurePosixPath(name).with_suffix(".css").as_posix() for name in names]
    return "".join(map(read, [_BASE, *filter(_exists, beside)]))


def _exists(name: str) -> bool:
    return STATIC.joinpath(*name.split("/")).is_file()
