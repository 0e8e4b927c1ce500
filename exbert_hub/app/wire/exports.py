"""Results to take away: CSV that is safe to open in a spreadsheet, JSON, Parquet."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from exbert_hub._version import __version__
from exbert_hub.index import CorpusIndex, Matches
from exbert_hub.index.search.query import Query

from .requests import TableFormat

if TYPE_CHECKING:
    import pyarrow as pa

_FORMULA = tuple(
    "=+-@\t\r\n＝＋－＠"
)  # what makes a spreadsheet read a cell as more than text; OWASP, "CSV Injection"
_NAME = re.compile(r"[^\w-]+")


def to_csv(matches: Matches, index: CorpusIndex) -> bytes:
    """UTF-8, one row per match, nothing of the query: a table holds one kind of thing.

    Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers.
    """
    import pandas as pd

    # Arrow's types: where a cell is empty, whole numbers stay whole
    frame = _table(matches).to_pandas(types_mapper=pd.ArrowDtype).map(_harmless, na_action="ignore")
    content: str = frame.rename(columns=_harmless).to_csv(index=False, lineterminator="\r\n")
    return content.encode()


def to_json(matches: Matches, index: CorpusIndex) -> bytes:
    """What `Matches.to_dict` says, and where it comes from."""
    return json.dumps({"source": _source(index)} | matches.to_dict(), ensure_ascii=False, indent=1).encode()


def to_parquet(matches: Matches, index: CorpusIndex) -> bytes:
    """One row per match; the query and where it comes from are in the metadata, under "exbert"."""
    import pyarrow.parquet as pq

    about = json.dumps({"source": _source(index), "query": matches.to_dict()["query"]})
    out = io.BytesIO()
    pq.write_table(_table(matches).replace_schema_metadata({"exbert": about}), out)
    return out.getvalue()


FORMATS: Mapping[TableFormat, Callable[[Matches, CorpusIndex], bytes]] = {
    "csv": to_csv,
    "json": to_json,
    "parquet": to_parquet,
}


def file_name(query: Query, suffix: str) -> str:
    """Such as "exbert-escape-5-6-9.csv": the word, the layer, and the heads if they were searched by."""
    heads = query.heads if query.by == "heads" else ()
    parts = ("exbert", _NAME.sub("-", query.word)[:40].strip("-"), str(query.layer), *map(str, heads[:16]))
    return "-".join(part for part in parts if part) + f".{suffix}"


def _table(matches: Matches) -> pa.Table:
    """`Matches.records`: a column is added there, for every format."""
    import pyarrow as pa

    records = matches.records()
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: [record.get(name) for record in records] for name in names})


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _source(index: CorpusIndex) -> dict[str, Any]:
    manifest = index.manifest
    return {
        "model": manifest.model_id,
        "model_revision": manifest.model.revision,
        "index": index.name_or_path,
        "index_revision": index.revision,
        "corpus": manifest.corpus.name,
        "license": manifest.corpus.license,
        "annotator": manifest.corpus.annotator,
        "exbert_hub": __version__,
    }
