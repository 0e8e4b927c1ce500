"""What a build costs beyond the forward pass that it cannot do without.

`capturing` runs both sides over the same batches: the plain forward pass, as anybody would run it for speed (sdpa,
inference mode, no hidden states), and ours with everything that is kept, until it lies on the disk.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index.build.compute import batches_of, passes_at_once
from exbert_hub.index.build.options import BuildOptions
from exbert_hub.index.build.plan import BuildPlan, make_plan
from exbert_hub.index.build.shards import Group, ShardJob, groups, write_shards
from exbert_hub.index.build.windows import Window
from exbert_hub.model import Inspector

from .measure import Row, at_least, at_most, figure, ratio_of
from .whole_build import memory, utilisation

if TYPE_CHECKING:
    import torch

SHAPES = {"6x384": (6, 384), "12x768": (12, 768)}


def quick() -> list[Row]:
    """In a third of a minute: the small model, a part of the corpus."""
    return capturing("6x384", sentences=80, pieces=1000, runs=3)


def full() -> list[Row]:
    """Both models, a quarter of the corpus for the small one; then whole builds."""
    return [
        *capturing("6x384", sentences=500, pieces=10_000, runs=5),
        *capturing("12x768", sentences=90, pieces=3000, runs=3),
        utilisation(1500),
        memory(50_000),
    ]


def capturing(shape: str, sentences: int, pieces: int, runs: int) -> list[Row]:
    """Tokens per second of capture and writing, against the plain forward pass over the same batches.

    :param pieces: of a shard.
    """
    with bert(*SHAPES[shape]) as inspector:
        rows = []
        for attention, least, aim, times in ((False, 0.85, 0.95, runs), (True, 0.65, None, min(runs, 3))):
            plan = plan_of(inspector, attention)
            corpus = list(itertools.islice(open_corpus(demo.CORPUS), sentences))
            shards = list(groups(corpus, inspector, replace(plan, shard_pieces=pieces)))
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "build"
                ours = built(inspector, shards, plan, place)
                ratio = ratio_of(plain(inspector, shards), ours, times, between=partial(shutil.rmtree, place))
            what = "attention and heads too" if attention else "all vectors"
            count = sum(shard.coverage.pieces for shard in shards)
            note = f"{count:,} pieces, random weights; plain forward / (capture and write)"
            rows.append(at_least(f"build {shape}, {what}, against plain forward", ratio, least, target=aim, note=note))
            if not attention:
                rows.append(at_most(f"padding waste {shape}", 100 * waste(inspector, shards), 5, "%"))
                gain = ratio_of(plain(inspector, shards), at_once(inspector, shards), 3)
                rows.append(figure(f"plain forward {shape}, batches at once as a build runs them, against that", gain))
    return rows


def plan_of(inspector: Inspector, attention: bool) -> BuildPlan:
    return make_plan(inspector.model_info, open_corpus(demo.CORPUS).info, BuildOptions(attention=attention))


def plain(inspector: Inspector, shards: Sequence[Group]) -> Callable[[], None]:
    """The forward pass alone, over the batches of a build, one after the other with all threads."""
    import torch

    model, inputs = inspector.model.base_model, padded(inspector, shards)

    def run() -> None:
        model.set_attn_implementation("sdpa")
        with torch.inference_mode():
            for each in inputs:
                model(**each)

    return run


def at_once(inspector: Inspector, shards: Sequence[Group]) -> Callable[[], None]:
    """The same, as many at once as a build runs, with a share of the threads each."""
    import torch

    model, inputs = inspector.model.base_model, padded(inspector, shards)
    passes, threads = passes_at_once(inspector), torch.get_num_threads()

    def one(each: dict[str, torch.Tensor]) -> None:
        with torch.inference_mode():
            model(**each)

    def run() -> None:
        model.set_attn_implementation("sdpa")
        with ThreadPoolExecutor(passes, initializer=torch.set_num_threads, initargs=(threads // passes,)) as pool:
            list(pool.map(one, inputs))
        torch.set_num_threads(threads)

    return run


def padded(inspector: Inspector, shards: Sequence[Group]) -> list[dict[str, torch.Tensor]]:
    """What the model takes of each batch."""
    import torch

    inputs = []
    for windows in batched(inspector, shards):
        rows = [torch.from_numpy(window.tokens.ids) for window in windows]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        inputs.append({"input_ids": ids, "attention_mask": mask})
    return inputs


def built(inspector: Inspector, shards: Sequence[Group], plan: BuildPlan, place: Path) -> Callable[[], None]:
    """The same with everything that a build keeps, until it lies on the disk."""

    def run() -> None:
        for _ in write_shards(shards, ShardJob(inspector, plan, place, (), lambda pieces: None)):
            pass

    return run


def batched(inspector: Inspector, shards: Sequence[Group]) -> Iterator[list[Window]]:
    for shard in shards:
        for numbers in batches_of(shard.windows, inspector, ()):
            yield [shard.windows[number] for number in numbers]


def waste(inspector: Inspector, shards: Sequence[Group]) -> float:
    """Share of what the model reads that is padding."""
    lengths = [[len(window) for window in windows] for windows in batched(inspector, shards)]
    return 1 - sum(map(sum, lengths)) / sum(len(each) * max(each) for each in lengths)


@contextmanager
def bert(layers: int, width: int) -> Iterator[Inspector]:
    """A BERT with random weights; what it computes takes as long as what a trained one computes."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(demo.MODEL, local_files_only=True)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * width,
    )
    with tempfile.TemporaryDirectory() as folder:
        BertForMaskedLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        yield Inspector.from_pretrained(folder, local_files_only=True)


if __name__ == "__main__":
    import sys

    from .measure import machine, table

    print(machine(), table(full() if "--full" in sys.argv else quick()), sep="\n")
