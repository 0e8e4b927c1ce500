"""Gold annotation in the columns of a dataset: a list of tokens and lists of labels beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import CorpusError

from .gold import GoldWord, entity_type, gold_sentence, lay_out, locate

if TYPE_CHECKING:
    from datasets import Dataset, Features, IterableDataset

TOKEN_COLUMNS = ("tokens", "words", "form", "forms")
_ROLES = {
    "lemma": "lemma", "lemmas": "lemma",
    "upos": "pos", "upos_tags": "pos", "pos": "pos", "pos_tags": "pos",
    "xpos": "tag", "xpos_tags": "tag", "tag": "tag",
    "deprel": "dep", "deprels": "dep", "dep": "dep",
    "head": "head", "heads": "head",
    "ner": "ent_type", "ner_tags": "ent_type", "ent_type": "ent_type", "entities": "ent_type",
}  # fmt: skip
_UPOS = {
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "CONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT",
    "SCONJ", "SYM", "VERB", "X", "_", "",
}  # fmt: skip
_NOTHING = (None, "", "_", "None")
_SAMPLE = 100  # rows that decide whether a column holds universal parts of speech


def token_column(features: Features) -> str | None:
    """The column of tokens if there is one and at least one column of labels beside it."""
    lists = _list_columns(features)
    tokens = next((name for name in TOKEN_COLUMNS if lists.get(name) == "string"), None)
    return tokens if any(name in _ROLES for name in lists) else None


def read_columns(dataset: Dataset | IterableDataset, features: Features, skipped: Counter[str]) -> Iterator[Sentence]:
    """The rows as sentences.

    Columns with a known name give the labels of a `Word`: lemma(s); upos; xpos; deprel; head(s), counted from 1 with 0
    for the root; ner_tags, without their B- and I-. `pos_tags` is `pos` if it holds universal parts of speech, else
    `tag`. Any other list of labels becomes a column of `Word.extra`. Class labels are decoded to their names. The text
    is the `text` column where the tokens stand in it, else the tokens with spaces between them.

    :raises CorpusError: if a list of labels with a known name is not as long as the list of tokens.
    """
    tokens_name = token_column(features)
    if tokens_name is None:
        raise CorpusError(
            "gold annotation in a dataset needs a column of token lists "
            f"({', '.join(TOKEN_COLUMNS)}) and columns of labels beside it; this one has {', '.join(features)}"
        )
    columns = {name: _decoder(features[name]) for name in _list_columns(features) if name != tokens_name}
    needed = [tokens_name, *columns, *(["text"] if "text" in features else [])]
    dataset = dataset.select_columns(needed)  # a dataset may have images beside its words
    roles = _roles(dataset, columns)
    for number, row in enumerate(dataset):
        kept = [index for index, form in enumerate(row[tokens_name] or ()) if form and form.strip()]
        forms = [row[tokens_name][index].strip() for index in kept]
        if not forms:
            skipped["rows without tokens"] += 1
            continue
        skipped["empty tokens"] += len(row[tokens_name]) - len(kept)
        labels: dict[str, list[str]] = {}
        for name, decode in columns.items():
            values = row[name]
            if values is None or len(values) != len(row[tokens_name]):
                if values and name in roles:
                    raise CorpusError(
                        f"row {number}: {name!r} has {len(values)} entries for {len(row[tokens_name])} tokens"
                    )
                skipped[f"rows whose {name!r} has no entry per token"] += 1
                continue
            labels[name] = ["" if values[index] in _NOTHING else decode(values[index]) for index in kept]
        text = row.get("text")
        spans = locate(forms, text) if isinstance(text, str) else None
        if spans is None:
            text, spans = lay_out(forms, [True] * len(forms))
        yield gold_sentence(text, _gold_words(forms, labels, roles, kept), spans)


def _gold_words(
    forms: list[str], labels: Mapping[str, list[str]], roles: Mapping[str, str], kept: list[int]
) -> list[GoldWord]:
    index_of = {original + 1: index for index, original in enumerate(kept)}  # heads count from 1, empty tokens too
    words = []
    for index, form in enumerate(forms):
        known = {roles[name]: values[index] for name, values in labels.items() if name in roles}
        head = known.pop("head", "")
        words.append(
            GoldWord(
                text=form,
                head=index if head == "0" else index_of.get(int(head), -1) if head.isdecimal() else -1,
                ent_type=entity_type(known.pop("ent_type", "")),
                extra={name: values[index] for name, values in labels.items() if name not in roles and values[index]},
                **known,
            )
        )
    return words


def _list_columns(features: Features) -> dict[str, str]:
    """Columns that are lists of strings, numbers or class labels, with the type of their items."""
    from datasets import ClassLabel, List, Value

    columns = {}
    for name, feature in features.items():
        item = feature.feature if isinstance(feature, List) else None
        if isinstance(item, ClassLabel | Value):
            columns[name] = "string" if item.dtype in ("string", "large_string") else item.dtype
    return columns


def _decoder(feature: Any) -> Callable[[Any], str]:
    from datasets import ClassLabel

    label = feature.feature
    if isinstance(label, ClassLabel):
        return lambda value: label.int2str(value) if value >= 0 else ""  # -1: no label
    return str


def _roles(dataset: Dataset | IterableDataset, columns: Mapping[str, Callable[[Any], str]]) -> dict[str, str]:
    """The role of each column with a known name; the first column wins where two have the same."""
    roles: dict[str, str] = {}
    rows = list(islice(dataset, _SAMPLE)) if "pos_tags" in columns or "pos" in columns else []
    for name in sorted(columns, key=_rank):
        role = _ROLES.get(name)
        if name in ("pos", "pos_tags"):
            values = {columns[name](value) for row in rows for value in row[name] or () if value is not None}
            role = "pos" if values <= _UPOS else "tag"
        if role and role not in roles.values():
            roles[name] = role
    return roles


def _rank(name: str) -> int:
    return list(_ROLES).index(name) if name in _ROLES else len(_ROLES)
