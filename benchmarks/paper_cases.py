"""The paper's three case studies on the embedded model and corpus: `make paper-cases` writes docs/paper_cases.md.

Hoover, Strobelt, Gehrmann 2019, section 4: what a masked word looks like layer by layer (4.1), what heads of one layer
detect alone and together (4.2), a head that follows position instead of syntax (4.3). The verdicts are computed from
the tables; nothing is edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from exbert_hub import demo
from exbert_hub.index import CorpusIndex, Matches, Summary
from exbert_hub.model import Inspection, Inspector

PAGE = Path(__file__).parent.parent / "docs" / "paper_cases.md"
LAYERS = ("emb", 0, 1, 2, 3, 4, 5)
HEAD_LAYER = 3
HEAD_CHOICES = ((2,), (8,), (11,), (2, 8), tuple(range(12)))
POSITION_HEADS = ((0, 2, -1), (1, 8, 1))  # layer, head, the offset that the model's card gives


def bars(summary: Summary, count: int = 3) -> str:
    return ", ".join(f"{bar.label or '(none)'} {bar.count} (×{bar.lift:.1f})" for bar in summary.bars[:count])


def share(summary: Summary, label: str) -> float:
    return next((bar.share for bar in summary.bars if bar.label == label), 0.0)


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def search(index: CorpusIndex, seen: Inspection, token: str, layer: int | str, heads: Sequence[int] = ()) -> Matches:
    options = {"by": "heads", "heads": heads} if heads else {"by": "embedding"}
    return index.search(seen, token, layer=layer, exclude_query=True, unique_sentences=True, **options)


def behind_the_mask(inspector: Inspector, index: CorpusIndex) -> Iterator[str]:
    seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
    yield "## 4.1 Behind the mask\n"
    yield f'"{demo.SENTENCE}" with "escape" masked; the 50 nearest by embedding at each layer. The model'
    yield "predicts " + ", ".join(f"{p.text} {p.probability:.2f}" for p in seen.predictions("escape", 10)) + ".\n"
    yield row("layer", "POS of the 50 nearest (lift)", "DEP of the 50 nearest (lift)", "scores")
    yield row(*["---"] * 4)
    verbs = {}
    for layer in LAYERS:
        found = search(index, seen, "escape", layer)
        pos = found.summary("pos")
        verbs[layer] = share(pos, "VERB")
        yield row(layer, bars(pos), bars(found.summary("dep")), f"{found[0].score:.2f} to {found[-1].score:.2f}")
    later = min(verbs[layer] for layer in LAYERS[2:])
    holds = verbs["emb"] < 0.5 <= later
    yield (
        f"\n**{'Holds' if holds else 'Does not hold'}**: the neighbours of the mask are not verbs at the input "
        f"({verbs['emb']:.0%} VERB) and {'are' if holds else 'are not always'} verbs from layer 1 on (at least "
        f"{later:.0%} VERB)."
    )


def behind_the_heads(inspector: Inspector, index: CorpusIndex) -> Iterator[str]:
    seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
    yield "\n## 4.2 Behind the heads\n"
    yield f"The same mask, searched by single heads of layer {HEAD_LAYER} and by several together.\n"
    yield row("heads", "DEP of the match", "DEP of the max-attention token", "offset of the max-attention token")
    yield row(*["---"] * 4)
    clauses, particles = {}, {}
    for heads in HEAD_CHOICES:
        found = search(index, seen, "escape", HEAD_LAYER, heads)
        dep, attended = found.summary("dep"), found.summary("dep", of="max_attention")
        offsets = found.summary("offset", of="max_attention")
        clauses[heads], particles[heads] = share(dep, "advcl"), share(attended, "aux")
        commonest = sorted(offsets.bars, key=lambda bar: -bar.count)[:3]
        name = "all" if len(heads) == 12 else f"{HEAD_LAYER}-[{','.join(map(str, heads))}]"
        yield row(name, bars(dep), bars(attended), ", ".join(f"{int(b.label):+d}: {b.count}" for b in commonest))
    single = max((heads for heads in HEAD_CHOICES if len(heads) == 1), key=lambda heads: particles[heads])
    pair = next(heads for heads in HEAD_CHOICES if len(heads) == 2)
    best_single = max(clauses[heads] for heads in HEAD_CHOICES if len(heads) == 1)
    detects = particles[single] >= 0.5
    sharper = clauses[pair] > best_single
    verdicts = [f"**{'Holds' if true else 'Does not hold'}**" for true in (detects, sharper)]
    yield (
        f'\n{verdicts[0]} for a single head: head {HEAD_LAYER}-{single[0]} attends to the particle (DEP aux, the "to" '
        f"of an infinitive) in {particles[single]:.0%} of its matches. {verdicts[1]} for the combination: "
        f'{HEAD_LAYER}-[{",".join(map(str, pair))}] finds adverbial clauses (the role of "escape") in '
        f"{clauses[pair]:.0%} of its matches, and the better of the two heads alone finds them in {best_single:.0%}."
    )


def behind_the_position(inspector: Inspector, index: CorpusIndex) -> Iterator[str]:
    seen = inspector.inspect(demo.SENTENCE)
    yield "\n## 4.3 A head that follows position\n"
    yield "The unmasked sentence, searched by a head that looks one piece back or ahead.\n"
    yield row(
        "head", "token", "offset of the max-attention token (50 nearest)", "base rate over the corpus", "verdict"
    )
    yield row(*["---"] * 5)
    for layer, head, offset in POSITION_HEADS:
        for token in ("pub", "din", "girl"):
            summary = search(index, seen, token, layer, (head,)).summary("offset", of="max_attention")
            bar = next(bar for bar in summary.bars if bar.label == str(offset))
            verdict = "holds" if bar.share >= 0.9 else "does not hold"
            yield row(f"{layer}-{head}", token, f"{offset:+d}: {bar.count} of 50", f"{bar.base_rate:.1%}", verdict)
    yield (
        "\nThe base rate explains it: such a head looks there in nearly every sentence, whatever the words are. "
        "Without the base rate, the offset histogram would have looked like a finding about this token."
    )


def main() -> None:
    inspector, index = demo.load()
    manifest = index.manifest
    lines = [
        "# The paper's case studies, on the embedded demo\n",
        "Written by `make paper-cases`; the verdicts are computed. Numbers in brackets are lifts over the base rate.",
        f"Model: exbert-mini (6 layers, 12 heads). Corpus: {manifest.corpus.name}, {manifest.sentences:,} sentences, "
        f"{manifest.pieces:,} pieces. The query's own sentence and repeated sentences are left out. Layer `l` is the "
        "output of block `l`, `emb` the input embeddings; the paper's layer l may be our l-1.\n",
        *behind_the_mask(inspector, index),
        *behind_the_heads(inspector, index),
        *behind_the_position(inspector, index),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
