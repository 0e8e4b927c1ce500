"""What serves all visitors of one page: the model, the index, and a bounded memory of what was computed lately.

Nothing here belongs to one visitor. Every request carries its whole question, so two visitors can never see each
other's text, and a repeated question costs nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exbert_hub.app.config import zerogpu
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire import payload, snippets
from exbert_hub.app.wire.attention_kinds import reasons
from exbert_hub.app.wire.payload import InspectRequest, Json, SearchRequest
from exbert_hub.app.wire.snippets import SearchOptions
from exbert_hub.errors import ExbertError

from .index_catalog import Shelf, require
from .memory import Memory

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex, Matches
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model import Inspection, Inspector

logger = logging.getLogger(__name__)

SEARCH = SearchOptions()
_SHORT = 600  # characters, about 128 pieces


class Workbench:
    """A model and the indexes that were built with it, if there are any."""

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
        self.inspector = inspector
        self._settings = settings or Settings()
        self.shelf = Shelf(inspector.facts, index, self._settings, offer)
        inspector.max_pieces = min(inspector.max_pieces, self._settings.max_pieces)
        self._forward = zerogpu.forward(inspector)
        self._busy = threading.Lock()  # one forward pass at a time: two would only share the same cores
        self._no_norms: Mapping[str, str] = {}  # why the stacks have no value-weighted attention; empty: not known yet
        self._remember = Memory(self._look)

    def look(self, request: InspectRequest) -> Inspection:
        """What the model computes for a text; any stack of it.

        :raises ExbertError: if the model cannot, or the owner of the page has set a lower limit.
        """
        return self._remember(replace(request, stack="", mode="norms" if request.mode == "norms" else "attention"))

    def _look(self, request: InspectRequest) -> Inspection:
        self._settings.check_text(request.text, request.pair)
        with self._busy:
            norms = request.mode == "norms" or not self._no_norms  # the first one tells whether the model has them
            asked = request.text, request.pair or None, request.mask
            with _threads(len(request.text) + len(request.pair)):
                seen = self._forward(*asked, payload.by_layer(request.ablate), norms)
            self._no_norms = self._no_norms or {name: stack.no_norms for name, stack in seen.stacks.items()}
            return seen

    def inspect(self, data: Mapping[str, Any]) -> Json:
        """Value of the attention view for a request of the page; what is wrong with the text becomes a notice.

        :raises SelectionError: if the index that the request names is not there.
        """

        def look() -> Json:
            request = InspectRequest.parse(data)
            seen = self.look(request)
            why = reasons(seen, payload.chosen_stack(seen, request), self._no_norms)[request.mode]
            if why:  # another model, or another stack, than the mode was chosen for
                request = replace(request, mode="attention")
            before = (
                self.look(InspectRequest(request.text, request.pair, mask=request.mask)) if request.ablate else None
            )
            shown = payload.inspection_payload(seen, request, self._no_norms, before)
            told = {"request": dict(data) | {"mode": request.mode}, "asked": dict(data), "note": why} if why else {}
            return {"inspection": shown, "notice": None} | told

        index = self.shelf.get(payload.name_in(data, "index"))
        answer = {"request": dict(data), "facts": payload.facts_payload(self.inspector.facts), "inspection": None}
        return answer | {"index": payload.index_payload(index)} | noticed(look)

    def search(self, data: Mapping[str, Any]) -> Json:
        """Value of the evidence for a search of the page."""

        def find() -> Json:
            request = SearchRequest.parse(data)
            started = time.perf_counter()
            seen, matches, index = self.find(request)
            seconds = time.perf_counter() - started
            results = payload.matches_payload(matches, seen, index, seconds)
            told = {"query": dict(data), "recipes": self._recipes(index, request)}
            return {"results": results | told, "notice": None}

        return self.evidence(data) | {"query": dict(data)} | noticed(find)

    @property
    def index(self) -> CorpusIndex | None:
        """The default index, None where there is none."""
        return self.shelf.get()

    def find(self, request: SearchRequest) -> tuple[Inspection, Matches, CorpusIndex]:
        """What the page shows for a search, and the index that was searched.

        :raises ExbertError: if the index has no such vectors, or the model cannot take the text.
        """
        index, seen = require(self.shelf.get(request.index)), self.look(request.inspect)
        heads = list(request.heads) or None
        matches = index.search(
            seen, request.token, by=request.by, layer=request.layer, heads=heads, **SEARCH._asdict()
        )
        return seen, matches, index

    def _recipes(self, index: CorpusIndex, request: SearchRequest) -> Json:
        asked = self.inspector.facts, index, request, SEARCH
        return {"python": snippets.as_python(*asked), "command": snippets.as_command(*asked)}

    def evidence(self, data: Mapping[str, Any]) -> Json:
        """Value of the evidence before any search: what is there, or how to get it.

        :param data: any request of the page; only the model and the index that it names matter.
        :raises SelectionError: if that index is not there.
        """
        model = self.inspector.facts.model_id
        how = {
            "cli": f"hf-exbert build {model} corpus.txt -o my-index\nhf-exbert launch {model} --index my-index",
            "python": f'exbert_hub.CorpusIndex.build("{model}", "corpus.txt", "my-index")\n'
            f'exbert_hub.launch("{model}", index="my-index")',
        }
        index = self.shelf.get(payload.name_in(data, "index"))
        offer = payload.offer_payload(self.shelf.offer, model) if index is None and self.shelf.offer else None
        return {
            "scope": payload.scope(data),
            "index": payload.index_payload(index),
            "how": how,
            "offer": offer,
            "results": None,
            "notice": None,
        }


@contextmanager
def _threads(characters: int) -> Iterator[None]:
    """One thread for the forward pass of a short text.

    Several are hardly faster there, and each step waits for the last of them: where others search on the same cores
    that is the time until the system gives it its turn, twenty times over the step itself.
    """
    import torch

    before = torch.get_num_threads()
    if characters > _SHORT or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def noticed(answer: Callable[[], Json]) -> Json:
    """The answer, or the error as a notice. The page must come to rest whatever happens, so nothing escapes."""
    try:
        return answer()
    except ExbertError as error:
        return {"notice": payload.notice(error)}
    except Exception:
        logger.exception("a request of the page failed")
        return {"notice": {"title": "Something broke on our side", "message": "The server's log has the details."}}
