"""The types that other rooms use: words, sentences, annotated corpora and what describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

WORD_LABELS = ("text", "lemma", "pos", "tag", "dep", "head_text", "ent_type", "is_entity")
"""The labels that every annotated word carries, in the order in which they are shown."""


class Word(NamedTuple):
    """One annotated word of a sentence; `start` and `end` are character offsets into `Sentence.text`."""

    text: str
    start: int
    end: int
    lemma: str = ""
    pos: str = ""  # universal part of speech, e.g. "VERB"
    tag: str = ""  # fine-grained tag, e.g. "VBD"
    dep: str = ""  # dependency label as the annotator writes it, e.g. "dobj" or "obj"
    head: int = -1  # index of the head word in this sentence, its own index for the root, -1 if outside the window
    head_text: str = ""
    ent_type: str = ""  # "" outside entities
    is_entity: bool = False
    extra: Mapping[str, str] = {}  # further columns of a gold corpus, such as "Number"; only those with a value


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a window of a sentence that was longer than the model's window."""

    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True)
class CorpusInfo:
    """Where a corpus comes from and who annotated it; goes into the manifest as it is."""

    name: str
    source: str  # path, Hub id or "list of strings"
    annotator: str  # "spacy:en_core_web_sm", "spacy:blank:de" or "gold"
    annotator_version: str = ""
    language: str = ""
    license: str = ""
    extra_labels: tuple[str, ...] = ()  # names of the columns in `Word.extra`
    sha256: str = ""  # over the annotated sentences; "" while they are being annotated
    key: str = ""  # of the text and of how it is annotated, known before; with `sha256` it identifies a corpus
    skipped: Mapping[str, int] = field(default_factory=dict)  # kinds of things left out of the source, and how many


class AnnotatedCorpus(Protocol):
    """Annotated sentences that can be read as often as needed, without holding them all in memory."""

    @property
    def info(self) -> CorpusInfo: ...

    def __iter__(self) -> Iterator[Sentence]: ...

    def __len__(self) -> int: ...


class AnnotatedSource(AnnotatedCorpus, Protocol):
    """Annotated sentences that `annotate` takes over as they are."""

    @property
    def key(self) -> str:
        """The same for the same sentences with the same annotation."""


def is_annotated(corpus: Any) -> bool:
    """Whether this is an `AnnotatedCorpus`; a `datasets.Dataset` has an `info` too, of another kind."""
    return isinstance(getattr(corpus, "info", None), CorpusInfo)


def is_annotated_source(source: Any) -> bool:
    """Whether this is an `AnnotatedSource`."""
    return is_annotated(source) and isinstance(getattr(source, "key", None), str)


def expected_sentences(corpus: AnnotatedCorpus) -> int:
    """Sentences of a corpus; an estimate if they are still being annotated."""
    return getattr(corpus, "expected", None) or len(corpus)


@dataclass
class Coverage:
    """How much of a corpus a build took, cut or left out. Nothing is dropped without being counted here."""

    sentences: int = 0
    windows: int = 0  # rows of the sentences table; more than `sentences` when long ones were cut
    sentences_cut: int = 0
    words: int = 0
    pieces: int = 0  # without special tokens
    pieces_indexed: int = 0
    pieces_spanning: int = 0  # pieces that overlap more than one word
    pieces_without_word: int = 0
    words_uncovered: int = 0  # words that no piece belongs to
    notes: dict[str, int] = field(default_factory=dict)  # anything else that was cut or skipped, and how often

    def __iadd__(self, part: Coverage) -> Coverage:
        """Add the coverage of another part of the corpus."""
        for name, value in vars(part).items():
            if name == "notes":
                for note, times in value.items():
                    self.notes[note] = self.notes.get(note, 0) + times
            else:
                setattr(self, name, getattr(self, name) + value)
        return self
