"""Entry point of a Space: the embedded demo, or what its variables say (docs/space.md)."""

import exbert_hub

exbert_hub.launch()
