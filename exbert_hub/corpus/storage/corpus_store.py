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

from exbert_hub.corpus.types import CorpusInfo, Sentence, Word
from exbert_hub.errors import CorpusError
from exbert_hub.files import sync, write_atomic

from .arrow import batch_of, schema_of, sentences_of, struct_type

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
        return read_files(self._files)


def read_files(files: Iterable[Path]) -> Iterator[Sentence]:
    """The sentences of some files of a corpus, a batch in memory at a time."""
    import pyarrow.parquet as pq

    for path in files:
        try:
            file = pq.ParquetFile(path, pre_buffer=False)  # ahead, it would hold the whole file
        except FileNotFoundError as error:
            raise CorpusError(f"{path} was deleted while the corpus was read: annotate the text again") from error
        with file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from sentences_of(batch)


def is_corpus(folder: Path) -> bool:
    """Whether a folder holds a complete annotated corpus."""
    return (folder.expanduser() / INFO_FILE).is_file()


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
    with CorpusWriter(Path(folder)) as writer:
        remaining = iter(sentences)
        while batch := list(islice(remaining, _BATCH)):
            writer.write(batch)
    return writer.complete(info, skipped or {})


class CorpusWriter:
    """Appends batches; begins another file when a batch brings a column that the one before did not have.

    :param files: names of files to go on after; whatever else lies in the folder goes.
    :raises CorpusError: if one of them cannot be read.
    """

    def __init__(self, folder: Path, files: Iterable[str] = ()) -> None:
        self.folder = folder
        self.files = list(files)
        self.sentences = self.words = 0
        self.skipped: dict[str, int] = {}
        self.extra: set[str] = set()
        self.digest = hashlib.sha256()
        self._file: Any = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INFO_FILE).unlink(missing_ok=True)  # first of all: from here on the folder is not a whole corpus
        for leftover in folder.glob("sentences-*.parquet"):
            if leftover.name not in self.files:
                leftover.unlink()
        self._read()

    def _read(self) -> None:
        """Count what is there already."""
        import pyarrow as pa

        try:
            for sentence in read_files(self.folder / name for name in self.files):
                self.extra.update(*(word.extra for word in sentence.words))
                self._count(sentence)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{self.folder} is damaged: {error}{_MEND}") from error

    def complete(self, info: CorpusInfo, skipped: Mapping[str, int]) -> ParquetCorpus:
        """Close the corpus and open it; see `write_corpus`."""
        self.close_file()
        if not self.sentences:
            raise CorpusError(f"{info.source} has no sentence to annotate: is it empty, or only white space?")
        counts = {**skipped, **self.skipped}
        info = replace(
            info,
            extra_labels=tuple(sorted(self.extra)),
            sha256=self.digest.hexdigest(),
            skipped={note: times for note, times in counts.items() if times},
        )
        record = {
            "format_version": FORMAT_VERSION,
            "info": asdict(info),
            "sentences": self.sentences,
            "words": self.words,
            "files": self.files,
        }
        write_atomic(self.folder / INFO_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        return open_corpus(self.folder)

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close_file()

    def close_file(self) -> None:
        """Let what comes next begin another file; this one is safe from a power cut."""
        if self._file is not None:
            self._file.close()
            self._file = None
            sync(self.folder / self.files[-1])

    def write(self, batch: list[Sentence]) -> list[Sentence]:
        """Append sentences.

        :return: what was written of them, as it will be read.
        """
        before = len(self.extra)
        kept = [self._tidy(sentence) for sentence in batch if sentence.text.strip()]
        if len(kept) < len(batch):
            self._skip("sentences of white space only", len(batch) - len(kept))
        if not kept:
            return kept
        if self._file is None or len(self.extra) > before:
            self._open_next()
        for sentence in kept:
            self._count(sentence)
        self._file.write_batch(batch_of(kept, sorted(self.extra)))
        return kept

    def _count(self, sentence: Sentence) -> None:
        self.digest.update(_canonical(sentence))
        self.sentences += 1
        self.words += len(sentence.words)

    def _open_next(self) -> None:
        import pyarrow.parquet as pq

        self.close_file()
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
