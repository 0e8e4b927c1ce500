"""Two views of one token side by side, and what each layer would predict for it: answers to the panel of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire.answers import ServerFunction, answer
from exbert_hub.app.wire.requests import CompareRequest, InspectRequest, LensRequest, Scope
from exbert_hub.app.wire.responses.comparison import LensJson, SideBySideJson, lens_json, side_by_side_json
from exbert_hub.app.wire.responses.model import model_name
from exbert_hub.app.wire.responses.pieces import word_of_piece
from exbert_hub.errors import SelectionError
from exbert_hub.index.compare.comparison import compare as set_side_by_side

if TYPE_CHECKING:
    from exbert_hub.model import Inspection


def compare_actions(service: PageService) -> list[ServerFunction]:
    """Server functions of the panel. Each takes one object; an answer with a `notice` says why there is none."""

    @answer(CompareRequest)
    def compare(request: CompareRequest) -> SideBySideJson:
        """The token of a search against what the request says."""
        query, against = request.query, request.against.strip()
        session = service.session(query)
        by_other = request.kind == "model" and against
        other = service.session(Scope(model=against)) if by_other else session
        one, two = _sides(session, other, request)
        comparison = set_side_by_side(
            session.catalog.require(query.index),
            None if other is session else other.catalog.require(),
            seen=(one.seen, two.seen),
            token=(one.token, two.token),
            by=query.by,
            heads=query.chosen_heads if query.by == "heads" else None,
            field=request.field,
            k=query.k,
        )
        return side_by_side_json(comparison, (model_name(one.seen.model_info), model_name(two.seen.model_info)))

    @answer(LensRequest)
    def lens(request: LensRequest) -> LensJson:
        """What each layer would predict for the token of a search (logit lens)."""
        query = request.query
        return lens_json(service.session(query).look(query.inspect).lens(query.token))

    return [compare, lens]


class _Side(NamedTuple):
    seen: Inspection
    token: int


def _sides(session: ModelSession, other: ModelSession, request: CompareRequest) -> tuple[_Side, _Side]:
    own, token, against = request.query.inspect, request.query.token, request.against.strip()
    seen = session.look(own)
    if request.kind == "mask":
        words = word_of_piece(seen.tokens, (own.text, own.text_pair))
        word = np.flatnonzero(words == words[seen.position_of(token)]).tolist()
        masks = tuple(sorted({*own.mask, *word}))
        plain, masked = (session.look(own.model_copy(update={"mask": mask})) for mask in ((), masks))
        return _Side(plain, token), _Side(masked, token)
    if request.kind == "heads":
        if not own.ablate:
            raise SelectionError("No head is silenced: choose heads and press “silence” beside them.")
        return _Side(session.look(own.model_copy(update={"ablate": ()})), token), _Side(seen, token)
    if not against:
        raise SelectionError("Say with what to compare.")
    word_text = own.text[slice(*seen.tokens.offsets[seen.position_of(token)].tolist())].strip()
    if request.kind == "text":
        changed = session.look(InspectRequest(text=against, ablate=own.ablate))
        return _Side(seen, token), _Side(changed, changed.find(word_text)[0])
    text_alone = InspectRequest(text=own.text)
    by_other = other.look(text_alone)
    return _Side(session.look(text_alone), token), _Side(by_other, by_other.find(word_text)[0])
