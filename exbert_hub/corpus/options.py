"""How to make a corpus of a source: one value, packed at the edge and passed whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from exbert_hub.errors import CorpusError


@dataclass(frozen=True)
class ReadOptions:
    """How a dataset is read; sources of other kinds have none of this.

    :param split: "train" by default.
    :param text_column: by default "text", or the only column of strings. Naming it asks for the text even where the
        dataset has gold columns.
    :param streaming: read a dataset from the Hub without downloading it first.
    """

    split: str | None = None
    text_column: str | None = None
    streaming: bool = False


@dataclass(frozen=True)
class Description:
    """The user's description of a corpus; anything else is taken from the source and the annotator.

    :param name: its name.
    :param language: a language code, such as "de".
    :param license: licence of the text, for the card of an index.
    """

    name: str | None = None
    language: str | None = None
    license: str | None = None

    def fields(self) -> dict[str, str]:
        """The fields of `CorpusInfo` that were given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class CorpusOptions:
    """Everything about a corpus that is not its source.

    :param annotator: spaCy pipeline, "blank:xx" or "gold"; see `annotate`.
    :param limit: stop after this many sentences.
    :param cache_dir: folder of annotated corpora, instead of the one in the assets cache of huggingface_hub.
    :raises CorpusError: if the limit is less than one sentence.
    """

    annotator: str | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    description: Description = field(default_factory=Description)
    limit: int | None = None
    cache_dir: str | Path | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise CorpusError(f"limit is the number of sentences to keep, at least 1, not {self.limit}")
