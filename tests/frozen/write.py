"""Wrote tests/fixtures/frozen, and can write it again: `python -m tests.frozen.write`, in the root of a checkout.

No test runs this. The fixture is what the code of December 2026 wrote, before its modules were moved; it is there so
that later code can be held to it, and loses its worth when later code writes it. Write it again only where an answer
is to change, and say so in the commit. It takes a minute, node, and Ray, which builds the shards. Tokenizers are
trained differently every time, so a search may then have two matches too close to each other: it is refused, and asks
for another word or number of matches.

What the folder holds:

    corpus.conllu, story.txt   by hand: 40 sentences (annotated by spaCy, kept as gold), and a text without labels
    moods.tsv                  by hand: labels to attach
    model/, causal_model/      tiny checkpoints with tokenizers; head 2-1 of the first attends to the piece before
    fp16/ fp32/ sq8/           indexes of the masked model; fp16 has every kind of file that an index can have
    causal/                    an index of the causal model
    shards/                    the corpus as three indexes and the list that makes them one
    addresses.json             addresses of the page, and what each restores
    expected/                  the answers

With `--answers` only the answers are written, from the models and indexes that are there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .commands import COMMANDS, answer_of
from .exports import FORMATS, SEARCH, exported
from .files import described_files
from .hub import hub_answers
from .questions import QUESTIONS, SEARCHES, Search
from .same import plain
from .stored import EXPECTED, FROZEN, Stored, run

_CLEAR = 2e-5  # between the scores of two matches: several times what a processor may change


def main() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.chdir(FROZEN)
    if "--answers" not in sys.argv:
        write_models()
        write_indexes()
    write_answers()


def write_models() -> None:
    """Seeded random weights, and one head that is made to do something."""
    import torch
    import transformers

    from ..tiny_models import byte_pairs, word_piece

    lines = Path("corpus.conllu").read_text(encoding="utf-8").splitlines()
    texts = [line.removeprefix("# text = ") for line in lines if line.startswith("#")]
    for name in ("model", "causal_model"):
        shutil.rmtree(name, ignore_errors=True)
    width, hidden = 6, 24  # of a head, of all four
    words = word_piece(texts, 190)
    words.model_max_length = 48
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=hidden,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=32,
        max_position_embeddings=48,
        initializer_range=0.25,
        pad_token_id=words.pad_token_id,
    )
    model = transformers.BertForMaskedLM(config).eval()
    waves = torch.linspace(0.3, 2.6, width // 2)
    angles = torch.arange(config.max_position_embeddings)[:, None] * waves
    turn = torch.zeros(width, width)
    for number, wave in enumerate(waves):
        pair = slice(2 * number, 2 * number + 2)
        turn[pair, pair] = torch.tensor([[wave.cos(), wave.sin()], [-wave.sin(), wave.cos()]])
    with torch.no_grad():  # the first values of every state are a code of the position, which no layer changes
        embeddings = model.bert.embeddings
        for table in (embeddings.word_embeddings.weight, embeddings.token_type_embeddings.weight):
            table[:, :width] = 0
        embeddings.position_embeddings.weight[:, :width] = torch.stack([angles.cos(), angles.sin()], -1).flatten(1)
        for layer in model.bert.encoder.layer:
            for part in (layer.attention.output.dense, layer.output.dense):
                part.weight[:width] = 0
                part.bias[:width] = 0
        attention, head = model.bert.encoder.layer[2].attention.self, slice(width, 2 * width)
        for part, code in ((attention.query, turn), (attention.key, torch.eye(width))):
            part.weight[head] = 0
            part.weight[head, :width] = 4 * code
            part.bias[head] = 0
    model.save_pretrained("model")
    words.save_pretrained("model")

    pieces = byte_pairs(texts, 400)
    pieces.model_max_length = 48
    causal = transformers.GPT2Config(
        vocab_size=len(pieces),
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_inner=24,
        n_positions=48,
        initializer_range=0.25,
        bos_token_id=0,
        eos_token_id=0,
    )
    transformers.GPT2LMHeadModel(causal).eval().save_pretrained("causal_model")
    pieces.save_pretrained("causal_model")


def write_indexes() -> None:
    """By the command line, as anybody would."""
    for name in ("fp16", "fp32", "sq8", "causal", "shards"):
        shutil.rmtree(name, ignore_errors=True)
    about = ["--name", "frozen", "--license", "cc0-1.0", "--device", "cpu", "--quiet"]
    few = ["--layers", "emb,2", "--kinds", "embedding"]
    shards = ["--layers", "2", "--ray", "local", "--workers", "1", "--no-merge", "--shard-pieces", "330"]
    for name, model, options in (
        ("fp16", "model", ["--fast"]),
        ("fp32", "model", [*few, "--codec", "fp32", "--no-attention"]),
        ("sq8", "model", ["--layers", "1,2", "--codec", "sq8", "--no-attention"]),
        ("causal", "causal_model", ["--layers", "1"]),
        ("shards", "model", shards),
    ):
        done = run(["build", model, "corpus.conllu", "-o", name, *options, *about])
        assert done.code == 0, done.err
    assert run(["annotate", "fp16", "moods.tsv"]).code == 0


def write_answers() -> None:
    stored = Stored()
    write_addresses()
    shutil.rmtree(EXPECTED, ignore_errors=True)
    EXPECTED.mkdir()
    for name, search in {**SEARCHES, "exports": SEARCH}.items():
        check_clear(name, search, stored)
    for file, questions in QUESTIONS.items():
        write(file, {name: plain(ask(stored)) for name, ask in questions.items()})
    write("files", described_files())
    write("hub", hub_answers())
    write("commands", {command.name: answer_of(command) for command in COMMANDS})
    for format in FORMATS:
        (EXPECTED / f"search.{format}").write_bytes(exported(SEARCH.find(stored), stored.index(*SEARCH.index), format))


ADDRESSES = (
    "",
    "layer=2&heads=1%2C3&token=10&mask=10&by=heads&search=1&filter=match%3Apos%3AVERB&attended=dep",
    "model=bert-base-uncased&index=someone%2Fwoz-bert&text=She+ran+to+escape.&token=4&layer=5&heads=6%2C9&top=35",
    "text=%F0%9F%A6%89+%26+%23+%25+%2B+%D7%A9%D7%9C%D7%95%D7%9D&hide=0&words=1&layer=emb&heads=none&side=to",
    "text=A+lion.&pair=It+slept.&stack=cross&window=12%2C40&mask=1%2C3&mode=norms&grid=1&span=4&direction=in",
    "token=0&layer=0&heads=0&top=0&span=0&click=1&next=ent_type&colour=mood&match=lemma",
    "ablate=5-6%2C5-9%2C0-11&compare=heads&token=4&profile=dep&mode=rollout",
    "compare=text&against=Another+sentence%3F&mask=2&search=1&attended=offset&by=embedding",
    "finder=dependency%3Ato_head%3Adobj&head=5-9&embed=1&layer=5",
    "layer=abc&heads=1%2Cx%2C3&by=magic&stack=tower&mode=&token=x&top=170&span=99&hide=&window=7&__theme=dark",
)
"""Of the page, as links and bookmarks have them: all of its fields, their edges, and what is no state at all."""

_RESTORE = """
const state = await import(process.argv[1]), facts = { heads: [4, 4, 4, 4, 4, 4], from: 18, to: 18 };
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((address) => {
  const restored = state.fromQuery(address);
  return { address, restored, again: state.toQuery(restored), shown: state.clamp(restored, facts).values };
})));
"""


def write_addresses() -> None:
    """What the page's own script makes of them."""
    script = FROZEN.parents[2] / "exbert_hub/app/static/core/state.js"
    command = ["node", "--input-type=module", "-e", _RESTORE, str(script), json.dumps(ADDRESSES)]
    restored = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in restored)
    (FROZEN / "addresses.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def check_clear(name: str, search: Search, stored: Stored) -> None:
    """Refuse a search whose order could be another one on another machine."""
    matches = search.find(stored, k=search.options["k"] + 1)
    gaps = -np.diff([match.score for match in matches])
    if gaps.min() < _CLEAR:
        scores = [round(match.score, 6) for match in matches]
        raise SystemExit(f"{name}: two matches are {gaps.min():.2g} apart, ask for something else: {scores}")


def write(name: str, answers: dict[str, Any]) -> None:
    """A line for each answer, so that a change shows where it is."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in answers.items()]
    (EXPECTED / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
