"""The tables of the page's evidence. The one file of these tests that reaches into the package: the page makes them
for its own script, and no public name does. Where the module moves, `exported` follows it, and nothing else changes.
"""

from __future__ import annotations

from typing import Any

from .questions import Search

FORMATS = ("csv", "json", "parquet")

SEARCH = Search(
    ("fp16",),
    4,
    {"by": "heads", "layer": 0, "heads": [0, 2], "k": 7, "exclude_query": True, "unique_sentences": True},
    "No, =1+1 is what the girl told the boys on the road by the river.",
)
"""As the page searches, but for seven matches; some have the label "=calm", which is no formula."""


def exported(matches: Any, index: Any, format: str) -> bytes:
    """What the page hands out."""
    from exbert_hub.app.wire import exports

    return exports.FORMATS[format](matches, index)
