"""Where a corpus comes from: whatever the user points at becomes a `Source`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from exbert_hub.corpus.options import ReadOptions
from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import CorpusError, ExbertError
from exbert_hub.files import sha256_of

from .conllu_file import read_conllu
from .gold_columns import read_columns, token_column
from .paragraphs import book_lines, join_lines, paragraphs_of, wrap_width

if TYPE_CHECKING:
    from datasets import Dataset, Features, IterableDataset

    CorpusSource: TypeAlias = str | Path | Sequence[str] | Dataset

INDEX_MANIFEST = "exbert.json"  # only indexes have this file; `exbert_hub.index` has the same constant
_TREEBANKS = (".conllu", ".conllup")
_DATA_FILES = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """Texts to annotate, or sentences that are annotated; both can be read as often as needed.

    `texts` and `gold` take a counter in which they count what they skip.
    """

    name: str
    origin: str  # goes into `CorpusInfo.source`
    key: str  # the same for the same content
    texts: Callable[[Counter[str]], Iterator[str]]
    gold: Callable[[Counter[str]], Iterator[Sentence]] | None = None
    size: int | None = None  # about the bytes of its texts in UTF-8, where that is known without reading them


def read_texts(
    source: CorpusSource, *, split: str | None = None, text_column: str | None = None, streaming: bool = False
) -> Iterator[str]:
    """The paragraphs of a source, as `annotate` gives them to the annotator; hard-wrapped lines are joined.

    :raises CorpusError: if the source cannot be found, read or understood.
    """
    return find_source(source, ReadOptions(split, text_column, streaming)).texts(Counter())


def find_source(source: CorpusSource, options: ReadOptions) -> Source:
    """Find a source and identify its kind; no more of it is read than its key needs.

    :raises CorpusError: if it cannot be found, read or understood.
    """
    if isinstance(source, str | os.PathLike):
        if os.path.isdir(path := Path(source).expanduser()):
            return _from_files(_files_in(path), path, source)
        if os.path.isfile(path):
            return _from_files([path], path, source)
        return _from_hub(source, options)
    datasets = sys.modules.get("datasets")  # whoever passes a dataset has imported it
    if datasets and isinstance(source, datasets.DatasetDict):
        if options.split not in source:
            raise CorpusError(f"a DatasetDict has several splits: pass split= one of {', '.join(source)}")
        source = source[options.split]
    if datasets and isinstance(source, datasets.Dataset):
        return _from_dataset(source, "dataset", "datasets.Dataset", source._fingerprint, options.text_column)
    if datasets and isinstance(source, datasets.IterableDataset):
        raise CorpusError(
            "an IterableDataset has no content that could be recognised in the cache: pass the id of the dataset on "
            "the Hub with streaming=True, or a datasets.Dataset"
        )
    if isinstance(source, Sequence) and all(isinstance(text, str) for text in source):
        return _from_strings(source)
    raise CorpusError(
        "a corpus is a text file, a folder of text files, a list of strings, a datasets.Dataset, the id of a dataset "
        f"on the Hub, or a CoNLL-U file, not {type(source).__name__}"
    )


def is_index(source: Any) -> bool:
    """Whether this is the folder of an index, or its repository on the Hub; False where the Hub does not answer."""
    from exbert_hub.hub import open_snapshot, split_dataset_id

    if not isinstance(source, str | os.PathLike):
        return False
    path = os.path.expanduser(source)
    named = split_dataset_id(source) if isinstance(source, str) else None
    if os.path.exists(path) or named is None or named[1]:  # no index is a configuration of a dataset
        return os.path.isfile(os.path.join(path, INDEX_MANIFEST))
    try:
        return open_snapshot(named[0], INDEX_MANIFEST) is not None
    except ExbertError:
        return False


def _from_strings(texts: Sequence[str]) -> Source:
    digest = hashlib.sha256()
    for number, text in enumerate(texts):
        try:
            digest.update(hashlib.sha256(text.encode()).digest())
        except UnicodeEncodeError as error:
            raise CorpusError(f"text {number} of the list is not valid Unicode: {error}") from error
    return Source(
        name="texts",
        origin="list of strings",
        key=_key("strings", digest.hexdigest()),
        texts=lambda skipped: chain.from_iterable(map(paragraphs_of, texts)),
        size=sum(map(len, texts)),
    )


def _files_in(folder: Path) -> list[Path]:
    hidden = re.compile(r"(^|/)\.")
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not hidden.search(path.relative_to(folder).as_posix())
    )
    for suffixes in ((".txt",), _TREEBANKS):
        if chosen := [path for path in files if path.suffix.lower() in suffixes]:
            return chosen
    raise CorpusError(f"the folder {folder} has no .txt and no .conllu file")


def _from_files(files: list[Path], path: Path, given: str | os.PathLike[str]) -> Source:
    suffix = files[0].suffix.lower()
    if loader := _DATA_FILES.get(suffix):
        raise CorpusError(
            f"{path} is a table, not a text: pass datasets.load_dataset({loader!r}, data_files={str(path)!r}, "
            "split='train') and text_column="
        )
    annotated = suffix in _TREEBANKS
    try:
        key = _key("conllu" if annotated else "text", *(sha256_of(file) for file in files))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    name = path.stem if path.is_file() else path.resolve().name

    def gold(skipped: Counter[str]) -> Iterator[Sentence]:
        return chain.from_iterable(read_conllu(file, skipped) for file in files)

    def texts(skipped: Counter[str]) -> Iterator[str]:
        return chain.from_iterable(_read_text_file(file, skipped) for file in files)

    if annotated:
        return Source(name, str(given), key, partial(_texts_of, gold), gold)
    return Source(name, str(given), key, texts, size=sum(file.stat().st_size for file in files))


def _read_text_file(path: Path, skipped: Counter[str]) -> Iterator[str]:
    width = wrap_width(book_lines(_lines(path), Counter()))
    yield from join_lines(book_lines(_lines(path), skipped), width)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from file
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path} is not a UTF-8 text ({error}). Save it as UTF-8, for example with: "
            f"iconv -f latin1 -t utf-8 {path.name} > {path.stem}.utf8.txt"
        ) from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error


def _from_hub(given: str | os.PathLike[str], options: ReadOptions) -> Source:
    from exbert_hub.hub import dataset_revision, load_hub_dataset, split_dataset_id

    named = split_dataset_id(given) if isinstance(given, str) else None
    if named is None or named[0].lower().endswith((".txt", *_TREEBANKS, *_DATA_FILES)):
        shown = str(given) if len(str(given)) < 200 else f"{str(given)[:200]}…"
        raise CorpusError(
            f"{shown!r} is not a file or folder, nor the id of a dataset on the Hub ('owner/name'). A text itself is "
            "passed in a list: [text]"
        )
    repo_id, config = named
    split = options.split or "train"
    revision = dataset_revision(repo_id)
    dataset = load_hub_dataset(repo_id, split, config=config, streaming=options.streaming, revision=revision)
    fingerprint = revision or getattr(dataset, "_fingerprint", None)
    if options.streaming and revision is None:
        raise CorpusError(
            f"the Hub does not give the commit of {repo_id!r}, so it cannot be streamed: read it without streaming"
        )
    origin = f"{given}@{revision}" if revision else str(given)
    key = _key(given, split, fingerprint)
    return _from_dataset(dataset, repo_id.split("/")[1], origin, key, options.text_column)


def _from_dataset(
    dataset: Dataset | IterableDataset, name: str, origin: str, key: str, text_column: str | None
) -> Source:
    features = _features_of(dataset)
    if text_column is None and token_column(features):

        def gold(skipped: Counter[str]) -> Iterator[Sentence]:
            return read_columns(dataset, features, skipped)

        return Source(name, origin, _key("columns", key), partial(_texts_of, gold), gold)
    column = _text_column(features, text_column)

    def texts(skipped: Counter[str]) -> Iterator[str]:
        for row in dataset.select_columns([column]):
            if row[column] is None:
                skipped["rows without text"] += 1
            else:
                yield from paragraphs_of(row[column])

    return Source(name, origin, _key("rows", key, column), texts, size=_bytes_of(dataset, column))


def _bytes_of(dataset: Dataset | IterableDataset, column: str) -> int | None:
    if not hasattr(dataset, "data") or not len(dataset.data):
        return None
    return round(dataset.data.column(column).nbytes * len(dataset) / len(dataset.data))  # it may be a selection


def _features_of(dataset: Dataset | IterableDataset) -> Features:
    """The types of the columns; those of a streamed dataset without metadata are inferred from its first row."""
    if dataset.features is not None:
        return dataset.features
    import pyarrow as pa
    from datasets import Features

    return Features.from_arrow_schema(pa.Table.from_pylist(list(dataset.take(1))).schema)


def _text_column(features: Features, wanted: str | None) -> str:
    strings = [
        name for name, feature in features.items() if getattr(feature, "dtype", "") in ("string", "large_string")
    ]
    if wanted is None:
        wanted = "text" if "text" in strings else strings[0] if len(strings) == 1 else None
    if wanted is None or wanted not in strings:
        problem = "which column is the text?" if wanted is None else f"there is no column of strings {wanted!r}:"
        raise CorpusError(
            f"{problem} pass text_column= one of {', '.join(strings)} (all columns: {', '.join(features)})"
        )
    return wanted


def _texts_of(gold: Callable[[Counter[str]], Iterator[Sentence]], skipped: Counter[str]) -> Iterator[str]:
    return (sentence.text for sentence in gold(skipped))


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
