"""Serves the page for the browser tests: `python -m tests.ui.serve PORT [MODEL [INDEX]]`."""

from __future__ import annotations

import sys

import exbert_hub

if __name__ == "__main__":
    port, *what = sys.argv[1:]
    exbert_hub.launch(*what, server_port=int(port), quiet=True)
