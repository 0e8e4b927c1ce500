"""What the HTML of results in notebooks has in common.

Self-contained fragments without scripts that need no server; every text is escaped. Colours are mixed from the text's
own, so they fit light and dark pages. Each type draws itself, with these.
"""

from __future__ import annotations

_STYLE = (
    "<style>"
    ".exbert{font:13px/1.5 system-ui,sans-serif;max-width:72em;overflow-x:auto}"
    ".exbert table{border-collapse:collapse;margin:.4em 0}"
    ".exbert :is(td,th){text-align:left;padding:.1em .6em;border:0;vertical-align:baseline;background:none}"
    ".exbert .n{text-align:right;font-variant-numeric:tabular-nums}"
    ".exbert .q{opacity:.7}"
    ".exbert .b{height:.8em;min-width:1px;background:currentColor;border:1px solid;opacity:.55}"
    ".exbert .c{background:none}"
    ".exbert .p{display:inline-block;padding:0 .35em;margin:.1em;border:1px solid;border-radius:3px}"
    ".exbert .s{opacity:.45}"
    ".exbert mark{color:inherit;background:color-mix(in srgb,currentColor 22%,transparent)}"
    ".exbert img{image-rendering:pixelated;max-width:100%;border:1px solid}"
    "</style>"
)


def box(*parts: str) -> str:
    """One result, with the styles that its parts need."""
    return f"<div class=exbert>{_STYLE}{''.join(parts)}</div>"


def more(count: int, things: str) -> str:
    """A line for what is not shown; empty if nothing is left out."""
    return f"<div class=q>and {count} more {things}</div>" if count > 0 else ""
