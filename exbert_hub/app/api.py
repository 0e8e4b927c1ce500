"""The page for programs and agents: four functions over HTTP, and the same as MCP tools."""

# no `from __future__ import annotations`: Gradio reads the types of these functions at run time
import functools
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any, Literal

import gradio as gr
import numpy as np
from pydantic import ValidationError, validate_call

from exbert_hub.analysis.attention import aggregate
from exbert_hub.app.config.limits import RateLimit
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.model_session import Workbench
from exbert_hub.app.service.models import Models
from exbert_hub.app.wire.api_types import (
    AttentionInfo,
    InspectAnswer,
    LayerInfo,
    ModelAnswer,
    PieceInfo,
    SearchAnswer,
    SummaryAnswer,
)
from exbert_hub.app.wire.payload import InspectRequest, model_name
from exbert_hub.errors import ExbertError, SelectionError
from exbert_hub.index import Matches
from exbert_hub.index.format.types import Layer
from exbert_hub.model import Inspection

logger = logging.getLogger(__name__)

MOST_PREDICTIONS = 10
_DIGITS = 4


class Api:
    """The functions that programs may call. Their signatures and docstrings are what a client is shown."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._settings = settings

    def describe_model(self, model: str = "") -> ModelAnswer:
        """List the layers and heads of the transformer shown here, and the annotated corpus that can be searched with
        it. Call this first: it tells which layers, heads and labels the other tools take.

        Args:
            model: Hub id of another model, if this server offers any; empty for its own.
        """
        bench = self._models.get(model)
        facts, index = bench.inspector.facts, bench.index
        layers: list[Layer] = ["emb", *range(len(facts.heads))]
        stored = index.manifest.attention_layers if index else ()
        return {
            "model": model_name(facts),
            "kind": facts.kind,
            "architecture": facts.architecture,
            "hidden_size": facts.hidden_size,
            "max_pieces": bench.inspector.max_pieces,
            "layers": [
                LayerInfo(
                    layer=layer,
                    heads=0 if layer == "emb" else facts.heads[layer],
                    searchable=[by for by in ("embedding", "heads") if index and layer in index.layers(by)],
                    attention_stored=layer in stored,
                )
                for layer in layers
            ],
            "corpus": _corpus(bench),
            "further_models": list(self._settings.allowed_models),
        }

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
        if not 0 <= top_k <= MOST_PREDICTIONS:
            raise SelectionError(f"top_k={top_k}: 0 to {MOST_PREDICTIONS} predictions per piece are given.")
        bench = self._models.get(model)
        seen = self._look(bench, text, text_pair, mask or [])
        predicted = seen.predicted if len(seen.predicted) == len(seen.pieces) and len(seen.stacks) == 1 else ()
        return {
            "model": model_name(seen.facts),
            "stack": seen.main.name,
            "predicts": seen.predicts if predicted else "none",
            "pieces": [_piece(seen, at, predicted[at][:top_k] if predicted else ()) for at in range(len(seen.pieces))],
            "attention": None if layer is None else _attention(seen, layer, heads),
        }

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
        return self._search(text, token, mask, by, layer, heads, k, model).to_dict(summaries=False)  # type: ignore[return-value]

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
        k: int = 50,
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
        matches = self._search(text, token, mask, by, layer, heads, k, model)
        summary = matches.summary(field, of)
        return {"query": matches.to_dict(summaries=False)["query"], **summary.to_dict()}  # type: ignore[typeddict-item]

    def _look(self, bench: Workbench, text: str, pair: str, mask: list[int | str]) -> Inspection:
        words = [place for place in mask if isinstance(place, str)]
        # one more pass tells where the words stand; with positions the answer is found in the bench's memory next time
        plain = bench.look(InspectRequest(text, pair)) if words else None
        positions = {at for word in words if plain for at in plain.find(word)}
        positions |= {place for place in mask if isinstance(place, int)}
        return bench.look(InspectRequest(text, pair, mask=tuple(sorted(positions))))

    def _search(
        self,
        text: str,
        token: int | str,
        mask: bool,
        by: Literal["embedding", "heads"],
        layer: Layer | None,
        heads: list[int] | None,
        k: int,
        model: str,
    ) -> Matches:
        if k > self._settings.max_matches:
            raise SelectionError(f"k={k}: at most {self._settings.max_matches} matches are given at once.")
        bench = self._models.get(model)
        if bench.index is None:
            raise SelectionError(f"There is no index of a corpus for {model_name(bench.inspector.facts)} here.")
        seen = self._look(bench, text, "", [token] if mask else [])
        return bench.index.search(
            seen, token, by=by, layer=layer, heads=heads or None, k=k, exclude_query=True, unique_sentences=True
        )


def expose(models: Models, settings: Settings) -> None:
    """Add the API to the page that is being built."""
    api, limit = Api(models, settings), RateLimit(settings.calls_per_minute)
    for function in (api.describe_model, api.inspect, api.search, api.summarise):
        gr.api(_endpoint(function, limit), api_name=function.__name__, concurrency_id="api")


def _endpoint(function: Callable[..., Any], limit: RateLimit) -> Callable[..., Any]:
    """A function as Gradio calls it: its arguments checked, its calls counted, its errors told."""
    checked, names = validate_call(function), list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def endpoint(*values: Any) -> Any:
        *arguments, request = values
        try:
            limit.check(_caller(request))
            answer = checked(**dict(zip(names, arguments, strict=True)))
        except ValidationError as error:
            first = error.errors()[0]
            raise _told(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        except ExbertError as error:
            raise _told(str(error)) from error
        except Exception as error:
            logger.exception("a call of %s failed", function.__name__)
            raise _told("Something broke on our side; the server's log has the details.") from error
        # an agent reads text, and Gradio would give it the text of a Python dict
        return json.dumps(answer, ensure_ascii=False) if _is_agent(request) else answer

    # Gradio puts the request where the signature has it, and leaves it out of what a client sees
    plain, kind = inspect.signature(function), inspect.Parameter.POSITIONAL_OR_KEYWORD
    request = inspect.Parameter("request", kind, default=None, annotation=gr.Request)
    endpoint.__signature__ = plain.replace(parameters=[*plain.parameters.values(), request])  # type: ignore[attr-defined]
    endpoint.__annotations__ = {**function.__annotations__, "request": gr.Request}
    return endpoint


def _told(message: str) -> gr.Error:
    return gr.Error(message, print_exception=False)


def _caller(request: gr.Request) -> str:
    """Who calls, as well as can be told: behind the proxy of a Space, the address that the nearest proxy saw."""
    forwarded = str(request.headers.get("x-forwarded-for", "")).split(",")[-1].strip()
    return forwarded or (request.client.host if request.client else "")


def _is_agent(request: gr.Request) -> bool:
    """Gradio's MCP server passes calls on with this header."""
    return request.headers.get("x-gradio-user") == "mcp"


def _corpus(bench: Workbench) -> dict[str, Any] | None:
    if bench.index is None:
        return None
    manifest = bench.index.manifest
    return {
        "name": manifest.corpus.name,
        "license": manifest.corpus.license,
        "annotator": manifest.corpus.annotator,
        "pieces": manifest.pieces,
        "sentences": manifest.sentences,
        "labels": list(bench.index.labels),
    }


def _piece(seen: Inspection, at: int, predictions: Any) -> PieceInfo:
    start, end = seen.tokens.offsets[at]
    text = (seen.text_pair or "") if seen.tokens.segments[at] else seen.text
    return {
        "position": at,
        "piece": seen.pieces[at],
        "text": text[start:end].strip(),
        "special": bool(seen.special[at]),
        "masked": bool(seen.masked[at]),
        "predictions": [{"text": one.text, "probability": round(one.probability, _DIGITS)} for one in predictions],
    }


def _attention(seen: Inspection, layer: int, heads: list[int] | None) -> AttentionInfo:
    if not 0 <= layer < len(seen.attention) or seen.attention[layer] is None:
        raise SelectionError(
            f"layer={layer}: the model has no attention there; it has layers 0 to {len(seen.attention) - 1}."
        )
    weights = np.asarray(seen.attention[layer])
    chosen = list(range(len(weights))) if not heads else sorted(set(heads))
    if chosen[0] < 0 or chosen[-1] >= len(weights):
        raise SelectionError(f"heads={heads}: layer {layer} has heads 0 to {len(weights) - 1}.")
    mean = aggregate(weights, chosen) / len(chosen)
    return {"layer": layer, "heads": chosen, "weights": mean.round(_DIGITS).tolist()}
