"""Matches seen through value-weighted attention, which no index stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.errors import IndexMismatchError, SelectionError
from exbert_hub.index.results.types import Match

from .describe import attended_position
from .matches import Matches
from .selection import check_model

if TYPE_CHECKING:
    from exbert_hub.model import Inspector

    from .protocols import SearchableIndex


def with_norms(matches: Matches, index: SearchableIndex, inspector: Inspector) -> tuple[Match, ...]:
    """The matches with value-weighted attention (Kobayashi et al. 2020) where stored attention was: that of the match,
    that to it, and the max-attention token, which is then the piece whose value the match takes in most.

    The model runs once over each sentence among the matches. There are no base rates: how often a label is a
    max-attention token by norms would need a run over the whole corpus.

    :param matches: of a search in `index`.
    :param inspector: the model that the index was built with.
    :return: the same matches in the same order; norms are the mean over the heads of the search.
    :raises UnsupportedError: if the model has no such norms.
    :raises IndexMismatchError: if another model built the index.
    :raises SelectionError: for matches by input embeddings, which have no attention.
    """
    check_model(index.manifest, inspector.model_info)
    layer, heads = matches.query.layer, list(matches.query.heads)
    if layer == "emb" or not heads:
        raise SelectionError(f"layer {layer} has no attention: search at another one")
    norms: dict[int, np.ndarray] = {}

    def renewed(match: Match) -> Match:
        context = match.context
        if match.sentence not in norms:
            seen = inspector.inspect(context.text, top_k=0, norms=True)
            if seen.pieces != context.pieces:
                raise IndexMismatchError(f"the index split {context.text!r} into other pieces: build it again")
            norms[match.sentence] = seen.norms[layer][heads].mean(0)
        around = norms[match.sentence]
        own = around[match.position]
        attended = attended_position(own, context.labels)
        offset = None if attended is None else attended - match.position
        context = replace(context, attention_out=own, attention_in=around[:, match.position])
        return replace(match, max_attention=attended, offset=offset, context=context)

    return tuple(renewed(match) for match in matches)
