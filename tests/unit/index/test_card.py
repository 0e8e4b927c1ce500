"""The card of a shared index, and what happens to it when the index changes."""

import logging
from dataclasses import replace

import pytest
import yaml

from exbert_hub.errors import HubError
from exbert_hub.index.hub.card import model_tag, render


@pytest.fixture
def manifest(index):
    return replace(index.manifest, corpus=replace(index.manifest.corpus, license="mit", language="en"))


def head(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_head(manifest):
    data = head(render("me/tales", manifest))
    assert data["configs"] == [
        {"config_name": "tokens", "data_files": "tokens/*.parquet", "default": True},
        {"config_name": "sentences", "data_files": "sentences/*.parquet"},
    ]
    assert data["license"] == "mit" and data["language"] == ["en"] and data["library_name"] == "exbert_hub"
    weights = manifest.model.weights_fingerprint
    assert {"exbert-index", "exbert-model:model", f"exbert-weights:{weights[:16]}"} <= set(data["tags"])
    assert "base_model" not in data and "source_datasets" not in data, "both are folders on this machine"


def test_head_of_an_index_whose_model_and_corpus_are_on_the_hub(manifest):
    model = replace(manifest.model, model_id="google-bert/BERT-base", revision="a" * 40)
    corpus = replace(
        manifest.corpus, source=f"owner/stories:small@{'b' * 40}", license="Custom: ask me!", language="?"
    )
    data = head(render("me/tales", replace(manifest, model=model, corpus=corpus)))
    assert data["base_model"] == "google-bert/BERT-base" and data["source_datasets"] == ["owner/stories"]
    assert (data["license"], data["license_name"]) == ("other", "custom-ask-me") and "language" not in data
    assert model_tag("google-bert/BERT-base") == model_tag("bert-base") == "exbert-model:bert-base" in data["tags"]


def test_names_do_not_become_markup(manifest):
    corpus = replace(manifest.corpus, name="<img src=x onerror=y> | **$model** [a](b)\n# big")
    text = render("me/tales", replace(manifest, corpus=corpus)).split("<!-- exbert:begin")[1]
    assert "\\<img src=x onerror=y\\> \\| \\*\\*\\$model\\*\\* \\[a\\](b) \\# big" in text
    assert "<img" not in text.replace("\\<img", "")


def test_nothing_changes_without_a_reason(manifest):
    card = render("me/tales", manifest)
    assert render("me/tales", manifest, card, manifest) == card
    mine = card.replace("license: mit", "license: cc-by-4.0").replace("# ", "# My ", 1) + "\nThanks.\n"
    assert render("me/tales", manifest, mine, manifest) == mine


def test_what_nobody_touched_follows_the_index(manifest):
    card = render("me/tales", manifest)
    now = replace(manifest, pieces=12_345, corpus=replace(manifest.corpus, license="Custom", language="de"))
    card = render("me/tales", now, card.replace("- interpretability", "- mine"), manifest)
    data = head(card)
    assert (data["license"], data["license_name"], data["language"]) == ("other", "custom", ["de"])
    assert data["size_categories"] == ["10K<n<100K"] and data["exbert"]["pieces"] == 12_345
    assert "mine" in data["tags"] and data["tags"].count("exbert-index") == 1
    assert "| indexed pieces | 12,345 |" in card
    back = render("me/tales", manifest, card, now)
    assert "license_name" not in head(back) and head(back)["license"] == "mit"


def test_a_hand_edited_generated_part_stays_and_says_so(manifest, caplog):
    mine = render("me/tales", manifest).replace("## Base rates", "## How often")
    with caplog.at_level(logging.WARNING, logger="exbert_hub"):
        card = render("me/tales", replace(manifest, pieces=12_345), mine, manifest)
    assert "## How often" in card and "12,345" not in card and head(card)["exbert"]["pieces"] == 12_345
    assert "was edited by hand and stays" in caplog.text
    emptied = caplog.text.split("except for `")[1].split("` and `")[0] + "\n\n<!-- exbert:end -->\n"
    before = mine[: mine.index("<!-- exbert:begin")]
    assert "| indexed pieces | 12,345 |" in render("me/tales", replace(manifest, pieces=12_345), before + emptied)


def test_a_card_without_the_generated_part_or_without_a_head(manifest):
    card = render("me/tales", manifest, "Just my words.\n", None)
    assert card.endswith("---\nJust my words.\n") and "exbert-index" in head(card)["tags"]
    card = render("me/tales", manifest, "---\nlicense: mit\ntags: one\n---\nMy words.\n", None)
    assert card.endswith("---\nMy words.\n") and "one" in head(card)["tags"]


@pytest.mark.parametrize("broken", ["---\na: [\n---\n", "---\n- a\n---\n"])
def test_a_head_that_cannot_be_read(manifest, broken):
    with pytest.raises(HubError, match="fix it"):
        render("me/tales", manifest, broken, manifest)
