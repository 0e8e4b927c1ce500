"""What a build will do: fixed before it starts, compared when it is resumed."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from exbert_hub.checked_json import parse_json
from exbert_hub.corpus.types import AnnotatedCorpus, CorpusInfo, Sentence
from exbert_hub.errors import BuildError, SelectionError
from exbert_hub.index.format.codecs import CODECS, ShardCodec
from exbert_hub.index.format.manifest import VectorSpec, vector_dim
from exbert_hub.index.format.tables import check_label_names
from exbert_hub.index.format.types import Codec, Layer
from exbert_hub.model.types import ModelInfo

from .options import DEFAULTS, BuildOptions

_SHARD_BYTES = 256 * 1024**2  # with a GPU two are in memory: one is written while the next is computed
_SHARD_PIECES = (2_048, 65_536)
_SEED = 0  # of a sample, so that the same one is drawn again
_TYPICAL_LENGTH = 40  # pieces of a sentence, for the attention's share of a shard


@dataclass(frozen=True)
class BuildPlan:
    """Two builds with equal plans make equal indexes."""

    model: ModelInfo
    corpus: CorpusInfo
    codec: Codec
    vectors: tuple[VectorSpec, ...]
    attention_layers: tuple[int, ...]
    window: int  # pieces of a window, special tokens counted
    shard_pieces: int
    limit: int | None  # sentences
    sample: int | None  # sentences, drawn from those

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def shard_codec(self) -> ShardCodec:
        """What vectors are kept in until the merge."""
        return CODECS[self.codec].shard_codec

    def bytes_per_piece(self, codec: Codec) -> int:
        return sum(spec.dim for spec in self.vectors) * CODECS[codec].bytes_per_value

    @property
    def attention_bytes_per_pair(self) -> int:
        """Bytes for every pair of pieces of a sentence, before compression."""
        return sum(self.model.heads[layer] for layer in self.attention_layers)

    def sentences(self, corpus: AnnotatedCorpus) -> Iterator[Sentence]:
        """The sentences of a corpus that are indexed, in order."""
        limited = itertools.islice(corpus, self.limit)
        if self.sample is None:
            return limited
        chosen = set(random.Random(_SEED).sample(range(self.limited(len(corpus))), self.count(len(corpus))))
        return (sentence for number, sentence in enumerate(limited) if number in chosen)

    def limited(self, sentences: int) -> int:
        """How many sentences of a corpus the sample is drawn from."""
        return min(sentences, self.limit or sentences)

    def count(self, sentences: int) -> int:
        """How many sentences of a corpus are indexed."""
        return min(self.limited(sentences), self.sample or sentences)


def make_plan(model: ModelInfo, corpus: CorpusInfo, options: BuildOptions = DEFAULTS) -> BuildPlan:
    """Turn what was asked for into what will be computed.

    :raises SelectionError: for a layer that does not exist, or if the choice leaves nothing to build.
    :raises BuildError: for a column of the corpus whose name the index needs itself.
    """
    check_label_names(corpus.extra_labels)
    wanted = _layers(model, options.layers)
    vectors = tuple(
        VectorSpec(kind, layer, vector_dim(model, kind, layer))
        for kind in ("embedding", "heads")
        if kind in options.kinds
        for layer in wanted
        if kind == "embedding" or (layer != "emb" and model.heads[layer])
    )
    if not vectors:
        raise SelectionError("nothing is left to build: the chosen layers have no vectors of the chosen kind")
    plan = BuildPlan(
        model=model,
        corpus=corpus,
        codec=options.codec,
        vectors=vectors,
        attention_layers=tuple(layer for layer in wanted if layer != "emb" and model.heads[layer])
        if options.attention
        else (),
        window=min(options.window, model.max_length),
        shard_pieces=options.shard_pieces or 0,
        limit=options.limit,
        sample=options.sample,
    )
    return plan if options.shard_pieces else replace(plan, shard_pieces=_default_shard(plan))


def _layers(model: ModelInfo, layers: Sequence[Layer] | None) -> list[Layer]:
    """The chosen layers in order, each once."""
    every: list[Layer] = ["emb", *range(len(model.heads))]
    wrong = [layer for layer in layers or () if isinstance(layer, bool | float) or layer not in every]
    if wrong:
        raise SelectionError(f"layer {wrong[0]!r} does not exist: {model.model_id} has 'emb' and 0 to {every[-1]}")
    return every if layers is None else [layer for layer in every if layer in layers]


def same_build(text: str, plan: BuildPlan) -> bool:
    """Whether the plan written in `text` makes the same index; how corpus and model were named does not matter."""
    try:
        # with defaults for what an older version did not write
        written = parse_json(text, BuildPlan, "the plan", BuildError, strict=False)
    except BuildError:
        return False
    unknown = json.loads(text).keys() - vars(plan).keys()
    return not unknown and _identity(written) == _identity(plan) and _same_corpus(written.corpus, plan.corpus)


def _identity(plan: BuildPlan) -> BuildPlan:
    """The plan without how its corpus and model were named."""
    corpus = plan.corpus
    bare = CorpusInfo("", "", corpus.annotator, corpus.annotator_version, extra_labels=tuple(corpus.extra_labels))
    return replace(plan, model=replace(plan.model, model_id="", revision=None), corpus=bare)


def _same_corpus(one: CorpusInfo, other: CorpusInfo) -> bool:
    """By what was annotated; by its key where one was still being annotated."""
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return bool(one.key) and one.key == other.key


def _default_shard(plan: BuildPlan) -> int:
    """As many pieces as fit into `_SHARD_BYTES`, within limits."""
    low, high = _SHARD_PIECES
    per_piece = plan.bytes_per_piece(plan.shard_codec) + plan.attention_bytes_per_pair * _TYPICAL_LENGTH
    return min(high, max(low, _SHARD_BYTES // per_piece))
