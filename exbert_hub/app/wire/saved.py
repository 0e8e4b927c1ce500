"""The page as one file: the same scripts and styles, and a place for the data. It needs no server and no network.

The browser puts in what is on the page (`static/export/saved_page.js`). A policy in the file allows the one script
below, known by its hash, and nothing from anywhere else; text of the user is data in it, never markup.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from . import assets

_PARTS = {"exb-view": "view.css", "exb-evidence": "evidence.css"}

_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>exBERT</title>
<style>
{style}
</style>
</head>
<body class="gradio-container">
<main class="app">
<header class="exb-masthead"><div class="exb-brand"><h1>exBERT</h1><p id="exb-origin"></p></div></header>
<div class="exb-panes">
<section class="exb-pane" id="exb-view"><div class="exb-mount"></div></section>
<section class="exb-pane" id="exb-evidence"><div class="exb-mount"></div></section>
</div>
</main>
<script type="application/json" id="exb-saved">DATA</script>
<script>{script}</script>
</body>
</html>
"""


@cache
def shell() -> str:
    """The file with the word DATA where the data belongs."""
    script = assets.script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:"
    return _SHELL.format(policy=policy, style=_style(), script=script)


def _style() -> str:
    # Gradio scopes the styles of a component to its element; nesting does the same
    scoped = [f"#{name} {{\n{assets.style(file)}\n}}" for name, file in _PARTS.items()]
    return "\n".join([assets.read("theme.css"), assets.read("export/shell.css"), *scoped])
