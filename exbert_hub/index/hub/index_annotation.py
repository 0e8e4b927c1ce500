"""The corpus of an index without its vectors: what another model needs to build an index of the same text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exbert_hub import hub
from exbert_hub.corpus.storage.arrow import sentences_of
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.errors import ExbertError
from exbert_hub.index.format import layout
from exbert_hub.index.store.store import Store

from .remote import open_remote

_BATCH = 1000  # sentences


@dataclass(frozen=True)
class IndexAnnotation:
    """The annotated sentences of an index; long ones as that index cut them for its own model."""

    store: Store
    info: CorpusInfo

    @property
    def key(self) -> str:
        """The same for the same sentences with the same annotation."""
        files = sorted((name, entry.sha256) for name, entry in self.store.manifest.files.items())
        content = [entry for entry in files if entry[0].startswith("sentences/")]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def __len__(self) -> int:
        return self.store.manifest.sentences

    def __iter__(self) -> Iterator[Sentence]:
        for batch in self.store.sentences().select_columns(["text", "words"]).data.table.to_batches(_BATCH):
            for sentence in sentences_of(batch):
                # a column that a word has no value for is an empty text here, and left out in a corpus
                words = (
                    word._replace(extra={name: value for name, value in word.extra.items() if value})
                    for word in sentence.words
                )
                yield Sentence(sentence.text, tuple(words))


def find_annotation(source: str | os.PathLike[str]) -> IndexAnnotation | None:
    """The annotation of an index, given its folder or its repository; None if the source is something else.

    Of a repository only the manifest and the sentences are downloaded.

    :raises IndexFormatError: if it is an index, but not a whole one.
    """
    folder = Path(source).expanduser()
    if (folder / layout.MANIFEST).is_file():
        store, origin = Store(folder), str(source)
    elif isinstance(source, str) and hub.is_repo_id(source) and not folder.exists() and _has_manifest(source):
        snapshot = open_remote(source)
        store, origin = Store(snapshot.folder, snapshot), f"{source}@{snapshot.commit}"
    else:
        return None
    manifest = store.manifest
    cut = manifest.coverage.sentences_cut
    left = {"sentences cut for the model of the index": cut, "labels added to the index": len(manifest.added_labels)}
    skipped = {**manifest.corpus.skipped, **{what: count for what, count in left.items() if count}}
    return IndexAnnotation(store, replace(manifest.corpus, source=origin, skipped=skipped))


def _has_manifest(repo_id: str) -> bool:
    try:
        return hub.open_snapshot(repo_id, layout.MANIFEST) is not None
    except ExbertError:
        return False  # whoever loads it as a dataset says what is wrong with it
