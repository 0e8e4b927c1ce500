"""The corpus of an index without its vectors: what another model needs to build an index of the same text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exbert_hub import hub
from exbert_hub.corpus.sources.find import is_index
from exbert_hub.corpus.storage.arrow import sentences_of
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.index.store.store import Store

from .remote import locate

_BATCH = 1000  # sentences


@dataclass(frozen=True)
class IndexAnnotation:
    """The annotated sentences of an index, for `annotate`; long ones as that index cut them for its own model."""

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


def annotation_of(name: str | os.PathLike[str]) -> IndexAnnotation:
    """The annotated corpus of an index: what `annotate` takes to make a corpus of it.

    `CorpusIndex.build` takes an index as its corpus without this.

    :param name: folder of the index, or its repository on the Hub, of which only the manifest and the sentences are
        downloaded.
    :raises IndexFormatError: if it is no index, or an incomplete one.
    :raises HubError: if the repository cannot be opened.
    """
    folder, snapshot = locate(name if hub.is_repo_id(str(name)) else Path(name).expanduser())
    store = Store(folder, snapshot)
    manifest = store.manifest
    left_out = {
        "sentences cut for the model of the index": manifest.coverage.sentences_cut,
        "labels added to the index": len(manifest.added_labels),
    }
    skipped = {**manifest.corpus.skipped, **{note: times for note, times in left_out.items() if times}}
    origin = f"{name}@{snapshot.commit}" if snapshot else str(name)
    return IndexAnnotation(store, replace(manifest.corpus, source=origin, skipped=skipped))


def find_annotation(source: Any) -> IndexAnnotation | None:
    """The annotation of an index, if the source of a corpus is one.

    :raises IndexFormatError: if it is an incomplete index.
    """
    return annotation_of(source) if is_index(source) else None
