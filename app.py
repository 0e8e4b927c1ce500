"""Entry point of a Space: the embedded demo."""

import exbert_hub

exbert_hub.launch()
