"""What serves all visitors of one page: the model, the index, and a bounded memory of what was computed lately.

Nothing here belongs to one visitor. Every request carries its whole question, so two visitors can never see each
other's text, and a repeated question costs nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import ExbertError, IndexMismatchError
from ..index.search import check_model
from . import payload, recipes, zero
from .payload import InspectRequest, Json, SearchRequest
from .recipes import SearchOptions
from .settings import Settings

if TYPE_CHECKING:
    from ..index import CorpusIndex, Matches
    from ..index.discovery import Offer
    from ..model import Inspection, Inspector

logger = logging.getLogger(__name__)

REMEMBERED = 16  # inspections kept: a 24-piece text of a 12-layer model is a few MB
SEARCH = SearchOptions()


class Workbench:
    """A model and, if there is one, the index that was built with it."""

    def __init__(
        self,
        inspector: Inspector,
        index: CorpusIndex | None,
        settings: Settings | None = None,
        offer: Offer | None = None,
    ) -> None:
        """
        :param offer: a shared index to open instead of none; without asking if it is trusted.
        :raises IndexMismatchError: if the index was built with another model.
        """
        if index is not None:
            check_model(index.manifest, inspector.facts)
        self.inspector = inspector
        self.index = index
        self._settings = settings or Settings()
        self._offer = offer
        self._opening = threading.Lock()
        if offer is not None and offer.trusted:
            logger.info("Opening %s", offer)
            self.open_offer()
        elif offer is not None:
            logger.info("The page offers %s", offer)
        inspector.max_pieces = min(inspector.max_pieces, self._settings.max_pieces)
        self._forward = zero.forward(inspector)
        self._busy = threading.Lock()  # one forward pass at a time: two would only share the same cores
        self._remember = lru_cache(maxsize=REMEMBERED)(self._look)

    def look(self, request: InspectRequest) -> Inspection:
        """What the model computes for a text; any stack of it.

        :raises ExbertError: if the model cannot, or the owner of the page has set a lower limit.
        """
        return self._remember(InspectRequest(request.text, request.pair, mask=request.mask))

    def _look(self, request: InspectRequest) -> Inspection:
        self._settings.check_text(request.text, request.pair)
        with self._busy:
            return self._forward(request.text, request.pair or None, request.mask)

    def inspect(self, data: Mapping[str, Any]) -> Json:
        """Value of the attention view for a request of the page; errors of the user become a notice on the page."""

        def look() -> Json:
            request = InspectRequest.parse(data)
            seen = self.look(request)
            return {"inspection": payload.inspection_payload(seen, request), "notice": None}

        answer = {"request": dict(data), "facts": payload.facts_payload(self.inspector.facts), "inspection": None}
        return answer | {"index": payload.index_payload(self.index)} | noticed(look)

    def search(self, data: Mapping[str, Any]) -> Json:
        """Value of the evidence for a search of the page."""

        def find() -> Json:
            request = SearchRequest.parse(data)
            started = time.perf_counter()
            seen, matches = self.find(request)
            seconds = time.perf_counter() - started
            results = payload.matches_payload(matches, seen, self.indexed, seconds)
            return {"results": results | {"query": dict(data), "recipes": self._recipes(request)}, "notice": None}

        return self.evidence() | {"query": dict(data)} | noticed(find)

    def open_offer(self) -> None:
        """Open the shared index that was found for the model, for everybody who looks at this page.

        :raises ExbertError: if it cannot be had, or is not of this model after all.
        """
        from ..index import CorpusIndex

        with self._opening:
            if self.index is None and self._offer is not None:
                index = CorpusIndex.from_pretrained(self._offer.index.repo_id, revision=self._offer.commit)
                check_model(index.manifest, self.inspector.facts)
                self.index = index

    def accept(self, data: Mapping[str, Any]) -> tuple[Json, Json]:
        """Values of the evidence and of the attention view once the offered index is open.

        :param data: the request of the attention view, which stays as it is.
        """

        def take() -> Json:
            self.open_offer()
            return {}

        noted = noticed(take)
        return self.evidence() | noted, self.inspect(data)

    @property
    def indexed(self) -> CorpusIndex:
        """The index.

        :raises IndexMismatchError: if there is none.
        """
        if self.index is None:
            raise IndexMismatchError("No index is open: launch with one, `exbert_hub.launch(model, index=folder)`.")
        return self.index

    def find(self, request: SearchRequest) -> tuple[Inspection, Matches]:
        """What the page shows for a search.

        :raises ExbertError: if the index has no such vectors, or the model cannot take the text.
        """
        index, seen = self.indexed, self.look(request.inspect)
        heads = list(request.heads) or None
        return seen, index.search(
            seen, request.token, by=request.by, layer=request.layer, heads=heads, **SEARCH._asdict()
        )

    def _recipes(self, request: SearchRequest) -> Json:
        asked = self.inspector.facts, self.indexed, request, SEARCH
        return {"python": recipes.as_python(*asked), "command": recipes.as_command(*asked)}

    def evidence(self) -> Json:
        """Value of the evidence before any search: what is there, or how to get it."""
        model = self.inspector.facts.model_id
        how = {
            "cli": f"hf-exbert build {model} corpus.txt -o my-index\nhf-exbert launch {model} --index my-index",
            "python": f'exbert_hub.CorpusIndex.build("{model}", "corpus.txt", "my-index")\n'
            f'exbert_hub.launch("{model}", index="my-index")',
        }
        offer = payload.offer_payload(self._offer, model) if self.index is None and self._offer else None
        return {
            "index": payload.index_payload(self.index),
            "how": how,
            "offer": offer,
            "results": None,
            "notice": None,
        }


def noticed(answer: Callable[[], Json]) -> Json:
    """The answer, or the error as a notice. The page must come to rest whatever happens, so nothing escapes."""
    try:
        return answer()
    except ExbertError as error:
        return {"notice": payload.notice(error)}
    except Exception:
        logger.exception("a request of the page failed")
        return {"notice": {"title": "Something broke on our side", "message": "The server's log has the details."}}
