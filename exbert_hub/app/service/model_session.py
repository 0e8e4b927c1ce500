"""What serves all visitors of one page: the model, its indexes, and a bounded memory of what was computed lately.

Nothing here belongs to one visitor. Every request carries its whole question, so two visitors can never see each
other's text, and a repeated question costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from exbert_hub.app.config import zerogpu
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.answers import as_notice
from exbert_hub.app.wire.requests import MATCHES, InspectRequest, ModelInput, Scope, TokenQuery, by_layer
from exbert_hub.app.wire.responses.attention_kinds import unavailable
from exbert_hub.app.wire.responses.common import JsonObject
from exbert_hub.app.wire.responses.evidence import EvidenceMessage, ResultsJson, results_json
from exbert_hub.app.wire.responses.inspection import InspectMessage, chosen_stack, inspection_json
from exbert_hub.app.wire.responses.model import index_json, model_json, offer_json
from exbert_hub.app.wire.snippets import snippets_json
from exbert_hub.errors import SelectionError

from .index_catalog import IndexCatalog
from .inspection_cache import InspectionCache

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex, Matches
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model import Inspection, Inspector

_SHORT = 600  # characters, about 128 pieces


class ModelSession:
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
        self.catalog = IndexCatalog(inspector.model_info, index, self._settings, offer)
        inspector.max_pieces = min(inspector.max_pieces, self._settings.max_pieces)
        self._forward = zerogpu.forward(inspector)
        self._busy = threading.Lock()  # one forward pass at a time: two would only share the same cores
        self._no_norms: Mapping[str, str] = {}  # why the stacks have no value-weighted attention; empty: not known yet
        self._computed = InspectionCache(self._compute)

    @property
    def index(self) -> CorpusIndex | None:
        """The default index, None where there is none."""
        return self.catalog.get()

    def look(self, request: InspectRequest) -> Inspection:
        """What the model computes for a text; any stack of it.

        :raises ExbertError: if the model cannot, or the owner of the page has set a lower limit.
        """
        return self._computed(request.model_input)

    def _compute(self, given: ModelInput) -> Inspection:
        self._settings.check_text(given.text, given.text_pair)
        with self._busy:
            norms = given.norms or not self._no_norms  # the first one tells whether the model has them
            with _threads(len(given.text) + len(given.text_pair)):
                seen = self._forward(given.text, given.text_pair or None, given.mask, by_layer(given.ablate), norms)
            self._no_norms = self._no_norms or {name: stack.no_norms for name, stack in seen.stacks.items()}
            return seen

    def inspect(self, request: InspectRequest) -> InspectMessage:
        """Value of the attention view; what is wrong with the text becomes a notice.

        :raises SelectionError: if the index that the request names is not there.
        """
        index = self.catalog.get(request.index)
        message: JsonObject = {
            "request": request.to_wire(),
            "facts": model_json(self.inspector.model_info),
            "index": index_json(index),
            "inspection": None,
        }
        return cast(InspectMessage, message | as_notice(lambda: self._inspected(request)))

    def _inspected(self, request: InspectRequest) -> JsonObject:
        seen, shown = self.look(request), request
        reason = unavailable(seen, chosen_stack(seen, request), self._no_norms)[request.attention_kind]
        if reason:  # another model, or another stack, than the kind of attention was chosen for
            shown = request.model_copy(update={"attention_kind": "attention"})
        before = None
        if request.ablate:
            before = self.look(request.model_copy(update={"ablate": (), "attention_kind": "attention"}))
        inspection = inspection_json(seen, shown, self._no_norms, before)
        changed = {"request": shown.to_wire(), "asked": request.to_wire(), "note": reason} if reason else {}
        return {"inspection": inspection, "notice": None} | changed

    def search(self, query: TokenQuery) -> EvidenceMessage:
        """Value of the evidence for a search.

        :raises SelectionError: if the index that it names is not there.
        """
        message = self.evidence(query) | {"query": query.to_wire()}
        return cast(EvidenceMessage, message | as_notice(lambda: {"results": self._results(query), "notice": None}))

    def _results(self, query: TokenQuery) -> ResultsJson:
        started = time.perf_counter()
        seen, matches, index = self.find(query)
        seconds = time.perf_counter() - started
        snippets = snippets_json(self.inspector.model_info, index, query)
        return results_json(
            matches,
            seen,
            index,
            seconds=seconds,
            query=query.to_wire(),
            snippets=snippets,
        )

    def find(self, query: TokenQuery) -> tuple[Inspection, Matches, CorpusIndex]:
        """What the page shows for a search, and the index that was searched.

        :raises ExbertError: if the index has no such vectors, or the model cannot take the text.
        """
        seen, index = self.ready(query)
        matches = index.search(
            seen, query.token, by=query.by, layer=query.layer, heads=query.chosen_heads, **query.options
        )
        return seen, matches, index

    def ready(self, query: TokenQuery) -> tuple[Inspection, CorpusIndex]:
        """What is searched for, and where.

        :raises ExbertError: if there is no index, if the model cannot take the text, or for more matches than the
            owner of the page allows.
        """
        most = max(self._settings.max_matches, MATCHES)
        if query.k > most:
            raise SelectionError(f"k={query.k}: at most {most} matches are given at once.")
        index = self.catalog.require(query.index)
        return self.look(query.inspect), index

    def evidence(self, scope: Scope) -> EvidenceMessage:
        """Value of the evidence before any search: what is there, or how to get it.

        :param scope: any request of the page; only the model and the index that it names matter.
        :raises SelectionError: if that index is not there.
        """
        model = self.inspector.model_info.model_id
        index = self.catalog.get(scope.index)
        offer = self.catalog.offer if index is None else None
        return {
            "scope": {"model": scope.model, "index": scope.index},
            "index": index_json(index),
            "how": {
                "cli": f"hf-exbert build {model} corpus.txt -o my-index\nhf-exbert launch {model} --index my-index",
                "python": f'exbert_hub.CorpusIndex.build("{model}", "corpus.txt", "my-index")\n'
                f'exbert_hub.launch("{model}", index="my-index")',
            },
            "offer": offer_json(offer, model) if offer else None,
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
