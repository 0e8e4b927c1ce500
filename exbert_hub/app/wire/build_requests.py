"""What a visitor wants an index of, checked: everything in it comes from a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from exbert_hub import demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.errors import CorpusError, SelectionError
from exbert_hub.units import format_bytes

from .payload import name_in

if TYPE_CHECKING:
    from exbert_hub.corpus import ParquetCorpus

Kind = Literal["demo", "hub", "folder", "upload"]
UPLOADS = (".txt", ".conllu", ".conllup")

_HUB_ID = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}(:[\w.-]{1,96})?", re.ASCII)
_BLANK = re.compile(r"blank:[a-z]{2,3}")
_PLAIN = re.compile(r"[\w.-]{0,96}")


@dataclass(frozen=True)
class Order:
    """One index to build."""

    model: str  # as the page names it, "" for its own
    kind: Kind
    corpus: str  # id of a dataset, or a path; "" for the demo's corpus
    name: str  # of the corpus, for people
    annotator: str | None
    limit: int  # sentences
    split: str | None = None
    text_column: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any], settings: Settings) -> Order:
        """
        :raises SelectionError: if the owner of the page does not allow it.
        :raises CorpusError: if it cannot be a corpus.
        """
        if not settings.allow_build:
            raise SelectionError("The owner of this page does not let visitors build indexes.")
        kind = data.get("kind")
        if kind not in _CHECKS:
            raise SelectionError(f"the page sent kind={kind!r}, which is no kind of corpus")
        corpus, name = _CHECKS[kind](_string(data, "corpus"), settings)
        return cls(
            name_in(data, "model"),
            kind,
            corpus,
            name,
            _annotator(_string(data, "annotator")),
            _limit(data.get("limit"), settings),
            _plain(data, "split"),
            _plain(data, "column"),
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
        source = demo.CORPUS if self.kind == "demo" else source_of(self.corpus, read)
        options = CorpusOptions(self.annotator, read, limit=self.limit)
        corpus = annotate_corpus(source, options, progress=progress)
        if self.kind == "upload":  # where it lay on the server says nothing
            return corpus.described(name=self.name, source=f"{Path(self.corpus).name}, sent to the page")
        return corpus

    def clean(self) -> None:
        """Delete what was sent, once it has been read."""
        if self.kind == "upload":
            Path(self.corpus).unlink(missing_ok=True)


def _demo(corpus: str, settings: Settings) -> tuple[str, str]:
    return "", "exbert-demo"


def _hub(corpus: str, settings: Settings) -> tuple[str, str]:
    from exbert_hub.hub import is_open_dataset

    repo = corpus.partition(":")[0]
    if not _HUB_ID.fullmatch(corpus) or os.path.exists(corpus):
        raise CorpusError(f"{corpus!r} is not the id of a dataset on the Hub; write it as owner/name.")
    if settings.is_public and not is_open_dataset(repo):  # what only the owner may read stays with the owner
        raise CorpusError(f"There is no dataset {repo} that everybody may read, or the Hub cannot be reached.")
    return corpus, repo.split("/")[1]


def _folder(corpus: str, settings: Settings) -> tuple[str, str]:
    if not settings.allow_folders or settings.is_public:
        raise SelectionError("The owner of this page does not let visitors name folders.")
    path = Path(corpus).expanduser()
    if not corpus or not path.exists():
        raise CorpusError(f"There is no file or folder {corpus} on the machine that this page runs on.")
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


_CHECKS: dict[Kind, Callable[[str, Settings], tuple[str, str]]] = {
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
    raise SelectionError(f"There is no annotator {name!r} here.")


def _limit(value: Any, settings: Settings) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SelectionError("The number of sentences is a whole number from 1 on.")
    if value > settings.max_sentences:
        raise SelectionError(f"{value:,} sentences are too many: up to {settings.max_sentences:,} are taken here.")
    return value


def _string(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str) or len(value) > 4096:
        raise SelectionError(f"the page sent a {name} that makes no sense")
    return value.strip()


def _plain(data: Mapping[str, Any], name: str) -> str | None:
    value = _string(data, name)
    if not _PLAIN.fullmatch(value):
        raise SelectionError(f"{value!r} is not the name of a {name}.")
    return value or None
