"""What the stored indexes are asked by Python. `write.py` stored the answers; the tests ask again.

Public names only: whoever moves the modules behind them has nothing to change here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from exbert_hub import compare

from .same import plain
from .stored import OTHER, SENTENCE, Stored

Question = Callable[[Stored], Any]


@dataclass(frozen=True)
class Search:
    """One search, and the histograms of what it finds."""

    index: Sequence[str]
    token: str | int
    options: Mapping[str, Any] = field(default_factory=dict)
    text: str = SENTENCE
    inspect: Mapping[str, Any] = field(default_factory=dict)
    summaries: Sequence[tuple[str, str]] = ()

    def find(self, stored: Stored, **changes: Any) -> Any:
        """The matches."""
        seen = stored.inspector(self.index[0]).inspect(self.text, **self.inspect)
        return stored.index(*self.index).search(seen, self.token, **{**self.options, **changes})

    def __call__(self, stored: Stored) -> Any:
        matches = self.find(stored)
        wanted = [matches.summary(field, of).to_dict() for field, of in self.summaries]
        return matches.to_dict() | {"wanted": wanted}


MASK = {"mask": ["escape"]}
BOTH = ("shards/shard-00000", "shards/shard-00001")

SEARCHES: dict[str, Search] = {
    "the last layer, masked": Search(
        ("fp16",),
        "escape",
        {"k": 6},
        inspect=MASK,
        summaries=[("lemma", "match"), ("mood", "match"), ("Tense", "match"), ("mood", "max_attention")],
    ),
    "the first layer": Search(("fp16",), "girl", {"layer": 0, "k": 4}, summaries=[("ent_type", "next")]),
    "input embeddings": Search(("fp16",), "before", {"layer": "emb", "k": 2}, "Nobody had seen the grey wolf before."),
    "all heads": Search(("fp16",), "witch", {"by": "heads", "layer": 1, "k": 4}, OTHER, summaries=[("tag", "match")]),
    "some heads": Search(
        ("fp16",),
        10,
        {"by": "heads", "layer": 2, "heads": [1, 3], "k": 6},
        inspect={"mask": [10, "local"]},
        summaries=[("offset", "max_attention"), ("dep", "next"), ("Number", "max_attention")],
    ),
    "heads of the max-attention token": Search(("fp16",), "door", {"layer": 2, "heads": [1], "k": 4}, OTHER),
    "fast": Search(("fp16",), "city", {"layer": 2, "k": 2, "exact": False}),
    "fast, by heads": Search(("fp16",), "road", {"by": "heads", "layer": 2, "k": 2, "exact": False}, OTHER),
    "too few for the coarse stage": Search(("fp16",), "city", {"layer": 2, "k": 7, "exact": False}),
    "without the query and repetitions": Search(
        ("fp16",),
        "farmer",
        {"k": 8, "exclude_query": True, "unique_sentences": True},
        "Did the farmer find the road to the river?",
    ),
    "repetitions": Search(
        ("fp16",), "river", {"k": 5, "unique_sentences": True}, "Did the farmer find the road to the river?"
    ),
    "without a head": Search(("fp16",), "escape", {"k": 5}, inspect={"ablate": {2: [1]}}),
    "two texts": Search(("fp16",), "lion", {"k": 5}, "The lion slept.", {"text_pair": "Nobody found the road."}),
    "32 bits": Search(("fp32",), "escape", {"k": 6}, inspect=MASK),
    "8 bits": Search(("sq8",), "escape", {"by": "heads", "heads": [0, 2], "k": 6}, inspect=MASK),
    "shards": Search(
        ("shards",),
        10,
        {"by": "heads", "layer": 2, "heads": [1, 3], "k": 6},
        inspect={"mask": [10, "local"]},
        summaries=[("offset", "max_attention"), ("pos", "next"), ("Tense", "match")],
    ),
    "shards by name": Search(BOTH, "witch", {"k": 5, "unique_sentences": True}, OTHER),
    "a causal model": Search(("causal",), "escape", {"k": 6}, summaries=[("lemma", "next")]),
    "heads of a causal model": Search(("causal",), "door", {"by": "heads", "heads": [0, 1], "k": 5}, OTHER),
}


def inspection(index: str, text: str, **options: Any) -> Question:
    """What a model shows of a text, without any index."""

    def look(stored: Stored) -> Any:
        inspector = stored.inspector(index)
        seen = inspector.inspect(text, norms=True, **options)
        return {
            "pieces": seen.pieces,
            "offsets": seen.tokens.offsets,
            "special": seen.special,
            "masked": seen.masked,
            "predicts": seen.predicts,
            "stacks": list(seen.stacks),
            "words": {word: seen.find(word) for word in ("door", "witch")},
            "computed": {
                "predictions": seen.predictions("door", 3),
                "lens": seen.lens("door", 1),
                "attention": seen.attention[:, :, 2],
                "norms": seen.norms[-1, :, 2],
                "rollout": seen.rollout()[-1, 2],
                "hidden": seen.hidden[:, 2, :4],
                "contexts": seen.contexts[:, 2, :, :2],
            },
        }

    return look


def described(name: str) -> Question:
    """What an opened index says about itself."""

    def describe(stored: Stored) -> Any:
        index = stored.index(name)
        first = {column: index.tokens[column][:5] for column in index.tokens.column_names}
        return {
            "pieces": len(index),
            "sentences": len(index.sentences),
            "labels": index.labels,
            "layers": {by: index.layers(by) for by in ("embedding", "heads")},
            "names": index.names,
            "name_or_path": index.name_or_path,
            "revision": index.revision,
            "repr": repr(index),
            "tokens": first | {"sentence": index.tokens["sentence"][-3:]},
            "columns": {"tokens": index.tokens.column_names, "sentences": index.sentences.column_names},
            "a sentence": index.sentences[2],
            "texts": index.sentences["text"][:],
        }

    return describe


def profile(name: str, token: str, text: str = SENTENCE, **options: Any) -> Question:
    """All layers at once."""
    return lambda stored: stored.index(name).profile(stored.inspector(name).inspect(text), token, **options)


def scores(name: str, *asked: Any, **options: Any) -> Question:
    """What heads do over the corpus."""
    return lambda stored: stored.index(name).heads(*asked, **options).to_dict()


def found_heads(name: str, token: str, *asked: Any, text: str = SENTENCE, **options: Any) -> Question:
    """The heads by which a label is found."""

    def find(stored: Stored) -> Any:
        seen = stored.inspector(name).inspect(text)
        return stored.index(name).find_heads(seen, token, *asked, **options).to_dict()

    return find


def head_page(name: str, layer: int, head: int) -> Question:
    """All there is to say about a head. Of the sentences that are not the strongest, their rows."""

    def page(stored: Stored) -> Any:
        told = plain(stored.index(name).head(layer, head, inspector=stored.inspector(name)))
        for bucket in told["buckets"]:
            bucket["sentences"][1:] = [one["sentence"] for one in bucket["sentences"][1:]]
        return told

    return page


def compared(stored: Stored) -> Any:
    """Two models, and what they find for a word."""
    seen = stored.masked.inspect(SENTENCE), stored.causal.inspect(SENTENCE)
    found = compare(stored.index("fp16"), stored.index("causal"), seen=seen, token="city", field="dep", k=5, sample=60)
    return found.to_dict()


def compared_heads(stored: Stored) -> Any:
    """Two inspections by one model."""
    seen = stored.masked.inspect(OTHER), stored.masked.inspect(OTHER, ablate={1: [0, 2]}, mask=["witch"])
    return compare(stored.index("fp16"), seen=seen, token="witch", by="heads", heads=[0, 1], k=6, p=0.9).to_dict()


HEADS: dict[str, Question] = {
    "the best": lambda stored: {"scores": len(found := stored.index("fp16").heads()), "best": found.to_dict()[:12]},
    "a dependency": scores("fp16", "det"),
    "in one direction": scores("fp16", "dobj", direction="to_head"),
    "the piece before": scores("fp16", "-1", "offset"),
    "of one layer": scores("fp16", measure="entropy", layer=2),
    "an attached label": scores("fp16", measure="attended_mood"),
    "a label of the corpus": scores("fp16", "Past", "attended_Tense"),
    "of a causal model": scores("causal", measure="dependency", direction="to_dependant"),
    "what there is": lambda stored: [" ".join(column) for column in stored.index("fp16").head_columns()],
    "a heat map": lambda stored: [
        [score and [score.layer, score.head, score.value] for score in row]
        for row in stored.index("fp16").heads("-1", "offset").grid()
    ],
    "examples": lambda stored: [
        asdict(one) | {"words": one.words}
        for one in (
            *stored.index("fp16").head_examples(2, 1, "offset", "-1"),
            *stored.index("fp16").head_examples(2, 1, "dependency", "det", "to_head", k=2),
            *stored.index("fp16").head_examples(0, 3, "attended_mood", "dark", k=2),
        )
    ],
    "found for a word": found_heads("fp16", "escape", "VERB", "pos", "match", k=12),
    "found by what is attended to": found_heads("fp16", "witch", "det", layer=2, k=12, text=OTHER),
    "found without repetitions": found_heads(
        "fp16", "girl", "dark", "mood", k=10, exclude_query=True, unique_sentences=True
    ),
    "a page": head_page("fp16", 2, 1),
    "a page of a causal model": head_page("causal", 1, 0),
}

QUESTIONS: dict[str, Mapping[str, Question]] = {
    "searches": SEARCHES,
    "heads": HEADS,
    "profiles": {
        "embeddings": profile("fp16", "escape", k=8),
        "heads": profile("fp16", "city", field="mood", by="heads", heads=[1, 3], k=6, exclude_query=True),
        "shards": profile("shards", "witch", OTHER, field="dep", k=6, unique_sentences=True),
        "32 bits": profile("fp32", "girl", field="lemma", k=6),
    },
    "comparisons": {"two models": compared, "one model": compared_heads},
    "inspections": {
        "masked": inspection("fp16", OTHER, mask=["old"]),
        "causal": inspection("causal", OTHER, ablate={0: [1]}),
    },
    "indexes": {name: described(name) for name in ("fp16", "fp32", "sq8", "shards", "causal")},
}
"""By the file, without its ending, that the answers are in."""
