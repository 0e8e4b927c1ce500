"""Everything that travels between the page and the server as one JSON schema, which tests hold both sides to.

    python -m exbert_hub.app.wire.schema > tests/fixtures/wire_schema.json

after a change of `requests.py`, of a message in `responses/` or of `constants.py`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from . import requests
from .constants import ConstantsJson, constants
from .parse import Request
from .responses import comparison, evidence, head_report, inspection, setup
from .responses.attention_kinds import SentLayerJson
from .responses.common import NoticeJson

MESSAGES: dict[str, Any] = {  # values of components
    "attention": inspection.InspectMessage,
    "evidence": evidence.EvidenceMessage,
    "setup": setup.AllowancesJson,
}
EVENTS: dict[str, type[Request]] = {
    "inspect": requests.InspectEvent,
    "search": requests.SearchEvent,
    "accept": requests.AcceptEvent,
}
FUNCTIONS: dict[str, tuple[type[Request], Any]] = {  # of the server: what they take and answer
    "table": (requests.TableRequest, evidence.ResultsFileJson),
    "profile": (requests.ProfileRequest, evidence.AllLayersJson),
    "attention": (requests.AttentionRequest, SentLayerJson),
    "thumbnails": (requests.ThumbnailsRequest, inspection.ThumbnailsJson),
    "shell": (requests.Nothing, evidence.SavedShellJson),
    "compare": (requests.CompareRequest, comparison.SideBySideJson),
    "lens": (requests.LensRequest, comparison.LensJson),
    "heads": (requests.HeadsRequest, head_report.HeadMapJson),
    "head_examples": (requests.HeadExamplesRequest, head_report.HeadExamplesJson),
    "head": (requests.HeadRequest, head_report.HeadReportJson),
    "place": (requests.PlaceRequest, setup.LinePositionJson),
    "models": (requests.Nothing, setup.SuggestionsJson),
    "indexes": (requests.Scope, setup.IndexesJson),
    "annotators": (requests.Nothing, setup.AnnotatorsJson),
    "building": (requests.BuildKeyRequest, setup.BuildStatusJson),
    "prepare": (requests.BuildRequest, setup.BuildStatusJson),
    "build": (requests.BuildKeyRequest, setup.BuildStatusJson),
    "cancel": (requests.BuildKeyRequest, setup.BuildStatusJson),
}


def schema() -> dict[str, Any]:
    """Definitions by name, and which of them a component, an event or a server function has. Beside what is named
    here, every function may answer with a `Notice` in its field `notice`."""
    answers = [*MESSAGES.values(), *(answer for _, answer in FUNCTIONS.values()), NoticeJson, ConstantsJson]
    taken = dict.fromkeys([*EVENTS.values(), *(request for request, _ in FUNCTIONS.values())])
    modes: dict[JsonSchemaMode, list[Any]] = {"validation": answers, "serialization": list(taken)}
    inputs = [(_name(one), mode, TypeAdapter(one)) for mode, types in modes.items() for one in types]
    _, definitions = TypeAdapter.json_schemas(inputs, by_alias=True)
    kinds = {_bare(name): definition for name, definition in definitions["$defs"].items()}
    return {
        "messages": {name: _name(message) for name, message in MESSAGES.items()},
        "events": {name: _name(event) for name, event in EVENTS.items()},
        "functions": {
            name: {"request": _name(request), "answer": _name(answer)} for name, (request, answer) in FUNCTIONS.items()
        },
        "constants": dict(constants()),
        "definitions": {name: _plain(kinds[name]) for name in sorted(kinds)},
    }


def _name(kind: type) -> str:
    return _bare(kind.__name__)


def _bare(name: str) -> str:
    """`NoticeJson` of Python is the `Notice` of the scripts."""
    return name.removesuffix("Json")


def _plain(part: Any) -> Any:
    """Without what is for people."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    part = {
        name: value for name, value in part.items() if name not in ("title", "description") or isinstance(value, dict)
    }
    if "$ref" in part:
        part["$ref"] = "#/definitions/" + _bare(part["$ref"].rsplit("/", 1)[-1])
    return {name: _plain(value) for name, value in part.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")
