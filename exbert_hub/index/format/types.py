"""The words that an index is described with: kinds of vectors, layers, codecs."""

from __future__ import annotations

from typing import Literal

Kind = Literal["embedding", "heads"]
Of = Literal["match", "max_attention", "next"]
Codec = str
"""How vectors are stored: one of `codecs.CODECS`."""
Layer = int | Literal["emb"]
Mode = Literal["exact", "fast"]
"""How a search was answered: by comparing with every vector, or with those that a coarse stage picked."""
MATCHES = 50
"""Nearest pieces that are looked at unless one asks for another number; as many as exBERT shows."""
