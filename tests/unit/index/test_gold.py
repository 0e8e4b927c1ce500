"""Gold annotation: every column of a corpus is a label everywhere."""

from collections import Counter
from pathlib import Path

import pytest

from exbert_hub.app.wire.responses.evidence import results_json
from exbert_hub.app.wire.responses.model import index_json
from exbert_hub.corpus import annotate
from exbert_hub.index import CorpusIndex

SAMPLE = Path(__file__).parents[1] / "corpus" / "sample.conllu"


@pytest.fixture(scope="module")
def gold(tmp_path_factory, inspector):
    folder = tmp_path_factory.mktemp("gold") / "index"
    return CorpusIndex.build(inspector, annotate(SAMPLE), folder, layers=[0, 2], progress=lambda done, total: None)


@pytest.fixture(scope="module")
def found(gold, inspector):
    return gold.search(inspector.inspect("The girl saw the ships."), "ships", by="heads", layer=2, k=len(gold))


def test_features_and_enhanced_dependencies_are_labels(gold, found):
    assert {"Animacy", "Number", "Tense", "deps", "enhanced", "NER"} <= set(gold.labels)
    for field in ("Number", "Animacy", "Tense", "enhanced", "deps"):
        column = gold.tokens[field][:]
        for bar in found.summary(field).bars:  # of all matches there are
            assert (bar.count, bar.share) == (column.count(bar.label), pytest.approx(bar.base_rate))
        of_attended = found.summary(field, of="max_attention")
        expected = Counter(match.max_attention_labels[field] for match in found if match.max_attention_labels)
        assert {bar.label: bar.count for bar in of_attended.bars} == expected
    assert "nsubj|nsubj:xsubj" in gold.tokens["enhanced"] and "obl:to" not in gold.tokens["enhanced"]
    assert "max_attention_Number" in found.to_pandas()


def test_the_labels_of_a_treebank_keep_their_names(gold):
    assert "obj" in gold.tokens["dep"] and "dobj" not in gold.tokens["dep"]
    rows = {text: dep for text, dep in zip(gold.tokens["text"], gold.tokens["dep"], strict=True)}
    assert (rows["ships"], rows["eats"], rows["apple"]) == ("obj", "acl:relcl", "orphan")


def test_words_of_a_contraction_share_its_pieces(gold):
    """ "wanna" is "want" and "to", of which it is not made: its pieces belong to the first of them."""
    rows = [row for row in gold.tokens.to_pandas().itertuples() if row.sentence == 1]
    pieces = "".join(row.piece.removeprefix("##") for row in rows if row.text in ("want", "to"))
    assert pieces == "wanna" and {row.Tense for row in rows if row.text == "want"} == {"Pres"}
    assert gold.manifest.coverage.words_uncovered == 1
    assert gold.manifest.coverage.notes == {"empty nodes": 1}
    words = gold.sentences[1]["words"]
    spans = {word["text"]: (word["start"], word["end"]) for word in words}
    assert spans["want"] == spans["to"] == (2, 7)
    assert spans["did"] == (23, 26) and spans["n't"] == (26, 29)  # these it is made of


def test_the_page_gets_every_label(gold, found, inspector):
    shown = results_json(found, inspector.inspect("The girl saw the ships."), gold, seconds=0.0, query={}, snippets={})
    assert shown["labels"] == list(gold.labels) == index_json(gold)["labels"]
    at = shown["labels"].index("Number")
    ship = next(match for match in shown["matches"] if shown["rows"][match["labels"][match["position"]]][1] == "ships")
    assert shown["rows"][ship["labels"][ship["position"]]][at] == "Plur"
    for of in ("match", "max_attention"):
        assert {"Number", "enhanced"} <= set(shown["summaries"][of])


def test_a_layer_profile_of_a_feature(gold, inspector):
    profile = gold.profile(inspector.inspect("The girl saw the ships."), "ships", "Number", k=7)
    assert {bar.label for layer in profile.layers for bar in layer.bars} <= {"Sing", "Plur", ""}
