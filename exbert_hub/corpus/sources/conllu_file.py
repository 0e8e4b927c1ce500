"""CoNLL-U: the gold annotation of Universal Dependencies treebanks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import CorpusError

from .gold import GoldWord, entity_type, gold_sentence, lay_out, locate

if TYPE_CHECKING:
    from conllu import Token, TokenList

_FIELDS = {"id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"}
_ENTITY_KEYS = ("NER", "NE", "Entity")  # of MISC, as treebanks with named entities write them
_PLAIN_TAG = re.compile(r"[A-Za-z][\w-]*")  # not the bracketed coreference that some treebanks keep under "Entity"


def read_conllu(path: Path, skipped: Counter[str]) -> Iterator[Sentence]:
    """The sentences of a CoNLL-U or CoNLL-U Plus file.

    Every feature, `deps`, every key of MISC but `SpaceAfter` and every further column of CoNLL-U Plus becomes a column
    of `Word.extra`. So do the relations of `deps` without the numbers of their heads, as `enhanced`: "obj" of "5:obj",
    "nsubj|nsubj:xsubj" of "4:nsubj|6:nsubj:xsubj". The words of a multi-word token get their parts of its span where
    their forms concatenate to it; where they do not ("du" = "de" + "le") they all share its span.

    :param skipped: counts empty nodes, sentences without words, `# text` lines that do not fit their words, and the
        features of multi-word tokens, which belong to none of their words.
    :raises CorpusError: if the file is not CoNLL-U or not UTF-8.
    """
    from conllu import parse_incr
    from conllu.exceptions import ParseException

    # conllu's own parser of these fields drops everything after a second "="
    raw = dict.fromkeys(("feats", "deps", "misc"), lambda line, column: line[column])
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for tokens in parse_incr(file, field_parsers=raw):
                sentence = _sentence(tokens, skipped)
                if sentence is None:
                    skipped["sentences without words"] += 1
                else:
                    yield sentence
                number += 1
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8, which CoNLL-U must be: {error}") from error
    except (ParseException, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path} is not CoNLL-U: sentence {number + 1} cannot be read: {error!r}") from error


class _Surface(NamedTuple):
    """A token of the text: a word, or a multi-word token with its words."""

    form: str
    space_after: bool
    words: list[Token]


def _sentence(tokens: TokenList, skipped: Counter[str]) -> Sentence | None:
    surfaces = list(_surfaces(tokens, skipped))
    words = [word for surface in surfaces for word in surface.words]
    if not words:
        return None
    forms = [surface.form for surface in surfaces]
    text = tokens.metadata.get("text") or ""
    spans = locate(forms, text)
    if spans is None:
        if text:
            skipped["'# text' lines that do not fit their words"] += 1
        text, spans = lay_out(forms, (surface.space_after for surface in surfaces))
    word_spans = [span for surface, outer in zip(surfaces, spans, strict=True) for span in _word_spans(surface, outer)]
    index = {word["id"]: position for position, word in enumerate(words)}
    return gold_sentence(text, [_gold_word(word, index) for word in words], word_spans)


def _surfaces(tokens: TokenList, skipped: Counter[str]) -> Iterator[_Surface]:
    surface, last = None, 0
    for token in tokens:
        number = token["id"]
        if isinstance(number, int):
            if surface is not None and number <= last:
                surface.words.append(token)
                continue
            if surface is not None:
                yield surface
            surface = _Surface(token["form"], _space_after(token), [token])
            last = number
        elif number is not None and number[1] == "-":
            if surface is not None:
                yield surface
            surface, last = _Surface(token["form"], _space_after(token), []), number[2]
            if _pairs(token.get("feats")):
                skipped["features of multi-word tokens"] += 1
        elif number is not None:
            skipped["empty nodes"] += 1
        else:
            raise ValueError(f"the token {token['form']!r} has no id")
    if surface is not None:
        yield surface


def _space_after(token: Token) -> bool:
    return _pairs(token.get("misc")).get("SpaceAfter") != "No"


def _word_spans(surface: _Surface, outer: tuple[int, int]) -> Iterator[tuple[int, int]]:
    forms = [word["form"] for word in surface.words]
    if "".join(forms) != surface.form:
        yield from [outer] * len(forms)
        return
    start = outer[0]
    for form in forms:
        yield start, start + len(form)
        start += len(form)


def _gold_word(token: Token, index: Mapping[int, int]) -> GoldWord:
    if not token["form"].strip():
        raise ValueError(f"word {token['id']} has no form")
    misc = _pairs(token.get("misc"))
    misc.pop("SpaceAfter", None)
    extra = _pairs(token.get("feats"))
    for name, value in misc.items():
        extra[f"misc_{name}" if name in extra else name] = value
    for name, value in token.items():
        if name == "deps" or name not in _FIELDS:
            extra[name] = _text(value)
    extra.setdefault("enhanced", _relations(_text(token.get("deps"))))
    entities = (misc[key] for key in _ENTITY_KEYS if _PLAIN_TAG.fullmatch(misc.get(key, "")))
    head = token.get("head")
    return GoldWord(
        text=token["form"],
        lemma="_" if token["form"] == token.get("lemma") == "_" else _text(token.get("lemma")),
        pos=_text(token.get("upos")),
        tag=_text(token.get("xpos")),
        dep=_text(token.get("deprel")),
        head=index[token["id"]] if head == 0 else index.get(head, -1),
        ent_type=entity_type(next(entities, "")),
        extra={name: value for name, value in extra.items() if value},
    )


def _text(value: Any) -> str:
    return "" if value is None or value == "_" else str(value)


def _relations(deps: str) -> str:
    """Each relation of an enhanced graph once: "x" of "4:x|9:x", the same however many heads a word has."""
    return "|".join(dict.fromkeys(part.partition(":")[2] for part in deps.split("|") if ":" in part))


def _pairs(field: str | None) -> dict[str, str]:
    """`A=x|B=y` as a mapping; a key without a value counts as "Yes"."""
    pairs = {}
    for part in _text(field).split("|"):
        key, equals, value = part.partition("=")
        if key:
            pairs[key] = value if equals else "Yes"
    return pairs
