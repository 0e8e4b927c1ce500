"""The folder for HeadVis, against what its loaders and its front end expect: Neuronpedia's, restated here."""

import json
import math
import re
from numbers import Real

import numpy as np
import pytest

from exbert_hub.analysis.head_pattern import strength
from exbert_hub.errors import ExportError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.export.headvis import write_headvis
from exbert_hub.model import Inspector
from tests.tiny_models import tiny_gpt2_dir

METRICS = {
    "self_attention_score": Real, "prev_token_score": Real, "pattern_entropy": Real,
    "qk_distance": Real, "qk_distance_variance": Real, "induction_score": Real,
}  # fmt: skip
CONFIG = {
    "model_name": str, "np_model_id": str, "dataset_name": str, "heads": list, "n_layers": int, "n_heads": int,
    "n_intervals": int, "metrics": list, "metric_descriptions": dict, "head_data_pattern": str, "has_umap": bool,
    "umap_heads": list, "custom_plots": list, "custom_tables": list, "statistics_display": dict,
    "pipeline_config": dict,
}  # fmt: skip
PIPELINE = {
    "model_name": str, "np_model_id": str, "dataset_name": str, "dataset_config_name": str | None,
    "dataset_split": str, "dataset_text_field": str, "n_sequences": int, "seq_len": int, "batch_size": int,
    "exports_dir": str, "output_run_dir": str, "device": str, "dtype": str, "attn_implementation": str,
    "induction_attention_threshold": float, "trust_remote_code": bool, "min_free_vram_gb": float, "streaming": bool,
    "model_cache_dir": str, "delete_model_cache": bool, "revision": str | None, "dataset_revision": str | None,
    "n_intervals": int, "samples_per_interval": int, "samples_per_top_interval": int, "sparse_topk_per_row": int,
    "sparse_threshold": float, "sample_seed": int, "warmup_size": int, "created_at": str,
    "actual_sequences_processed": int, "num_hidden_layers": int, "num_attention_heads": int,
    "attention_layer_indices": list,
}  # fmt: skip
HEAD = {
    "sequences": list, "qk_distance_histogram": dict, "top_query_tokens": list, "top_key_tokens": list,
    "histogram": dict, "statistics": dict,
}  # fmt: skip
SEQUENCE = {
    "sequence_id": int, "interval": int, "tokens": list, "attention_indices": list, "attention_values": list,
    "seq_len": int, "max_activation": float,
}  # fmt: skip
EDGES = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def typed(value, expected):
    assert value.keys() == expected.keys()
    for name, kind in expected.items():
        assert isinstance(value[name], kind), name


@pytest.fixture(scope="module")
def tree(index, tmp_path_factory):
    return write_headvis(index, tmp_path_factory.mktemp("out") / "woz")


def check_head(page, config):
    typed(page, HEAD)
    for sequence in page["sequences"]:
        typed(sequence, SEQUENCE)
        size, values = sequence["seq_len"], sequence["attention_values"]
        assert size == len(sequence["tokens"]) and all(isinstance(token, str) for token in sequence["tokens"])
        assert 1 <= sequence["interval"] <= config["n_intervals"] and math.isfinite(sequence["max_activation"])
        places = sequence["attention_indices"]
        assert len(places) == len(values) and places == sorted(set(places))
        assert all(isinstance(place, int) and 0 <= place < size * size for place in places)
        assert all(0.005 <= value <= 1 for value in values)
        assert np.bincount(np.array(places) // size, minlength=size).max() <= 8
    counts = np.bincount([sequence["interval"] for sequence in page["sequences"]], minlength=6)
    assert (counts[1:5] <= 3).all() and counts[5] <= 10
    assert page["qk_distance_histogram"]["bin_edges"] == EDGES
    assert len(page["qk_distance_histogram"]["bin_values"]) == len(EDGES) - 1
    total = sum(sum(sequence["attention_values"]) for sequence in page["sequences"])
    assert sum(page["qk_distance_histogram"]["bin_values"]) == pytest.approx(total, abs=1e-2)
    for side in ("top_query_tokens", "top_key_tokens"):
        assert 0 < len(page[side]) <= 50
        assert all(top.keys() == {"token", "weight"} and isinstance(top["token"], str) for top in page[side])
        assert [top["weight"] for top in page[side]] == sorted((top["weight"] for top in page[side]), reverse=True)
    histogram = page["histogram"]
    assert len(histogram["bin_edges"]) == 51 and len(histogram["bin_values"]) == 50
    assert sum(histogram["bin_values"]) == config["pipeline_config"]["n_sequences"]
    assert all(isinstance(count, int) for count in histogram["bin_values"])
    assert page["statistics"].keys() == {"n_samples", "mean_max_activation"}
    assert page["statistics"]["n_samples"] == len(page["sequences"])


def test_every_field_has_its_name_and_type(tree, index):
    config = read(tree / "config.json")
    typed(config, CONFIG)
    typed(config["pipeline_config"], PIPELINE)
    for key in ("model_name", "dataset_name", "n_sequences", "seq_len", "dtype", "attn_implementation"):
        assert config["pipeline_config"][key]  # what the loaders cannot do without
    assert config["model_name"] == "model" and "/" not in config["np_model_id"]  # no path of this machine
    assert config["heads"] == [[layer, head] for layer in range(6) for head in range(12)]
    assert config["metrics"] == list(config["metric_descriptions"]) == list(METRICS)
    assert config["head_data_pattern"] == "L{layer}H{head}.json"
    assert {plot["key"] for plot in config["custom_plots"] + config["custom_tables"]} < HEAD.keys()
    assert read(tree / "server_config.json") == read(tree / "attributions" / "manifest.json") == {}


def test_a_row_and_a_file_for_each_head(tree):
    config, rows = read(tree / "config.json"), read(tree / "scatter_data.json")
    assert [[row["layer"], row["head"]] for row in rows] == config["heads"]
    for row in rows:
        typed(row, {"layer": int, "head": int} | METRICS)
    files = sorted(path.name for path in (tree / "heads").iterdir())
    assert files == sorted(f"L{layer}H{head}.json" for layer, head in config["heads"])
    assert all(re.fullmatch(r"L(\d+)H(\d+)\.json", name) for name in files)
    for name in files:
        check_head(read(tree / "heads" / name), config)


def test_the_numbers_are_those_of_the_stored_attention(tree, index):
    reader = index.opened.searcher.attention(3)
    whole = [reader.of_heads(number, [8])[0] for number in range(len(index.sentences))]
    row = next(r for r in read(tree / "scatter_data.json") if (r["layer"], r["head"]) == (3, 8))
    pieces = sum(map(len, whole))
    assert row["self_attention_score"] == pytest.approx(sum(map(np.trace, whole)) / pieces, abs=1e-4)
    page = read(tree / "heads" / "L3H8.json")
    for sequence in page["sequences"]:
        attention, size = whole[sequence["sequence_id"]], sequence["seq_len"]
        for place, value in zip(sequence["attention_indices"], sequence["attention_values"], strict=True):
            assert value == pytest.approx(attention[divmod(place, size)], abs=1e-4)
        plain = np.arange(1, size - 1)
        assert sequence["max_activation"] == pytest.approx(strength(attention[None], plain)[0], abs=1e-4)
    best = [sequence["max_activation"] for sequence in page["sequences"] if sequence["interval"] == 5]
    assert best == sorted(best, reverse=True)


def test_a_decoder_and_a_sample(corpus, tmp_path):
    model = Inspector.from_pretrained(tiny_gpt2_dir(tmp_path / "model"))
    built = CorpusIndex.build(model, corpus, tmp_path / "index", limit=12, progress=lambda done, total: None)
    written = []
    tree = write_headvis(built, tmp_path / "out", sentences=7, progress=lambda done, total: written.append(done))
    config = read(tree / "config.json")
    assert config["pipeline_config"]["n_sequences"] == 7 and written[-1] == len(config["heads"])
    page = read(tree / "heads" / "L0H0.json")
    check_head(page, config)
    assert any(token.startswith(" ") for sequence in page["sequences"] for token in sequence["tokens"])


def test_nothing_of_somebody_else_is_overwritten(tree, index, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(ExportError, match="is not empty"):
            write_headvis(index, tmp_path, overwrite=overwrite)
    with pytest.raises(ExportError, match="--overwrite"):
        write_headvis(index, tree)
    assert (tmp_path / "thesis.tex").read_text() == "x"
    stray = tree / "heads" / "L9H9.json"
    stray.write_text("{}")
    write_headvis(index, tree, sentences=5, overwrite=True)
    assert not stray.exists()
