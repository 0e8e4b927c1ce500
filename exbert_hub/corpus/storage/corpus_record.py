"""`corpus.json`, which describes the folder of an annotated corpus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.corpus.types import CorpusInfo
from exbert_hub.errors import CorpusError
from exbert_hub.files import write_atomic

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT_VERSION = 1  # raise it also when sources are read in another way: cached corpora carry it
INFO_FILE = "corpus.json"
HOW_TO_FIX = ". Delete the folder and annotate again."


@dataclass(frozen=True)
class CorpusRecord:
    """`corpus.json`."""

    format_version: int
    info: CorpusInfo
    sentences: int
    words: int
    files: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> CorpusRecord:
        """Read and check it.

        :raises CorpusError: if there is none, or it is damaged or of another version.
        """
        from pydantic import ValidationError
        from pydantic_core import from_json

        try:
            record = from_json((folder / INFO_FILE).read_bytes())
        except FileNotFoundError:
            raise CorpusError(
                f"{folder} is not an annotated corpus: it has no {INFO_FILE}. Text must be annotated first."
            ) from None
        except (OSError, ValueError) as error:
            raise CorpusError(f"{folder / INFO_FILE} cannot be read: {error}{HOW_TO_FIX}") from error
        version = record.get("format_version") if isinstance(record, dict) else None
        if version != FORMAT_VERSION:
            raise CorpusError(
                f"{folder} has corpus format {version}, this version reads {FORMAT_VERSION}: annotate the text again"
            )
        try:
            return _record_adapter().validate_python(record)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise CorpusError(f"{folder / INFO_FILE} is damaged ({place}: {first['msg']}){HOW_TO_FIX}") from error

    def save(self, folder: Path) -> None:
        write_atomic(folder / INFO_FILE, _record_adapter().dump_json(self, indent=2).decode() + "\n")


@cache
def _record_adapter() -> TypeAdapter[CorpusRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(CorpusRecord)
