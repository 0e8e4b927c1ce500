"""The batched measures against their definitions, sentence by sentence."""

import numpy as np
import pytest

from exbert_hub.analysis.attention import word_attention
from exbert_hub.analysis.heads import BASELINE_OFFSETS, OFFSETS, RELATIONS, attended_words, entropy, relation
from exbert_hub.index.format.head_schema import TO_DEPENDANT, TO_HEAD, Column
from exbert_hub.index.measure.head_counts import HeadCounts, add_up, heads_table

from ..analysis.head_definitions import blind_shares, hits_to_dependant, hits_to_head, max_attention_offsets
from .head_sentences import DEP, count, random_attention, random_sentence


def expected_of(column, attention, sentence):
    """Of one sentence: tokens counted, what each head did [H], what a blind one would do [H]."""
    indexed = sentence.word_of_piece >= 0
    size = len(indexed)
    visible = np.tri(size, dtype=bool) if sentence.causal else np.ones((size, size), bool)
    if column.measure == "offset":
        offset = int(column.label)
        hits = (max_attention_offsets(attention, sentence) == offset).sum(1)
        candidates = visible & indexed
        blind = sum(
            1 / candidates[i].sum()
            for i in np.flatnonzero(indexed)
            if 0 <= i + offset < size and candidates[i, i + offset]
        )
        return indexed.sum(), hits, blind
    if column.measure == "special":
        rows = attention[:, indexed]
        blind = (visible & sentence.special).sum(1) / visible.sum(1)
        asked = indexed & (visible & sentence.special).any(1)
        return asked.sum(), rows[:, :, sentence.special].sum((1, 2)), rows.sum(2) @ blind[indexed]
    if column.measure == "self":
        own = attention.diagonal(axis1=1, axis2=2)[:, indexed].sum(1)
        given = attention[:, indexed][:, :, indexed].sum(2)
        return indexed.sum(), own, given @ (1 / (visible & indexed).sum(1)[indexed])
    if column.measure == "entropy":
        return indexed.sum(), entropy(attention)[:, indexed].sum(1), np.log(visible.sum(1)[indexed]).sum()
    between = word_attention(attention, sentence.word_of_piece, len(sentence.head))
    if column.measure in RELATIONS:
        related = relation(column.measure, sentence)
        pieces = sentence.lengths
        share = (related @ pieces) / np.maximum(sentence.others @ pieces, 1)
        given = (between * sentence.others).sum(2)
        return related.any(1).sum(), (between * related).sum((1, 2)), (given * share).sum(1)
    attended = attended_words(between, sentence)
    if column.measure == "dependency":
        dep = np.array(sentence.dep)
        if column.direction == TO_HEAD:
            asked = sentence.seen_heads & (dep == column.label)
            return asked.sum(), (hits_to_head(attended, sentence) & asked).sum(1), None
        asked = sentence.seen_dependants & (dep == column.label)
        hits = hits_to_dependant(attended, sentence) & (dep[attended] == column.label)
        return len(set(sentence.head[asked])), hits.sum(1), None
    labels = np.array(sentence.labels[column.measure.removeprefix("attended_")])
    of_label = labels == column.label
    chosen = attended >= 0
    blind = [blind_shares(one, of_label, sentence).sum() for one in attended]
    asked = chosen[0] & sentence.others[:, of_label].any()  # words of sentences that have the label
    return asked.sum(), (of_label[attended] & chosen).sum(1), np.array(blind)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("special", [False, True])
def test_batches_count_what_the_definitions_say(causal, special):
    rng = np.random.default_rng(causal + 2 * special)
    sentences = [random_sentence(rng, int(rng.integers(1, 12)), causal, special) for _ in range(11)]
    attention = [random_attention(rng, sentence, heads=3) for sentence in sentences]
    counts = count(sentences, attention, layer=4, batch=4)
    assert {column.measure for column in counts.columns} == {
        "offset", "special", "self", "entropy", *RELATIONS, "attended_pos", "attended_ent_type"
    }  # fmt: skip
    assert len(counts.columns) == len(OFFSETS) + 3 + len(RELATIONS) + 6 + 2
    assert counts.arcs == tuple(
        Column("dependency", label, way) for way in (TO_HEAD, TO_DEPENDANT) for label in sorted(DEP)[1:]
    )
    for place, column in enumerate(counts.columns):
        parts = [expected_of(column, a, s) for a, s in zip(attention, sentences, strict=True)]
        assert counts.sums["counted"][place] == sum(n for n, _, _ in parts), column
        total = sum(found for _, found, _ in parts)
        np.testing.assert_allclose(counts.sums["total-04"][:, place], total, rtol=1e-4, atol=1e-5, err_msg=str(column))
        blind = sum(found for _, _, found in parts)
        got = counts.sums["expected-04"][:, place]
        np.testing.assert_allclose(got, np.broadcast_to(blind, 3), rtol=1e-4, atol=1e-5, err_msg=str(column))
        if column.measure != "entropy":
            squares = sum((found - blind) ** 2 for _, found, blind in parts)
            np.testing.assert_allclose(counts.sums["squares-04"][:, place], squares, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
def test_dependencies_are_counted_against_every_fixed_offset(causal):
    rng = np.random.default_rng(5)
    sentences = [random_sentence(rng, int(rng.integers(2, 14)), causal) for _ in range(9)]
    attention = [random_attention(rng, sentence, heads=2) for sentence in sentences]
    sums = (counts := count(sentences, attention, batch=4)).sums
    for place, column in enumerate(counts.arcs):
        hits = np.zeros((len(sentences), 2))
        offsets = np.zeros((len(sentences), len(BASELINE_OFFSETS)))
        asked = np.zeros(len(sentences))
        for number, (one, sentence) in enumerate(zip(attention, sentences, strict=True)):
            asked[number], hits[number], _ = expected_of(column, one, sentence)
            seen = sentence.seen_heads if column.direction == TO_HEAD else sentence.seen_dependants
            for word in np.flatnonzero(seen & (np.array(sentence.dep) == column.label)):
                offset = int(sentence.head[word] - word) * (1 if column.direction == TO_HEAD else -1)
                offsets[number, BASELINE_OFFSETS.index(offset)] += 1
        assert sums["arc_counted"][place] == asked.sum() and sums["arc_sentences"][place] == (asked > 0).sum()
        np.testing.assert_array_equal(sums["arc_offsets"][:, place], offsets.sum(0))
        np.testing.assert_array_equal(sums["arc_offset_squares"][:, place], (offsets**2).sum(0))
        np.testing.assert_array_equal(sums["arc_total-00"][:, place], hits.sum(0))
        np.testing.assert_array_equal(sums["arc_squares-00"][:, place], (hits**2).sum(0))
        np.testing.assert_array_equal(sums["arc_shared-00"][:, :, place], hits.T @ offsets)


def test_shards_add_up_to_the_whole(tmp_path):
    rng = np.random.default_rng(6)
    sentences = [random_sentence(rng, int(rng.integers(1, 12))) for _ in range(20)]
    attention = [random_attention(rng, sentence, heads=3) for sentence in sentences]
    parts = []
    for number, part in enumerate((slice(0, 2), slice(2, 13), slice(13, 20))):
        count(sentences[part], attention[part]).save(tmp_path / f"{number}.npz")
        parts.append(HeadCounts.load(tmp_path / f"{number}.npz"))
    whole, merged = count(sentences, attention), add_up(parts)
    assert set(merged.columns) == set(whole.columns) and set(merged.arcs) == set(whole.arcs)
    for name, values in whole.sums.items():
        ours, theirs = (whole.arcs, merged.arcs) if name.startswith("arc_") else (whole.columns, merged.columns)
        aligned = merged.sums[name][..., [theirs.index(column) for column in ours]]
        np.testing.assert_allclose(aligned, values, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_column_of_texts_is_not_measured():
    rng = np.random.default_rng(7)
    sentences = [random_sentence(rng, 30) for _ in range(10)]
    for number, sentence in enumerate(sentences):
        sentence.labels["gloss"] = tuple(f"{number} {word}" for word in range(30))
    attention = [random_attention(rng, sentence, heads=1) for sentence in sentences]
    assert count(sentences, attention).left_out == {"gloss"}
    parts = [count(sentences[part], attention[part]) for part in (slice(0, 5), slice(5, 10))]
    assert not any(part.left_out for part in parts)
    merged = add_up(parts)  # too many only when taken together
    assert merged.left_out == {"gloss"} and not any("gloss" in column.measure for column in merged.columns)


def test_a_sentence_without_words_counts_nothing():
    rng = np.random.default_rng(8)
    empty = random_sentence(rng, 0, pieces=1)
    counts = count([empty], [random_attention(rng, empty, heads=2)])
    assert not counts.sums["counted"].any() and heads_table(counts, "encoder").num_rows == 0
