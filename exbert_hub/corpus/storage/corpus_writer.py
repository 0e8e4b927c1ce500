"""Writing annotated sentences into a folder of Parquet files, in batches; `corpus.json` comes last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from exbert_hub.corpus.types import CorpusInfo, Sentence, Word
from exbert_hub.errors import CorpusError
from exbert_hub.files import sync

from .arrow import batch_of, schema_of
from .corpus_record import FORMAT_VERSION, HOW_TO_FIX, INFO_FILE, CorpusRecord
from .parquet_corpus import BATCH, ParquetCorpus, open_corpus, read_files

_MAX_EXTRA = 200  # columns; a corpus with more has free text in its keys
_RESERVED = {*Word._fields, "piece", "piece_id", "sentence", "position", "word"}  # columns that the index needs itself


def write_corpus(
    info: CorpusInfo, sentences: Iterable[Sentence], folder: str | Path, skipped: Mapping[str, int] | None = None
) -> ParquetCorpus:
    """Write annotated sentences, as they come, into a folder and open it.

    `info.sha256` and `info.extra_labels` are computed on the way. White space at the ends of a sentence is cut off; a
    sentence of nothing else is skipped and counted in `info.skipped`.

    :param skipped: what the annotator skipped; read after the last sentence, so it may fill while they come.
    :raises CorpusError: if there is no sentence at all.
    """
    with CorpusWriter(Path(folder)) as writer:
        remaining = iter(sentences)
        while batch := list(islice(remaining, BATCH)):
            writer.write(batch)
    return writer.complete(info, skipped or {})


class CorpusWriter:
    """Appends batches; begins another file when a batch brings a column that the one before did not have.

    :param files: names of files to continue after; other files of sentences in the folder are deleted.
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
        (folder / INFO_FILE).unlink(missing_ok=True)  # first, for from here on the corpus is incomplete
        for leftover in folder.glob("sentences-*.parquet"):
            if leftover.name not in self.files:
                leftover.unlink()
        self._read()

    def _read(self) -> None:
        """Count the sentences that are there already."""
        import pyarrow as pa

        try:
            for sentence in read_files(self.folder / name for name in self.files):
                self.extra.update(*(word.extra for word in sentence.words))
                self._count(sentence)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{self.folder} is damaged: {error}{HOW_TO_FIX}") from error

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
        CorpusRecord(FORMAT_VERSION, info, self.sentences, self.words, tuple(self.files)).save(self.folder)
        return open_corpus(self.folder)

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close_file()

    def close_file(self) -> None:
        """Begin another file with the next batch; this one survives a power cut."""
        if self._file is not None:
            self._file.close()
            self._file = None
            sync(self.folder / self.files[-1])

    def write(self, batch: list[Sentence]) -> list[Sentence]:
        """Append sentences.

        :return: those that were written, as they will be read.
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
