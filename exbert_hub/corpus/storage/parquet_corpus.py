"""Annotated sentences on disk: a folder of Parquet files and a `corpus.json`, read in batches.

`corpus.json` is written last and atomically: where it is, the corpus is complete. The embedded demo is such a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.errors import CorpusError

from .arrow import sentences_of, struct_type
from .corpus_record import HOW_TO_FIX, INFO_FILE, CorpusRecord

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1000  # sentences: a row group
_FILE_NAME = re.compile(r"sentences-\d{5}\.parquet")


class ParquetCorpus:
    """An annotated corpus in a folder; each iteration reads the files again, a batch at a time."""

    def __init__(self, folder: Path, info: CorpusInfo, files: tuple[Path, ...], sentences: int, words: int) -> None:
        self.folder = folder
        self.info = info
        self.words = words
        self._files = files
        self._sentences = sentences

    @property
    def key(self) -> str:
        """The same for the same sentences with the same annotation."""
        return self.info.sha256

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
            file = pq.ParquetFile(path, pre_buffer=False)  # buffered ahead, the whole file would be in memory
        except FileNotFoundError as error:
            raise CorpusError(f"{path} was deleted while the corpus was read: annotate the text again") from error
        with file:
            for batch in file.iter_batches(batch_size=BATCH):
                yield from sentences_of(batch)


def is_corpus(folder: Path) -> bool:
    """Whether a folder holds a complete annotated corpus."""
    return os.path.isfile(folder.expanduser() / INFO_FILE)  # false for names too long or malformed, without an error


def open_corpus(folder: str | Path) -> ParquetCorpus:
    """Open a folder that `write_corpus` wrote.

    :raises CorpusError: if the folder is not an annotated corpus, an incomplete one, or of another format version.
    """
    folder = Path(folder).expanduser()
    record = CorpusRecord.load(folder)
    files = tuple(_checked_file(folder, name) for name in record.files)
    corpus = ParquetCorpus(folder, record.info, files, record.sentences, record.words)
    _check_rows(corpus, files)
    return corpus


def _checked_file(folder: Path, name: str) -> Path:
    path = folder / name
    if not _FILE_NAME.fullmatch(name) or not path.is_file():
        raise CorpusError(f"{folder} is damaged: {name!r} is missing{HOW_TO_FIX}")
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
            raise CorpusError(f"{path} is damaged: {error}{HOW_TO_FIX}") from error
        labels = [field.name for field in struct_type() if field.name not in _field_names(schema)]
        if labels:
            raise CorpusError(f"{path} has no words with {', '.join(labels)}{HOW_TO_FIX}")
        rows += metadata.num_rows
    if rows != len(corpus):
        raise CorpusError(f"{corpus.folder} is damaged: {rows} sentences instead of {len(corpus)}{HOW_TO_FIX}")


def _field_names(schema: pa.Schema) -> set[str]:
    import pyarrow as pa

    if not {"text", "words"} <= set(schema.names) or not pa.types.is_list(schema.field("words").type):
        return set()
    words = schema.field("words").type.value_type
    return {field.name for field in words} if pa.types.is_struct(words) else set()
