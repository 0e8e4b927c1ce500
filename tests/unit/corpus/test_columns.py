"""Gold annotation from the columns of a dataset."""

from __future__ import annotations

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from exbert_hub.corpus import annotate
from exbert_hub.errors import CorpusError


def conll2003() -> Dataset:
    features = Features(
        tokens=List(Value("string")),
        pos_tags=List(ClassLabel(names=["NNP", "VBZ", "."])),
        chunk_tags=List(ClassLabel(names=["O", "B-NP", "B-VP"])),
        ner_tags=List(ClassLabel(names=["O", "B-PER", "I-PER"])),
    )
    rows = {
        "tokens": [["Ann", "Lee", "sings"]],
        "pos_tags": [[0, 0, 1]],
        "chunk_tags": [[1, 1, 2]],
        "ner_tags": [[1, 2, 0]],
    }
    return Dataset.from_dict(rows, features=features)


def test_class_labels_are_decoded():
    corpus = annotate(conll2003())
    assert (corpus.info.annotator, corpus.info.extra_labels) == ("gold", ("chunk_tags",))
    (sentence,) = corpus
    assert sentence.text == "Ann Lee sings"
    assert [(w.text, w.start, w.end) for w in sentence.words] == [("Ann", 0, 3), ("Lee", 4, 7), ("sings", 8, 13)]
    assert [(w.tag, w.pos, w.ent_type, w.is_entity) for w in sentence.words] == [
        ("NNP", "", "PER", True),
        ("NNP", "", "PER", True),
        ("VBZ", "", "", False),
    ]
    assert [w.extra["chunk_tags"] for w in sentence.words] == ["B-NP", "B-NP", "B-VP"]


def test_universal_dependencies_columns_with_text_and_an_empty_token():
    rows = {
        "text": ["Don't go.", "elsewhere"],
        "tokens": [["Do", "n't", "", "go", "."], ["Run"]],
        "lemmas": [["do", "not", "", "go", "."], ["run"]],
        "pos_tags": [["AUX", "PART", "X", "VERB", "PUNCT"], ["VERB"]],
        "head": [["4", "4", "None", "0", "4"], ["0"]],
        "deprel": [["aux", "advmod", "_", "root", "punct"], ["root"]],
    }
    corpus = annotate(Dataset.from_dict(rows))
    first, second = corpus
    assert first.text == "Don't go." and second.text == "Run"
    assert [(w.text, w.start, w.pos, w.dep, w.head, w.head_text) for w in first.words] == [
        ("Do", 0, "AUX", "aux", 2, "go"),
        ("n't", 2, "PART", "advmod", 2, "go"),
        ("go", 6, "VERB", "root", 2, "go"),
        (".", 8, "PUNCT", "punct", 2, "go"),
    ]
    assert corpus.info.skipped == {"empty tokens": 1}


def test_text_column_asks_for_the_text():
    dataset = Dataset.from_dict({"text": ["Hello you."], "tokens": [["Hello", "you", "."]], "ner": [["O", "O", "O"]]})
    assert annotate(dataset).info.annotator == "gold"
    assert annotate(dataset, "blank:en", text_column="text").info.annotator == "spacy:blank:en"
    assert annotate(dataset, "blank:en").info.annotator == "spacy:blank:en"


def test_rows_that_do_not_fit():
    with pytest.raises(CorpusError, match="row 1: 'upos' has 1 entries for 2 tokens"):
        annotate(Dataset.from_dict({"tokens": [["a"], ["b", "c"]], "upos": [["X"], ["X"]]}))
    other = annotate(Dataset.from_dict({"tokens": [["a"], []], "upos": [["X"], []], "spans": [[1, 2], []]}))
    assert other.info.skipped == {"rows without tokens": 1, "rows whose 'spans' has no entry per token": 1}


def test_gold_without_gold():
    with pytest.raises(CorpusError, match="no gold annotation"):
        annotate(["Hello you."], "gold")
