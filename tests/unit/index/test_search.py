"""Search against a brute-force reference that shares no code with it."""

import json

import numpy as np
import pytest

from exbert_hub.errors import IndexMismatchError, LabelError, SelectionError, TokenError
from exbert_hub.index.search.ranking import first
from exbert_hub.index.search.selection import check_model

SENTENCE = "The girl ran to a local pub to escape the din of her city."


@pytest.fixture(scope="module")
def seen(inspector):
    return inspector.inspect(SENTENCE, mask=["escape"])


@pytest.fixture(scope="module")
def reference(inspector, corpus):
    """Every indexed piece of the corpus, one sentence at a time through `inspect`."""
    rows = []
    for number, sentence in enumerate(corpus):
        one = inspector.inspect(sentence.text)
        for position in np.flatnonzero(~one.special):
            start, end = one.tokens.offsets[position]
            if any(word.start < end and word.end > start for word in sentence.words):
                rows.append((number, int(position), one))
    return rows


def _cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def _expected(reference, score):
    return sorted(((score(one, position), row) for row, (_, position, one) in enumerate(reference)), reverse=True)


def _same(matches, expected, tolerance):
    """Same rows in the same order, except where scores tie within the tolerance."""
    for match, (score, _) in zip(matches, expected, strict=False):
        assert match.score == pytest.approx(score, abs=tolerance)
    by_row = {row: score for score, row in expected}
    for match in matches:
        assert by_row[match.row] == pytest.approx(match.score, abs=tolerance)


@pytest.mark.parametrize("layer", ["emb", 0, 3, 5])
def test_search_by_embedding_equals_brute_force(exact, index, seen, reference, layer):
    position, state = seen.position_of("escape"), 0 if layer == "emb" else layer + 1
    expected = _expected(reference, lambda one, p: _cosine(seen.hidden[state][position], one.hidden[state][p]))
    found = exact.search(seen, "escape", layer=layer, k=50)
    assert len(found) == 50
    _same(found, expected, 2e-5)
    _same(index.search(seen, "escape", layer=layer, k=50), expected, 1e-3)


@pytest.mark.parametrize("heads", [[6, 9], [0], None])
@pytest.mark.parametrize("layer", [0, 5])
def test_search_by_heads_is_the_mean_cosine_over_the_chosen_heads(exact, index, seen, reference, layer, heads):
    position = seen.position_of("escape")
    chosen = range(12) if heads is None else heads

    def score(one, p):
        return np.mean([_cosine(seen.contexts[layer][position, h], one.contexts[layer][p, h]) for h in chosen])

    expected = _expected(reference, score)
    _same(exact.search(seen, "escape", by="heads", layer=layer, heads=heads), expected, 2e-5)
    _same(index.search(seen, "escape", by="heads", layer=layer, heads=heads), expected, 1e-3)


def test_a_corpus_piece_finds_itself_first(exact, inspector, corpus):
    sentence = corpus.sentences[3]
    seen = inspector.inspect(sentence.text)
    best = exact.search(seen, 2, layer=5, k=1)[0]
    assert (best.sentence, best.position) == (3, 2)
    assert best.score == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("heads", [[6, 9], [3]])
def test_max_attention_token_equals_the_exact_one_up_to_a_quantisation_step(index, seen, reference, heads):
    where = {(number, position): one for number, position, one in reference}
    for match in index.search(seen, "escape", by="heads", layer=5, heads=heads):
        one = where[match.sentence, match.position]
        mean = one.attention[5][heads].mean(0)
        weights = mean[match.position]
        candidates = [p for n, p, _ in reference if n == match.sentence]
        best = max(candidates, key=lambda p: (weights[p], -p))
        assert weights[match.max_attention] >= weights[best] - 2 * np.sqrt(weights[best]) / 255
        assert match.offset == match.max_attention - match.position
        assert match.max_attention_labels == match.context.labels[match.max_attention]
        np.testing.assert_allclose(match.context.attention_out, weights, atol=0.01)
        np.testing.assert_allclose(match.context.attention_in, mean[:, match.position], atol=0.01)


def test_labels_are_those_of_the_word(index, seen, corpus):
    for match in index.search(seen, "escape", layer=3, k=20):
        sentence, row = corpus.sentences[match.sentence], index.tokens[match.row]
        word = sentence.words[row["word"]]
        assert match.context.text == sentence.text
        assert (match.labels["text"], match.labels["pos"], match.labels["dep"]) == (word.text, word.pos, word.dep)
        assert match.labels["is_entity"] == str(word.is_entity).lower()
        start, end = match.context.offsets[match.position]
        assert word.start < end and start < word.end


def test_special_tokens_are_run_but_not_indexed(index, inspector):
    assert not set(index.tokens["piece"]) & set(inspector.tokenizer.all_special_tokens)
    first = index.sentences[0]["pieces"]
    assert (first[0]["piece"], first[-1]["piece"]) == ("[CLS]", "[SEP]")
    assert [first[0]["special"], first[0]["word"]] == [True, -1]


# -- summaries --------------------------------------------------------------------------------------------------------


def test_summary_of_the_matches(index, seen):
    found = index.search(seen, "escape", layer=3)
    bars = {bar.label: bar for bar in found.summary("pos").bars}
    everything = index.tokens["pos"]
    for label, bar in bars.items():
        count = sum(match.labels["pos"] == label for match in found)
        base = everything[:].count(label) / len(everything)
        assert (bar.count, bar.share) == (count, count / 50)
        assert bar.base_rate == pytest.approx(base)
        assert bar.lift == pytest.approx(count / 50 / base)


@pytest.mark.parametrize("field", ["dep", "offset"])
def test_base_rate_of_max_attention_tokens_is_over_all_indexed_pieces_at_that_layer_and_heads(
    index, seen, reference, field
):
    found = index.search(seen, "escape", by="heads", layer=2, heads=[0, 4])
    by_place = {(n, p): row for row, (n, p, _) in enumerate(reference)}
    population = []
    for number, position, one in reference:
        candidates = [p for n, p, _ in reference if n == number]
        weights = one.attention[2][[0, 4]].sum(0)[position]
        best = max(candidates, key=lambda p: (weights[p], -p))
        population.append(str(best - position) if field == "offset" else index.tokens[by_place[number, best]]["dep"])
    for bar in found.summary(field, of="max_attention").bars:
        # stored attention is quantised: a near tie may fall the other way
        assert bar.base_rate == pytest.approx(population.count(bar.label) / len(population), abs=0.01)


def test_summary_of_the_next_piece(index, seen):
    found = index.search(seen, "escape", layer=3)
    summary = found.summary("pos", of="next")
    expected = [match.context.labels[match.position + 1] for match in found]
    assert summary.total == sum(labels is not None for labels in expected)
    places = list(zip(index.tokens["sentence"], index.tokens["position"], strict=True))
    follows = [row for row in range(1, len(places)) if places[row - 1] == (places[row][0], places[row][1] - 1)]
    for bar in summary.bars:
        assert bar.base_rate == pytest.approx(
            sum(index.tokens[row]["pos"] == bar.label for row in follows) / len(follows)
        )


def test_summary_refuses_what_it_cannot_count(index, seen):
    found = index.search(seen, "escape", layer="emb")
    with pytest.raises(LabelError, match="pos, tag"):
        found.summary("colour")
    with pytest.raises(LabelError, match="max_attention"):
        found.summary("offset")
    with pytest.raises(SelectionError, match="'next'"):
        found.summary("pos", of="previous")
    assert found.summary("pos", of="max_attention").bars == ()


# -- taking away ------------------------------------------------------------------------------------------------------


def test_results_name_themselves(index, seen):
    found = index.search(seen, "escape", by="heads", layer=5, heads=[9, 6])
    assert "'escape' (masked) by heads 5-[6,9]" in repr(found)
    frame = found.to_pandas()
    assert len(frame) == 50
    assert {"score", "pos", "dep", "offset", "max_attention_pos", "sentence_text"} <= set(frame.columns)
    everything = json.loads(json.dumps(found.to_dict()))
    assert everything["query"]["heads"] == [6, 9]
    assert everything["matches"][0]["score"] == pytest.approx(found[0].score, abs=1e-6)
    shown = [("pos", "match"), ("dep", "match"), *((name, "max_attention") for name in ("pos", "dep", "offset"))]
    assert everything["summaries"] == [found.summary(*one).to_dict() for one in shown]
    assert "summaries" not in found.to_dict(summaries=False)


def test_every_histogram_counts_a_part_of_its_population(index, inspector):
    found = index.search(inspector.inspect("The girl ran to a pub."), "ran", layer=3, k=len(index))
    for of in ("match", "max_attention", "next"):
        for field in (*index.labels, *(["offset"] if of == "max_attention" else [])):
            summary = found.summary(field, of)
            for bar in summary.bars:  # of all matches there are: then nothing differs from the base
                assert bar.share == pytest.approx(bar.base_rate) and bar.p == pytest.approx(1) and not bar.significant
            assert sum(bar.count for bar in summary.bars) == summary.total > 0


# -- leaving out ------------------------------------------------------------------------------------------------------


def test_the_querys_own_sentence_and_repetitions_can_be_left_out(index, inspector, corpus):
    seen = inspector.inspect(corpus.sentences[7].text)
    everything = index.search(seen, 3, layer=2)
    assert {match.sentence for match in everything[:2]} == {7, 60}

    others = index.search(seen, 3, layer=2, exclude_query=True)
    assert len(others) == 50 and not {7, 60} & {match.sentence for match in others}
    assert others.left_out["query sentence"] >= 2

    once = index.search(seen, 3, layer=2, unique_sentences=True)
    assert len(once) == 50 and once.left_out["duplicate sentences"] >= 1
    places = [(match.context.text, match.position) for match in once]
    assert len(set(places)) == len(places)


def test_more_matches_than_pieces_are_all_pieces(index, seen):
    assert len(index.search(seen, "escape", layer=0, k=10**6)) == len(index)
    unique = index.search(seen, "escape", layer=0, k=10**6, unique_sentences=True)
    assert len(unique) + unique.left_out["duplicate sentences"] == len(index)


# -- wrong questions --------------------------------------------------------------------------------------------------


def test_wrong_questions_get_clear_answers(index, seen):
    with pytest.raises(SelectionError, match="0, 1, 2, 3, 4, 5"):
        index.search(seen, "escape", layer=6)
    with pytest.raises(SelectionError, match="layers 0"):
        index.search(seen, "escape", by="heads", layer="emb")
    with pytest.raises(SelectionError, match="0 to 11"):
        index.search(seen, "escape", by="heads", layer=5, heads=[12])
    with pytest.raises(SelectionError, match="no head"):
        index.search(seen, "escape", by="heads", layer=5, heads=[])
    with pytest.raises(SelectionError):
        index.search(seen, "escape", k=0)
    with pytest.raises(TokenError):
        index.search(seen, "prison", layer=5)
    with pytest.raises(TokenError):
        index.search(seen, "to", layer=5)


@pytest.mark.parametrize("heads", ["1,2", ["x"], [1.7], [None]])
def test_heads_are_whole_numbers(index, seen, heads):
    with pytest.raises(SelectionError, match="whole numbers"):
        index.search(seen, "escape", by="heads", layer=5, heads=heads)


def test_the_last_layer_is_the_default(index, seen):
    assert index.search(seen, "escape", k=1).query.layer == 5
    assert index.search(seen, "escape", by="heads", k=1).query.layer == 5


def test_equal_searches_have_equal_matches(index, seen):
    first, second = (index.search(seen, "escape", layer=1, k=5) for _ in range(2))
    assert list(first) == list(second) and first[2] in second


def test_threads_may_search_at_once(index, seen):
    from concurrent.futures import ThreadPoolExecutor

    expected = [list(index.search(seen, "escape", by="heads", layer=n, heads=[n])) for n in range(6)]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(
            lambda n: list(index.search(seen, "escape", by="heads", layer=n, heads=[n])), [*range(6)] * 5
        )
        assert list(found) == expected * 5


def test_another_model_is_refused(index, inspector):
    from dataclasses import replace

    for change in ({"weights_fingerprint": "0"}, {"tokenizer_fingerprint": "0"}):
        with pytest.raises(IndexMismatchError, match="load that model"):
            check_model(index.manifest, replace(inspector.model_info, **change))


def test_of_equal_scores_the_lowest_row_goes_first():
    scores, rows = first(np.array([0.5, 0.9, 0.9, 0.9], np.float32), np.array([3, 8, 2, 5]), 3)
    assert rows.tolist() == [2, 5, 8] and scores.tolist() == pytest.approx([0.9] * 3)
