"""The folder that the front end of HeadVis reads: the one place of that format.

HeadVis ("Visualizing Attention Heads", Luger, Kamath et al. 2026) and Neuronpedia, which hosts it, compute it for
causal models; here it is written from the stored attention of an index, so that encoders can be looked at there too.
Field names and types are those of Neuronpedia's pipeline (its `headvis` utilities, August 2026).

    config.json                 what was measured, and how
    scatter_data.json           a row of metrics for each head
    server_config.json          {}: nothing but files
    attributions/manifest.json  {}
    heads/L{layer}H{head}.json  sequences, histograms and top tokens of one head
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exbert_hub.analysis.head_pattern import (
    DISTANCE_EDGES,
    Pattern,
    PatternSums,
    buckets,
    even,
    induction,
    repeated,
    strength,
)
from exbert_hub.errors import ExportError
from exbert_hub.index.build.options import Progress
from exbert_hub.index.heads.page import strong_edges
from exbert_hub.index.search.stored_index import StoredIndex, in_one_piece

if TYPE_CHECKING:
    from exbert_hub.index.search.protocols import SearchableIndex
    from exbert_hub.index.store.attention_files import AttentionReader

SENTENCES = 2000
_INTERVALS, _PER_INTERVAL, _PER_TOP_INTERVAL = 5, 3, 10
_KEYS_PER_ROW, _FAINTEST, _INDUCTION_FROM = 8, 0.005, 0.01
_ACTIVATION_BINS, _TOP_TOKENS, _DIGITS = 50, 50, 4
_METRICS = {
    "self_attention_score": "Mean attention of a token to itself.",
    "prev_token_score": "Mean attention of a token to the one before it.",
    "pattern_entropy": "Mean entropy of the attention of a token, in nats: low for a sharp head.",
    "qk_distance": "Mean distance |q - k|, weighted by attention.",
    "qk_distance_variance": "Variance of |q - k|, weighted by attention.",
    "induction_score": "Mean attention of a token that occurred before to what came after it then, in this corpus.",
}


@dataclass(frozen=True)
class Sampled:
    """One sentence of the corpus in the form that HeadVis needs."""

    row: int  # of `index.sentences`
    tokens: list[str]
    ids: np.ndarray  # int [N]
    special: np.ndarray  # bool [N]

    @property
    def candidates(self) -> np.ndarray:
        """Positions of the tokens of the text."""
        return np.flatnonzero(~self.special)


@dataclass(frozen=True)
class _LayerStrengths:
    metrics: list[dict[str, float | None]]  # per head
    strengths: np.ndarray  # [sequences, H]


def write_headvis(
    index: SearchableIndex,
    output_dir: str | Path,
    *,
    sentences: int = SENTENCES,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the folder; `config.json` comes last, so a folder that has it is complete.

    :param sentences: how many of the corpus at most, spread evenly.
    :param progress: called with the heads written so far and the total.
    :raises ExportError: if the folder holds something, or the index has no attention.
    """
    output = Path(output_dir).expanduser()
    layers = index.manifest.attention_layers
    if not layers:
        raise ExportError("the index was built without attention, so there is nothing to show about its heads")
    stored = in_one_piece(
        index.opened, ExportError("an index in shards cannot be exported as a whole: export one of the shards")
    )
    _make_empty(output, overwrite)
    sequences = [_sequence(stored, int(row)) for row in even(len(stored.sentences), sentences)]
    sequences = [sequence for sequence in sequences if len(sequence.tokens) >= 2]
    heads = [(layer, head) for layer in layers for head in range(index.manifest.model.heads[layer])]
    scatter = []
    for layer in layers:
        reader = stored.searcher.attention(layer)
        measured = _measure(reader, sequences, index.manifest.model.heads[layer])
        for head, metrics in enumerate(measured.metrics):
            page = _head(reader, sequences, head, measured.strengths[:, head])
            _write(output / "heads" / f"L{layer}H{head}.json", page)
            scatter.append({"layer": layer, "head": head, **metrics})
            if progress:
                progress(len(scatter), len(heads))
    _write(output / "scatter_data.json", scatter)
    _write(output / "server_config.json", {})
    _write(output / "attributions" / "manifest.json", {})
    _write(output / "config.json", _config(index, heads, sequences, output.name))
    return output


def _make_empty(output: Path, overwrite: bool) -> None:
    ours = (output / "config.json").is_file() and (output / "scatter_data.json").is_file()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        if not (overwrite and ours):
            raise ExportError(
                f"{output} is not empty: give a new folder"
                + (", or --overwrite (overwrite=True) to replace the export in it" if ours else "")
            )
        for name in ("config.json", "scatter_data.json", "server_config.json"):
            (output / name).unlink(missing_ok=True)
        for name in ("heads", "attributions"):
            shutil.rmtree(output / name, ignore_errors=True)
    (output / "heads").mkdir(parents=True, exist_ok=True)
    (output / "attributions").mkdir(exist_ok=True)


def _sequence(index: StoredIndex, row: int) -> Sampled:
    table = index.sentences.data.table
    text, pieces = table.column("text")[row].as_py(), table.column("pieces")[row].as_py()
    return Sampled(
        row,
        [_token(piece["piece"], text[piece["start"] : piece["end"]]) for piece in pieces],
        np.array([piece["piece_id"] for piece in pieces]),
        np.array([piece["special"] for piece in pieces], bool),
    )


def _token(piece: str, spelled: str) -> str:
    """A piece as its tokenizer decodes it. Byte-level pieces spell other scripts in Latin letters: there the text."""
    marked = piece.startswith(("Ġ", "▁"))
    bare = piece.lstrip("Ġ▁")
    return f"{' ' if marked else ''}{bare if bare.isascii() or not spelled.strip() else spelled.strip()}"


def _measure(reader: AttentionReader, sequences: Sequence[Sampled], heads: int) -> _LayerStrengths:
    sums, strengths = PatternSums(heads), np.zeros((len(sequences), heads))
    continued, again = np.zeros(heads), 0
    for number, sequence in enumerate(sequences):
        attention = reader.of_heads(sequence.row, range(heads))
        sums.add(attention)
        strengths[number] = strength(attention, sequence.candidates)
        continued += induction(attention, sequence.ids, sequence.special, _INDUCTION_FROM)
        again += repeated(sequence.ids, sequence.special)
    scores = (continued / again).tolist() if again else [None] * heads
    return _LayerStrengths([_metrics(*head) for head in zip(sums.means(), scores, strict=True)], strengths)


def _metrics(pattern: Pattern, score: float | None) -> dict[str, float | None]:
    values = zip(_METRICS, (*pattern, score), strict=True)
    return {name: None if value is None else round(value, _DIGITS) for name, value in values}


def _head(reader: AttentionReader, sequences: Sequence[Sampled], head: int, strengths: np.ndarray) -> dict[str, Any]:
    counts, edges = np.histogram(np.clip(strengths, 0, 1), _ACTIVATION_BINS, (0, 1))
    chosen = list(_chosen(reader, sequences, head, strengths))
    return {
        "sequences": chosen,
        "qk_distance_histogram": _distances(chosen),
        "top_query_tokens": _top_tokens(chosen, lambda place, size: place // size),
        "top_key_tokens": _top_tokens(chosen, lambda place, size: place % size),
        "histogram": {"bin_edges": [round(edge, _DIGITS) for edge in edges.tolist()], "bin_values": counts.tolist()},
        "statistics": {
            "n_samples": len(chosen),
            "mean_max_activation": round(float(strengths.mean()), _DIGITS) if len(strengths) else None,
        },
    }


def _chosen(
    reader: AttentionReader, sequences: Sequence[Sampled], head: int, strengths: np.ndarray
) -> Iterator[dict[str, Any]]:
    """Of each fifth some sequences, of the strongest the very strongest; `interval` 1 is the weakest."""
    for interval, part in enumerate(buckets(strengths, _INTERVALS), 1):
        is_top = interval == _INTERVALS
        for place in part[::-1][:_PER_TOP_INTERVAL] if is_top else part[even(len(part), _PER_INTERVAL)]:
            sequence, size = sequences[place], len(sequences[place].tokens)
            edges = strong_edges(reader.of_heads(sequence.row, [head])[0], _KEYS_PER_ROW, _FAINTEST)
            yield {
                "sequence_id": sequence.row,
                "interval": interval,
                "tokens": sequence.tokens,
                "attention_indices": [edge.source * size + edge.target for edge in edges],
                "attention_values": [round(edge.weight, _DIGITS) for edge in edges],
                "seq_len": size,
                "max_activation": round(float(strengths[place]), _DIGITS),
            }


def _distances(sequences: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    values = np.zeros(len(DISTANCE_EDGES) - 1)
    for sequence in sequences:
        source, target = np.divmod(np.array(sequence["attention_indices"], np.int64), sequence["seq_len"])
        bins = np.searchsorted(DISTANCE_EDGES, np.abs(source - target), "right") - 1
        values += np.bincount(bins, sequence["attention_values"], len(values))[: len(values)]
    return {"bin_edges": list(DISTANCE_EDGES), "bin_values": np.round(values, _DIGITS).tolist()}


def _top_tokens(sequences: Sequence[dict[str, Any]], place: Callable[[int, int], int]) -> list[dict[str, Any]]:
    weights: Counter[str] = Counter()
    for sequence in sequences:
        for index, value in zip(sequence["attention_indices"], sequence["attention_values"], strict=True):
            weights[sequence["tokens"][place(index, sequence["seq_len"])]] += value
    return [{"token": token, "weight": round(w, _DIGITS)} for token, w in weights.most_common(_TOP_TOKENS)]


def _config(
    index: SearchableIndex, heads: Sequence[tuple[int, int]], sequences: Sequence[Sampled], folder: str
) -> dict[str, Any]:
    manifest = index.manifest
    # a local model goes by its name: its path stays private
    local = Path(manifest.model_id).is_absolute()
    model = Path(manifest.model_id).name if local else manifest.model_id
    name = re.sub(r"[^a-z0-9._-]+", "-", model.rpartition("/")[2].lower()).strip("-")
    shared = {"model_name": model, "np_model_id": name, "dataset_name": manifest.corpus.name}
    most = max(manifest.model.heads)
    pipeline = shared | {
        "dataset_config_name": None,
        "dataset_split": "",
        "dataset_text_field": "text",
        "n_sequences": len(sequences),
        "seq_len": max((len(sequence.tokens) for sequence in sequences), default=0),
        "batch_size": 1,
        "exports_dir": "",
        "output_run_dir": folder,
        "device": "cpu",
        "dtype": "uint8-sqrt",
        "attn_implementation": "eager",
        "induction_attention_threshold": _INDUCTION_FROM,
        "trust_remote_code": False,
        "min_free_vram_gb": 0.0,
        "streaming": False,
        "model_cache_dir": "",
        "delete_model_cache": False,
        "revision": manifest.model.revision,
        "dataset_revision": None,
        "n_intervals": _INTERVALS,
        "samples_per_interval": _PER_INTERVAL,
        "samples_per_top_interval": _PER_TOP_INTERVAL,
        "sparse_topk_per_row": _KEYS_PER_ROW,
        "sparse_threshold": _FAINTEST,
        "sample_seed": 0,
        "warmup_size": 0,
        "created_at": datetime.now(UTC).isoformat(),
        "actual_sequences_processed": len(sequences),
        "num_hidden_layers": len(manifest.model.heads),
        "num_attention_heads": most,
        "attention_layer_indices": list(manifest.attention_layers),
    }
    return shared | {
        "heads": [list(head) for head in heads],
        "n_layers": len(manifest.model.heads),
        "n_heads": most,
        "n_intervals": _INTERVALS,
        "metrics": list(_METRICS),
        "metric_descriptions": _METRICS,
        "head_data_pattern": "L{layer}H{head}.json",
        "has_umap": False,
        "umap_heads": [],
        "custom_plots": [
            {"key": "qk_distance_histogram", "label": "Q-K distance"},
            {"key": "histogram", "label": "Activation distribution"},
        ],
        "custom_tables": [
            {"key": "top_query_tokens", "label": "Top query tokens"},
            {"key": "top_key_tokens", "label": "Top key tokens"},
        ],
        "statistics_display": {
            "n_samples": {"label": "Samples kept", "format": "default"},
            "mean_max_activation": {"label": "Mean max activation", "format": "default"},
        },
        "pipeline_config": pipeline,
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
