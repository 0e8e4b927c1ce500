"""Serves the page for the browser tests: `python -m tests.ui.serve PORT MODEL [INDEX]`."""

from __future__ import annotations

import sys

import exbert_hub

if __name__ == "__main__":
    port, model, *index = sys.argv[1:]
    exbert_hub.launch(model, *index, server_port=int(port), quiet=True)
