"""Annotated sentences that lie in memory, as a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exbert_hub.corpus.types import CorpusInfo, Sentence


@dataclass(frozen=True)
class Sentences:
    """Sentences of a corpus: some of them, or all of them several times."""

    info: CorpusInfo
    sentences: tuple[Sentence, ...]

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)
