"""Annotated sentences on disk: a folder of Parquet files and a `corpus.json`, read and written in batches.

`corpus.json` is written last and at once: where it is, the corpus is complete. The embedded demo is such a folder too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CorpusError
from ..files import write_atomic
from .arrow import batch_of, schema_of, sentences_of, struct_type
from .types import CorpusInfo, Sentence, Word

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1  # to be raised also when sources are read in another way, for cached corpora carry it
INFO_FILE = "corpus.json"
_BATCH = 1000  # sentences: a row group
_MAX_EXTRA = 200  # columns; a corpus with more has free text in its keys
_RESERVED = {*Word._fields, "piece", "piece_id", "sentence", "position", "word"}  # columns that the index needs itself
_MEND = ". Delete the folder and annotate again."
_FILE_NAME = re.compile(r"sentences-\d{5}\.parquet")


class ParquetCorpus:
    """An annotated corpus in a folder; each iteration reads the files anew, a batch at a time."""

    def __init__(self, folder: Path, info: CorpusInfo, files: tuple[Path, ...], sentences: int, words: int) -> None:
        self.folder = folder
        self.info = info
        self.words = words
        self._files = files
        self._sentences = sentences

    def described(self, **info: Any) -> ParquetCorpus:
        """The same corpus with other fields of `CorpusInfo`, such as `name` or `license`."""
        return ParquetCorpus(self.folder, replace(self.info, **info), self._files, self._sentences, self.words)

    def __len__(self) -> int:
        return self._sentences

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.info.name!r}: {len(self)} sentences, {self.words} words>"

    def __iter__(self) -> Iterator[Sentence]:
        import pyarrow.parquet as pq

        for path in self._files:
            try:
                file = pq.ParquetFile(path)
            except FileNotFoundError as error:
                raise CorpusError(f"{path} was deleted while the corpus was read: annotate the text again") from error
            with file:
                for batch in file.iter_batches(batch_size=_BATCH):
                    yield from sentences_of(batch)


def open_corpus(folder: str | Path) -> ParquetCorpus:
    """Open a folder that `write_corpus` wrote.

    :raises CorpusError: if the folder is not an annotated corpus, not a whole one, or of another format version.
    """
    folder = Path(folder).expanduser()
    try:
        record = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} is not an annotated corpus: it has no {INFO_FILE}. A folder of text must be annotated first."
        ) from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{folder / INFO_FILE} cannot be read: {error}{_MEND}") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if version != FORMAT_VERSION:
        raise CorpusError(
            f"{folder} has corpus format {version}, this exbert_hub reads {FORMAT_VERSION}: annotate the text again"
        )
    try:
        stored = CorpusInfo(**{**record["info"], "extra_labels": tuple(record["info"]["extra_labels"])})
        files = tuple(_checked_file(folder, str(name)) for name in record["files"])
        corpus = ParquetCorpus(folder, stored, files, int(record["sentences"]), int(record["words"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{folder / INFO_FILE} is damaged ({error!r}){_MEND}") from error
    _check_rows(corpus, files)
    return corpus


def _checked_file(folder: Path, name: str) -> Path:
    path = folder / name
    if not _FILE_NAME.fullmatch(name) or not path.is_file():
        raise CorpusError(f"{folder} is damaged: {name!r} is missing{_MEND}")
    return path


def _check_rows(corpus: ParquetCorpus, files: tuple[Path, ...]) -> None:
    """Only the files' footers are read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    for path in files:
        try:
            schema, metadata = pq.read_schema(path), pq.read_metadata(path)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{path} is damaged: {error}{_MEND}") from error
        labels = [field.name for field in struct_type() if field.name not in _field_names(schema)]
        if labels:
            raise CorpusError(f"{path} has no words with {', '.join(labels)}{_MEND}")
        rows += metadata.num_rows
    if rows != len(corpus):
        raise CorpusError(f"{corpus.folder} is damaged: {rows} sentences instead of {len(corpus)}{_MEND}")


def _field_names(schema: pa.Schema) -> set[str]:
    import pyarrow as pa

    if not {"text", "words"} <= set(schema.names) or not pa.types.is_list(schema.field("words").type):
        return set()
    words = schema.field("words").type.value_type
    return {field.name for field in words} if pa.types.is_struct(words) else set()


def write_corpus(
    info: CorpusInfo, sentences: Iterable[Sentence], folder: str | Path, skipped: Mapping[str, int] | None = None
) -> ParquetCorpus:
    """Write annotated sentences, as they come, into a folder and open it.

    `info.sha256` and `info.extra_labels` are found on the way. White space at the ends of a sentence is cut off, and a
    sentence of nothing else is skipped and counted in `info.skipped`.

    :param skipped: what the annotator skipped; read after the last sentence, so it may fill while they come.
    :raises CorpusError: if there is no sentence at all.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INFO_FILE).unlink(missing_ok=True)  # first of all: from here on the folder is not a whole corpus
    for leftover in folder.glob("sentences-*.parquet"):
        leftover.unlink()
    with _Writer(folder) as writer:
        remaining = iter(sentences)
        while batch := list(islice(remaining, _BATCH)):
            writer.write(batch)
    if not writer.sentences:
        raise CorpusError(f"{info.source} has no sentence to annotate: is it empty, or only white space?")
    counts = {**(skipped or {}), **writer.skipped}
    info = replace(
        info,
        extra_labels=tuple(sorted(writer.extra)),
        sha256=writer.digest.hexdigest(),
        skipped={note: times for note, times in counts.items() if times},
    )
    record = {
        "format_version": FORMAT_VERSION,
        "info": asdict(info),
        "sentences": writer.sentences,
        "words": writer.words,
        "files": writer.files,
    }
    write_atomic(folder / INFO_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return open_corpus(folder)


class _Writer:
    """Appends batches; begins another file when a batch brings a column that the one before did not have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[str] = []
        self.sentences = self.words = 0
        self.skipped: dict[str, int] = {}
        self.extra: set[str] = set()
        self.digest = hashlib.sha256()
        self._file: Any = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, batch: list[Sentence]) -> None:
        before = len(self.extra)
        kept = [self._tidy(sentence) for sentence in batch if sentence.text.strip()]
        if len(kept) < len(batch):
            self._skip("sentences of white space only", len(batch) - len(kept))
        if not kept:
            return
        if self._file is None or len(self.extra) > before:
            self._open_next()
        for sentence in kept:
            self.digest.update(_canonical(sentence))
        self._file.write_batch(batch_of(kept, sorted(self.extra)))
        self.sentences += len(kept)
        self.words += sum(len(sentence.words) for sentence in kept)

    def _open_next(self) -> None:
        import pyarrow.parquet as pq

        self._close()
        self.files.append(f"sentences-{len(self.files):05d}.parquet")
        path = self.folder / self.files[-1]
        self._file = pq.ParquetWriter(path, schema_of(sorted(self.extra)), compression="zstd")

    def _tidy(self, sentence: Sentence) -> Sentence:
        text = sentence.text.strip()
        shift = len(sentence.text) - len(sentence.text.lstrip())
        words = []
        for word in sentence.words:
            extra = self._tidy_extra(word.extra) if word.extra else word.extra
            words.append(word._replace(start=word.start - shift, end=word.end - shift, extra=extra))
        return Sentence(text, tuple(words))

    def _tidy_extra(self, extra: Mapping[str, str]) -> dict[str, str]:
        tidy = {}
        for name, value in extra.items():
            name = f"gold_{name}" if name in _RESERVED else name
            if not value:
                continue
            if name in self.extra or len(self.extra) < _MAX_EXTRA:
                self.extra.add(name)
                tidy[name] = value
            else:
                self._skip(f"values of columns beyond the first {_MAX_EXTRA}", 1)
        return tidy

    def _skip(self, note: str, times: int) -> None:
        self.skipped[note] = self.skipped.get(note, 0) + times


def _canonical(sentence: Sentence) -> bytes:
    words = [[*word[:-1], sorted(word.extra.items())] for word in sentence.words]
    return json.dumps([sentence.text, words], separators=(",", ":")).encode()
