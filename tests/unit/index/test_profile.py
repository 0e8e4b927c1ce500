"""All layers at once are what a search at each layer would say."""

from collections import Counter

import pytest

from exbert_hub.errors import LabelError, SelectionError, TokenError

SENTENCE = "The girl ran to a local pub to escape the din of her city."


@pytest.fixture(scope="module")
def seen(inspector):
    return inspector.inspect(SENTENCE, mask=["escape"])


@pytest.mark.parametrize("by, heads", [("embedding", None), ("heads", None), ("heads", [3, 1])])
@pytest.mark.parametrize("field", ["pos", "ent_type", "is_entity"])
def test_every_layer_says_what_a_search_there_says(index, seen, by, heads, field):
    options = {"by": by, "heads": heads, "k": 20, "exclude_query": True, "unique_sentences": True}
    profile = index.profile(seen, "escape", field, **options)
    assert [one.layer for one in profile.layers] == list(index.layers(by))
    assert (profile.word, profile.masked, profile.by, profile.field) == ("escape", True, by, field)
    assert profile.heads == (None if heads is None else (1, 3))
    for one in profile.layers:
        found = index.search(seen, "escape", layer=one.layer, **options)
        assert one.bars == found.summary(field).bars
        assert one.total == len(found) and one.left_out == found.left_out
        counts = Counter(match.labels["text"] for match in found)
        assert one.words == tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5])


def test_the_input_embeddings_come_first(index, seen):
    assert index.profile(seen, "escape").layers[0].layer == "emb"
    assert "emb" not in [one.layer for one in index.profile(seen, "escape", by="heads").layers]


def test_heads_do_not_matter_to_embeddings(index, seen):
    assert index.profile(seen, "escape", heads=[3]) == index.profile(seen, "escape")


def test_what_cannot_be_profiled(index, seen):
    with pytest.raises(LabelError, match="no label 'mood'; it has piece"):
        index.profile(seen, "escape", "mood")
    with pytest.raises(SelectionError, match="head 99"):
        index.profile(seen, "escape", by="heads", heads=[99])
    with pytest.raises(SelectionError, match="at least one"):
        index.profile(seen, "escape", k=0)
    with pytest.raises(TokenError):
        index.profile(seen, "whale")
    with pytest.raises(SelectionError, match="no tones vectors"):
        index.profile(seen, "escape", by="tones")
