"""A page per head: against loops over the stored attention, for encoders and decoders; reasons where there is none."""

from collections import Counter

import numpy as np
import pytest

from exbert_hub.analysis.head_pattern import PatternSums
from exbert_hub.errors import IndexMismatchError, SelectionError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.heads import page
from exbert_hub.index.heads.induction import LENGTH, induction_scores, random_sequences
from exbert_hub.index.heads.page import strong_edges
from exbert_hub.model import Inspector
from tests.tiny_models import tiny_bert_dir, tiny_gpt2_dir, tiny_t5_dir

LAYER, HEAD = 3, 8


@pytest.fixture(scope="module")
def about(index, inspector):
    return index.head(LAYER, HEAD, inspector=inspector)


@pytest.fixture(scope="module")
def attention(index):
    """Of this head, by sentence."""
    reader = index.opened.searcher.attention(LAYER)
    return [reader.of_heads(number, [HEAD])[0] for number in range(len(index.sentences))]


def test_it_is_about_every_sentence_of_a_small_index(about, index, attention):
    assert about.name == "3-8" and about.stack == "encoder"
    assert about.sentences_read == about.sentences == len(index.sentences)
    sums = PatternSums(1)
    for one in attention:
        sums.add(one[None])
    assert about.pattern == sums.means()[0]
    assert sum(each.before + each.behind for each in about.distances) == pytest.approx(1, abs=1e-6)
    assert about.distances[0][:2] == (0, 0) and about.distances[2][:2] == (2, 3)


def test_every_measure_of_the_finder_is_there_findings_first(about, index):
    expected = [score for score in index.heads(layer=LAYER) if score.head == HEAD]
    assert set(about.scores) == set(expected) and len(about.scores) == len(expected)
    significant = [score.significant for score in about.scores]
    assert significant == sorted(significant, reverse=True)


@pytest.mark.parametrize("side", ["queries", "keys"])
@pytest.mark.parametrize("field", ["piece", "pos", "dep"])
def test_top_labels_are_shares_of_the_attention_between_words(about, index, attention, side, field):
    mass, count = Counter(), Counter()
    rows = index.tokens.data.table.select(["sentence", "position", field]).to_pylist()
    words = {}
    for row in rows:
        words.setdefault(row["sentence"], []).append(row["position"])
    for row in rows:
        own, others = attention[row["sentence"]], words[row["sentence"]]
        line = own[row["position"], others] if side == "queries" else own[others, row["position"]]
        mass[row[field]] += float(line.sum())
        count[row[field]] += 1
    shown = getattr(about, side)[field]
    assert len(shown) == min(12, len(mass))
    assert [top.label for top in shown[:3]] == [label for label, _ in mass.most_common(3)]
    for top in shown:
        assert top.share == pytest.approx(mass[top.label] / mass.total(), rel=1e-5)
        assert top.base_rate == pytest.approx(count[top.label] / count.total())
        assert top.lift == pytest.approx(top.share / top.base_rate)


def test_buckets_go_from_weak_to_strong_and_the_last_shows_the_strongest(about, attention):
    ends = [end for bucket in about.buckets for end in (bucket.low, bucket.high)]
    assert ends == sorted(ends) and sum(bucket.count for bucket in about.buckets) == about.sentences_read
    for bucket in about.buckets:
        assert 0 < len(bucket.sentences) <= 6
        assert len({each.text for each in bucket.sentences}) == len(bucket.sentences)
        for each in bucket.sentences:
            assert bucket.low <= each.strength <= bucket.high
    best = about.buckets[-1].sentences
    assert best[0].strength == about.buckets[-1].high
    assert [each.strength for each in best] == sorted((each.strength for each in best), reverse=True)


def test_a_sentence_shows_what_the_head_does_in_it(about, attention):
    shown = about.buckets[-1].sentences[0]
    own = attention[shown.sentence]
    edge = shown.strongest
    assert own[edge.source, edge.target] == pytest.approx(shown.strength)
    assert not shown.special[edge.source] and not shown.special[edge.target]
    for each in shown.edges:
        assert each.weight == pytest.approx(own[each.source, each.target]) and each.weight >= 0.05
    sources = Counter(each.source for each in shown.edges)
    assert max(sources.values()) <= 3


def test_edges_are_the_strongest_of_each_piece():
    attention = np.array([[0.6, 0.3, 0.1], [0.0, 0.02, 0.98], [0.34, 0.33, 0.33]])
    found = [(e.source, e.target) for e in strong_edges(attention, 2, 0.05)]
    assert found == [(0, 0), (0, 1), (1, 2), (2, 0), (2, 1)]


def test_a_large_index_is_sampled_evenly_and_says_so(monkeypatch, index):
    monkeypatch.setattr(page, "SENTENCES_READ", 10)
    found = page.read_head(page.HeadSource(index.tokens, index.sentences, index.opened.searcher.attention(0), 0))
    assert (found.sentences_read, found.sentences) == (10, len(index.sentences))


def test_what_heads_can_be_asked_for(index):
    columns = index.head_columns()
    asked = {(score.measure, score.label, score.direction) for score in index.heads()}
    assert set(columns) == asked and len(columns) == len(asked)


def test_induction_takes_the_model(index, about, inspector):
    assert index.head(LAYER, HEAD).induction is None
    assert "inspector=inspector" in index.head(LAYER, HEAD).no_induction
    scores = induction_scores(inspector)
    assert scores[LAYER].shape == (12,) and about.induction == scores[LAYER][HEAD] and about.no_induction == ""
    assert induction_scores(inspector) is scores  # kept


@pytest.mark.parametrize("make", [tiny_bert_dir, tiny_gpt2_dir, tiny_t5_dir])
def test_random_sequences_repeat_themselves_among_the_special_tokens(make, tmp_path):
    model = Inspector.from_pretrained(make(tmp_path / "model"))
    ids, special = random_sequences(model)
    plain = ids[:, ~special]
    half = plain.shape[1] // 2
    assert 2 <= half <= LENGTH and np.array_equal(plain[:, :half], plain[:, half:])
    assert all(len(set(row)) == half for row in plain[:, :half].tolist())
    assert not np.isin(plain, model.tokenizer.all_special_ids).any()
    assert special.sum() == model.tokenize("a").special.sum()
    assert np.array_equal(ids, random_sequences(model)[0])


def test_a_decoder_has_a_page_too(corpus, tmp_path):
    model = Inspector.from_pretrained(tiny_gpt2_dir(tmp_path / "model"))
    built = CorpusIndex.build(model, corpus, tmp_path / "index", limit=20, progress=lambda done, total: None)
    about = built.head(0, 1, inspector=model)
    assert about.stack == "decoder" and 0 <= about.induction <= 1
    assert sum(each.behind for each in about.distances) == 0


def test_there_is_no_page_without_attention_and_no_such_head(index, inspector, corpus, tmp_path):
    with pytest.raises(SelectionError, match="head 12 does not exist"):
        index.head(0, 12)
    with pytest.raises(SelectionError, match="layers 0 to 5"):
        index.head(6, 0)
    bare = CorpusIndex.build(
        inspector, corpus, tmp_path / "bare", limit=5, layers=[0], attention=False, progress=lambda done, total: None
    )
    for ask in (lambda: bare.head(0, 0), bare.head_columns):
        with pytest.raises(SelectionError, match="built without attention"):
            ask()


def test_the_model_must_be_that_of_the_index(index, tmp_path):
    with pytest.raises(IndexMismatchError):
        index.head(0, 0, inspector=Inspector.from_pretrained(tiny_bert_dir(tmp_path / "model")))
