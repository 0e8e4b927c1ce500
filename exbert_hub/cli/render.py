"""Plain text for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from exbert_hub.analysis.significance import LEVEL
from exbert_hub.units import format_bytes

if TYPE_CHECKING:
    from exbert_hub.cache import CacheEntry
    from exbert_hub.index import LayerProfile, Matches, Summary
    from exbert_hub.index.compare.attention_difference import AttentionDifference
    from exbert_hub.index.compare.comparison import Comparison, TokenComparison
    from exbert_hub.index.format.head_table import HeadScore
    from exbert_hub.index.format.manifest import Manifest
    from exbert_hub.index.heads.examples import HeadExample
    from exbert_hub.index.heads.subsets import FoundHeads
    from exbert_hub.index.hub.discovery import SharedIndex
    from exbert_hub.index.labels.attach import Attached
    from exbert_hub.index.results.types import Match

_CONTEXT = 44  # characters on either side of the match
_BARS = 8
_SHIFTED = 6  # heads named


def matches(results: Matches) -> str:
    """The matches, one per line, and what they have in common."""
    left_out = "".join(f", {count} left out ({why})" for why, count in results.left_out.items())
    parts = [f"{len(results)} nearest to {results.query}{left_out}", *(_match(match) for match in results)]
    summaries = results.summaries()
    parts += map(_summary, summaries)
    if not all(bar.significant for summary in summaries for bar in summary.bars):
        parts.append(f"\nn.s.: not distinguishable from the base rate (false discovery rate {LEVEL:.0%})")
    return "\n".join(parts)


def _match(match: Match) -> str:
    text, (start, end) = match.context.text, match.context.offsets[match.position]
    before = text[max(0, start - _CONTEXT) : start].replace("\n", " ")
    after = text[end : end + _CONTEXT].replace("\n", " ")
    line = f"{match.score:6.3f}  {before:>{_CONTEXT}}[{text[start:end]}]{after:<{_CONTEXT}}  {match.labels['pos']}"
    labels = match.max_attention_labels
    return line if labels is None else f"{line}  -> {labels['text']} ({labels['pos']}, {match.offset:+d})"


def _summary(summary: Summary) -> str:
    title = f"\n{summary.field} of the {summary.of.replace('_', '-')} tokens ({summary.total}):"
    bars = summary.bars if summary.field == "offset" else summary.bars[:_BARS]
    lines = [
        f"  {bar.label or '(none)':<12} {bar.count:>4}  {bar.share:6.1%} ({bar.low:3.0%} to {bar.high:4.0%})  "
        f"base {bar.base_rate:6.1%}  {f'x{bar.lift:.1f}':<7} {f'q {bar.q:.1g}' if bar.significant else 'n.s.'}"
        for bar in bars
    ]
    more = len(summary.bars) - len(bars)
    return "\n".join([title, *lines, *([f"  and {more} more"] if more else [])])


def attached(labels: Attached, pieces: int) -> str:
    """What was attached to an index with this many pieces."""
    unused = f"; {labels.unused:,} rows are for words that no indexed piece belongs to" if labels.unused else ""
    return f"{', '.join(labels.labels)}: {labels.pieces:,} of {pieces:,} pieces have a label{unused}"


def comparison(result: Comparison) -> str:
    """What is different, layer by layer."""
    parts = [] if result.token is None else [_token_comparison(result.token, result.by)]
    if result.similarity:
        rows = [("layer", "CKA", "chance")]
        rows += [(str(layer.layer), f"{layer.cka:.3f}", f"{layer.chance:.3f}") for layer in result.similarity]
        first, second = result.names
        title = f"{first} and {second}, {result.by} vectors of {result.sample:,} of {result.words:,} common words"
        parts.append(f"{title}\n{_table(rows)}")
    return "\n\n".join(parts)


def _token_comparison(result: TokenComparison, by: str) -> str:
    (one, other), profiles = result.asked, result.profiles
    rows: list[tuple[str, ...]] = [
        ("layer", "RBO", "Jaccard", "shared", f"{profiles[0].field} of the first", "and of the second")
    ]
    for layer in result.overlap:
        tops = [_top_label(profile, layer.layer) for profile in profiles]
        rows.append((str(layer.layer), f"{layer.rbo:.2f}", f"{layer.jaccard:.2f}", str(layer.shared), *tops))
    title = f"{one} and {other}: words of the {result.k} nearest by {by} (RBO with p = {result.p})"
    texts = [] if one.text == other.text else [f"first   {one.text}\nsecond  {other.text}"]
    parts = [*texts, f"{title}\n{_table(rows)}"]
    predicted = [
        f"predictions of the {name}: {', '.join(f'{piece.text} {piece.probability:.1%}' for piece in predictions)}"
        for name, predictions in zip(("first", "second"), result.predictions, strict=True)
        if predictions
    ]
    parts += ["\n".join(predicted)] if predicted else []
    parts.append(result.no_attention if result.attention is None else _shifted(result.attention))
    return "\n\n".join(parts)


def _shifted(attention: AttentionDifference) -> str:
    """The heads whose attention moved most."""
    shifts = sorted(
        (-share, layer, "mean" if attention.mean_of_heads else head)
        for layer, heads in enumerate(attention.shift)
        for head, share in enumerate(heads or ())
    )
    if not shifts or not shifts[0][0]:
        return "no attention went elsewhere"
    named = (f"{layer}-{head} {-share:.1%}" for share, layer, head in shifts[:_SHIFTED])
    return f"attention that went elsewhere, most at heads {', '.join(named)}"


def _top_label(profile: LayerProfile, layer: object) -> str:
    bars = next(summary.bars for summary in profile.layers if summary.layer == layer)
    return f"{bars[0].label or '(none)'} {bars[0].share:.0%}"


def manifest(facts: Manifest, place: str) -> str:
    """What an index holds, for people."""
    model, corpus, coverage = facts.model, facts.corpus, facts.coverage
    layers = {kind: [str(s.layer) for s in facts.vectors if s.kind == kind] for kind in ("embedding", "heads")}
    size = sum(entry.size for entry in facts.files.values())
    lines = {
        "index": place,
        "model": f"{model.model_id} (revision {model.revision or 'local'}, {model.architecture}, {model.kind})",
        "corpus": f"{corpus.name} from {corpus.source}",
        "licence": corpus.license or "not given",
        "annotator": f"{corpus.annotator} {corpus.annotator_version}".strip(),
        "embeddings": "layers " + ", ".join(layers["embedding"]) if layers["embedding"] else "none",
        "heads": "layers " + ", ".join(layers["heads"]) if layers["heads"] else "none",
        "labels": ", ".join((*facts.labels, *facts.added_labels)),
        "attention": "stored" if facts.attention_layers else "not stored",
        "vectors": f"{facts.codec}, {facts.pieces:,} per layer and kind",
        "size": f"{format_bytes(size)} in {len(facts.files)} files ({format_bytes(size / facts.pieces)} per piece)",
        "built": f"{facts.created} with {', '.join(f'{k} {v}' for k, v in facts.versions.items())}",
    }
    counted = {
        "sentences": coverage.sentences,
        "windows": coverage.windows,
        "sentences cut": coverage.sentences_cut,
        "words": coverage.words,
        "pieces": coverage.pieces,
        "pieces indexed": coverage.pieces_indexed,
        "spanning pieces": coverage.pieces_spanning,
        "pieces without a word": coverage.pieces_without_word,
        "words uncovered": coverage.words_uncovered,
        **coverage.notes,
    }
    return "\n".join([*(f"{name:<12}{value}" for name, value in lines.items()), "coverage", *_counts(counted.items())])


def _counts(items: Iterable[tuple[str, int]]) -> list[str]:
    return [f"  {name:<22}{count:>12,}" for name, count in items]


def heads(scores: Sequence[HeadScore], examples: Sequence[HeadExample]) -> str:
    """Heads, one per line, and sentences that show what the best of them does."""
    rows = [("head", "measure", "label", "direction", "value", "baseline", "n", "q")]
    for score in scores:
        q = "" if score.q is None else f"{score.q:.1g}" if score.significant else "n.s."
        numbers = f"{score.value:.3f}", f"{score.baseline:.3f}", f"{score.n:,}", q
        rows.append((score.name, score.measure, score.label, score.direction, *numbers))
    lines = [_table(rows)]
    for example in examples:
        source, target = example.words
        lines.append(f"\n{example.attention:.3f}  {source} -> {target or '(special token)'}\n  {example.text.strip()}")
    return "\n".join(lines)


def found_heads(subset: FoundHeads) -> str:
    """How the best layer's heads were chosen, then the result of each other layer."""
    judged = "match" if subset.of == "match" else "max-attention token"
    lines = [
        f"{subset.field} {subset.label!r} of the {judged}, {subset.k} nearest to {subset.word!r}"
        f"{' (masked)' if subset.masked else ''}; the held-back half of the corpus says which to believe"
    ]
    rows = [("heads", "share", "held back", "base", "lift", "q")]
    for path in (*subset.paths[:1], *(replace(path, steps=path.steps[-1:]) for path in subset.paths[1:])):
        for step in path.steps:
            name = f"{path.layer}-[{','.join(map(str, step.heads))}]"
            q = f"{step.q:.1g}" if step.significant else "n.s."
            shares = f"{step.share:.0%}", f"{step.held_back:.0%}", f"{step.base_rate:.1%}"
            rows.append((name, *shares, f"x{step.lift:.1f}", q))
    return "\n".join([*lines, _table(rows)])


def cache_entries(entries: Sequence[CacheEntry]) -> str:
    return "\n".join(f"{format_bytes(entry.bytes):>12}  {entry.key}" for entry in entries)


def shared_indexes(indexes: Sequence[SharedIndex]) -> str:
    """Indexes on the Hub, one per line."""
    if not indexes:
        return "no such index is shared yet: build one with `hf-exbert build`, share it with `hf-exbert push`"
    rows = [("repository", "model", "corpus", "language", "licence", "pieces", "size")] + [
        (
            f"{index.repo_id}{' (private)' if index.private else ' (gated)' if index.gated else ''}",
            index.model,
            index.corpus,
            index.language or "?",
            index.license,
            f"{index.pieces:,}",
            format_bytes(index.bytes),
        )
        for index in indexes
    ]
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
