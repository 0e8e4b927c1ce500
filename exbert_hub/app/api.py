"""The page for programs and agents: four functions over HTTP, and the same as MCP tools."""

# no `from __future__ import annotations`: Gradio reads the types of these functions at run time
import functools
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any, Literal

import gradio as gr
from pydantic import ValidationError

from exbert_hub.app.config.limits import RateLimit
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.model_pool import ModelPool
from exbert_hub.app.service.model_session import ModelSession
from exbert_hub.app.wire.api_requests import ApiInspectRequest, ApiRequest, ApiSearchRequest, ApiSummaryRequest
from exbert_hub.app.wire.api_responses import (
    InspectAnswer,
    ModelAnswer,
    SearchAnswer,
    SummaryAnswer,
    inspect_answer,
    model_answer,
)
from exbert_hub.app.wire.parse import first_problem
from exbert_hub.app.wire.requests import MATCHES, InspectRequest
from exbert_hub.app.wire.responses.model import model_name
from exbert_hub.errors import ExbertError, SelectionError
from exbert_hub.index import Matches
from exbert_hub.model import Inspection

logger = logging.getLogger(__name__)


class Api:
    """The functions that programs may call. Their signatures and docstrings are what a client is shown."""

    def __init__(self, models: ModelPool, settings: Settings) -> None:
        self._models = models
        self._settings = settings

    def describe_model(self, model: str = "") -> ModelAnswer:
        """List the layers and heads of the transformer shown here, and the annotated corpus that can be searched with
        it. Call this first: it tells which layers, heads and labels the other tools take.

        Args:
            model: Hub id of another model, if this server offers any; empty for its own.
        """
        request = ApiRequest(model=model)
        session = self._models.get(request.model)
        return model_answer(session.inspector, session.index, self._settings.allowed_models)

    def inspect(
        self,
        text: str,
        text_pair: str = "",
        mask: list[int | str] | None = None,
        layer: int | None = None,
        heads: list[int] | None = None,
        top_k: int = 5,
        model: str = "",
    ) -> InspectAnswer:
        """Run a text through the transformer: its pieces (tokens), what the model predicts at each, and, for one
        layer, the attention between them.

        Args:
            text: The text to look at.
            text_pair: A second text: the second segment, or the decoder's text of an encoder-decoder.
            mask: Words of the text, or positions of pieces, to replace by the mask token before the model runs.
            layer: Layer whose attention to return, from 0; none if left out.
            heads: Heads of that layer to average over; all if left out.
            top_k: Predictions per piece, at most 10.
            model: Hub id of another model, if this server offers any; empty for its own.
        """
        request = ApiInspectRequest(
            model=model, text=text, text_pair=text_pair, mask=mask or (), layer=layer, heads=heads, top_k=top_k
        )
        session = self._models.get(request.model)
        return inspect_answer(_look(session, request.text, request.text_pair, request.mask), request)

    def search(
        self,
        text: str,
        token: int | str,
        mask: bool = False,
        by: Literal["embedding", "heads"] = "embedding",
        layer: int | Literal["emb"] | None = None,
        heads: list[int] | None = None,
        k: int = 20,
        model: str = "",
    ) -> SearchAnswer:
        """Find the words of an annotated corpus that look most like one word of your text to the transformer: nearest
        by cosine, with part of speech, dependency, entity type and the token each of them attends to most.

        Args:
            text: The text the word stands in.
            token: The word, or the position of a piece as `inspect` lists it.
            mask: Replace the word by the mask token first: then matches tell what the model expects there.
            by: Compare the output of a layer ("embedding") or what chosen attention heads put out ("heads").
            layer: Layer to compare at, from 0, or "emb" for the input embeddings; the last if left out.
            heads: Heads to compare, such as [6, 9]; all of the layer if left out.
            k: Number of matches.
            model: Hub id of another model, if this server offers any; empty for its own.
        """
        request = ApiSearchRequest(
            model=model, text=text, token=token, mask=mask, by=by, layer=layer, heads=heads, k=k
        )
        return self._search(request).to_dict(summaries=False)  # type: ignore[return-value]

    def summarise(
        self,
        text: str,
        token: int | str,
        field: str = "pos",
        of: Literal["match", "max_attention", "next"] = "match",
        mask: bool = False,
        by: Literal["embedding", "heads"] = "embedding",
        layer: int | Literal["emb"] | None = None,
        heads: list[int] | None = None,
        k: int = MATCHES,
        model: str = "",
    ) -> SummaryAnswer:
        """Count a label over the corpus words nearest to one word of your text and compare with the whole corpus: what
        this layer, or these heads, have learned. A bar with `significant` differs from the base rate by more than
        chance would explain (q below 0.05); the others are no evidence.

        Args:
            text: The text the word stands in.
            token: The word, or the position of a piece as `inspect` lists it.
            field: Label to count, such as pos, dep, ent_type or lemma; "offset" with of="max_attention".
            of: Count it over the matches, the tokens they attend to most, or the tokens after them.
            mask: Replace the word by the mask token first.
            by: Compare the output of a layer ("embedding") or what chosen attention heads put out ("heads").
            layer: Layer to compare at, from 0, or "emb" for the input embeddings; the last if left out.
            heads: Heads to compare, such as [6, 9]; all of the layer if left out.
            k: Number of matches to count over.
            model: Hub id of another model, if this server offers any; empty for its own.
        """
        search = ApiSearchRequest(model=model, text=text, token=token, mask=mask, by=by, layer=layer, heads=heads, k=k)
        request = ApiSummaryRequest(search=search, field=field, of=of)
        matches = self._search(request.search)
        summary = matches.summary(request.field, request.of)
        return {"query": matches.to_dict(summaries=False)["query"], **summary.to_dict()}  # type: ignore[typeddict-item]

    def _search(self, request: ApiSearchRequest) -> Matches:
        if request.k > self._settings.max_matches:
            raise SelectionError(f"k={request.k}: at most {self._settings.max_matches} matches are given at once.")
        session = self._models.get(request.model)
        if session.index is None:
            raise SelectionError(f"There is no index of a corpus for {model_name(session.inspector.model_info)} here.")
        return session.index.search(
            _look(session, request.text, "", (request.token,) if request.mask else ()),
            request.token,
            by=request.by,
            layer=request.layer,
            heads=request.heads or None,
            k=request.k,
            exclude_query=True,
            unique_sentences=True,
        )


def _look(session: ModelSession, text: str, text_pair: str, mask: tuple[int | str, ...]) -> Inspection:
    """
    :param mask: words, or positions of pieces.
    """
    plain = InspectRequest(text=text, text_pair=text_pair)
    words = [place for place in mask if isinstance(place, str)]
    # one more pass tells where the words stand; with positions the answer is in the session's memory the next time
    seen = session.look(plain) if words else None
    positions = {position for word in words if seen for position in seen.find(word)}
    positions |= {place for place in mask if isinstance(place, int)}
    return session.look(plain.model_copy(update={"mask": tuple(sorted(positions))}))


def expose(models: ModelPool, settings: Settings) -> None:
    """Add the API to the page that is being built."""
    api, limit = Api(models, settings), RateLimit(settings.calls_per_minute)
    for function in (api.describe_model, api.inspect, api.search, api.summarise):
        gr.api(_endpoint(function, limit), api_name=function.__name__, concurrency_id="api")


def _endpoint(function: Callable[..., Any], limit: RateLimit) -> Callable[..., Any]:
    """A function as Gradio calls it: its calls counted, its errors as Gradio shows them."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def endpoint(*values: Any) -> Any:
        *arguments, request = values
        try:
            limit.check(_caller(request))
            answer = function(**dict(zip(names, arguments, strict=True)))
        except ValidationError as error:
            raise _api_error(first_problem(error)) from error
        except ExbertError as error:
            raise _api_error(str(error)) from error
        except Exception as error:
            logger.exception("a call of %s failed", function.__name__)
            raise _api_error("Something broke on our side; the server's log has the details.") from error
        # an agent reads text, and Gradio would give it the text of a Python dict
        return json.dumps(answer, ensure_ascii=False) if _is_agent(request) else answer

    # Gradio puts the request where the signature has it, and leaves it out of what a client sees
    plain, kind = inspect.signature(function), inspect.Parameter.POSITIONAL_OR_KEYWORD
    request = inspect.Parameter("request", kind, default=None, annotation=gr.Request)
    endpoint.__signature__ = plain.replace(parameters=[*plain.parameters.values(), request])  # type: ignore[attr-defined]
    endpoint.__annotations__ = {**function.__annotations__, "request": gr.Request}
    return endpoint


def _api_error(message: str) -> gr.Error:
    return gr.Error(message, print_exception=False)


def _caller(request: gr.Request) -> str:
    """Who calls, as well as can be told: behind the proxy of a Space, the address that the nearest proxy saw."""
    forwarded = str(request.headers.get("x-forwarded-for", "")).split(",")[-1].strip()
    return forwarded or (request.client.host if request.client else "")


def _is_agent(request: gr.Request) -> bool:
    """Gradio's MCP server passes calls on with this header."""
    return request.headers.get("x-gradio-user") == "mcp"
