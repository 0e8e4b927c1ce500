"""The corpus that a visitor wants an index of, checked: everything about it comes from a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub import demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.parse import quoted, shortened
from exbert_hub.app.wire.requests import BuildRequest, CorpusKind
from exbert_hub.errors import CorpusError, SelectionError
from exbert_hub.units import format_bytes

if TYPE_CHECKING:
    from exbert_hub.corpus import ParquetCorpus

UPLOADS = (".txt", ".conllu", ".conllup")

_BLANK = re.compile(r"blank:[a-z]{2,3}")
_PLAIN = re.compile(r"[\w.-]{0,96}")


@dataclass(frozen=True)
class BuildCorpus:
    """A corpus that may be read, and how it is annotated."""

    kind: CorpusKind
    source: str  # id of a dataset, or a path; "" for the demo's corpus
    name: str  # for people
    annotator: str | None
    limit: int  # sentences
    split: str | None = None
    text_column: str | None = None

    @classmethod
    def of(cls, request: BuildRequest, settings: Settings) -> BuildCorpus:
        """
        :raises SelectionError: if the owner of the page does not allow it.
        :raises CorpusError: if it cannot be a corpus.
        """
        if not settings.allow_build:
            raise SelectionError("The owner of this page does not let visitors build indexes.")
        if request.limit > settings.max_sentences:
            raise SelectionError(
                f"{request.limit:,} sentences are too many: up to {settings.max_sentences:,} are taken here."
            )
        source, name = _CHECKS[request.kind](request.corpus.strip(), settings)
        return cls(
            kind=request.kind,
            source=source,
            name=name,
            annotator=_annotator(request.annotator.strip()),
            limit=request.limit,
            split=_plain(request.split, "split"),
            text_column=_plain(request.text_column, "column"),
        )

    def annotated(self, progress: Callable[[int], None]) -> ParquetCorpus:
        """The corpus with its annotation.

        :param progress: called with the number of sentences done; what it raises ends the work.
        :raises ExbertError: if the corpus cannot be read or annotated.
        """
        from exbert_hub.corpus.annotation.annotate import annotate_corpus
        from exbert_hub.corpus.options import CorpusOptions, ReadOptions
        from exbert_hub.index.build.corpus import source_of

        read = ReadOptions(self.split, self.text_column, streaming=True) if self.kind == "hub" else ReadOptions()
        source = demo.CORPUS if self.kind == "demo" else source_of(self.source, read)
        options = CorpusOptions(self.annotator, read, limit=self.limit)
        corpus = annotate_corpus(source, options, progress=progress)
        if self.kind == "upload":  # where it lay on the server says nothing
            return corpus.described(name=self.name, source=f"{Path(self.source).name}, sent to the page")
        return corpus

    def clean(self) -> None:
        """Delete what was sent, once it has been read."""
        if self.kind == "upload":
            Path(self.source).unlink(missing_ok=True)


def _demo(corpus: str, settings: Settings) -> tuple[str, str]:
    return "", "exbert-demo"


def _hub(corpus: str, settings: Settings) -> tuple[str, str]:
    from exbert_hub.hub import is_open_dataset, split_dataset_id

    named = split_dataset_id(corpus)
    if named is None or os.path.exists(corpus):
        raise CorpusError(f"{quoted(corpus)} is not the id of a dataset on the Hub; write it as owner/name.")
    repo, _ = named
    if settings.is_public and not is_open_dataset(repo):  # what only the owner may read stays with the owner
        raise CorpusError(f"There is no dataset {repo} that everybody may read, or the Hub cannot be reached.")
    return corpus, repo.split("/")[1]


def _folder(corpus: str, settings: Settings) -> tuple[str, str]:
    if not settings.allow_folders or settings.is_public:
        raise SelectionError("The owner of this page does not let visitors name folders.")
    path = Path(corpus).expanduser()
    if not corpus or not path.exists():
        raise CorpusError(f"There is no file or folder {shortened(corpus)} on the machine that this page runs on.")
    return str(path), path.stem


def _upload(corpus: str, settings: Settings) -> tuple[str, str]:
    """A file that was sent lies in a folder of Gradio's; any other path is a try to read what is not the visitor's."""
    from gradio.utils import get_upload_folder

    path = Path(corpus).resolve()
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise CorpusError("The file did not arrive: send it again.")
    if path.suffix.lower() not in UPLOADS:
        raise CorpusError(f"{path.name} is not one of {', '.join(UPLOADS)}: save it as UTF-8 text or as CoNLL-U.")
    if (size := path.stat().st_size) > settings.max_upload * 1e6:
        raise CorpusError(f"{path.name} has {format_bytes(size)}; up to {settings.max_upload} MB are taken here.")
    return str(path), path.stem


_CHECKS: Mapping[CorpusKind, Callable[[str, Settings], tuple[str, str]]] = {
    "demo": _demo,
    "hub": _hub,
    "folder": _folder,
    "upload": _upload,
}


def _annotator(name: str) -> str | None:
    """Installed pipelines go by their names; a folder could hold anything."""
    from exbert_hub.corpus.annotation.pipelines import installed_pipelines

    if name in ("", "gold") or _BLANK.fullmatch(name) or name in installed_pipelines():
        return name or None
    raise SelectionError(f"There is no annotator {quoted(name)} here.")


def _plain(value: str, name: str) -> str | None:
    value = value.strip()
    if not _PLAIN.fullmatch(value):
        raise SelectionError(f"{quoted(value)} is not the name of a {name}.")
    return value or None
