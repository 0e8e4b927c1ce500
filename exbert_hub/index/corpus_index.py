"""`CorpusIndex`: build, open and search an annotated corpus as one model sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.errors import AnnotationError, HubError, SelectionError
from exbert_hub.index.build.engine import Engine
from exbert_hub.index.build.job import BuildJob
from exbert_hub.index.build.options import BuildOptions, Progress
from exbert_hub.index.build.plan import make_plan
from exbert_hub.index.format.codecs import DEFAULT_CODEC
from exbert_hub.index.format.head_schema import Column
from exbert_hub.index.format.head_table import HeadFilter, HeadScores
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.types import MATCHES, Codec, Kind, Layer
from exbert_hub.index.heads.catalog import HeadCatalog
from exbert_hub.index.heads.subsets import SubsetRequest
from exbert_hub.index.labels.attach import NO_LABELS_FOR_SHARDS, Attached, attach_labels
from exbert_hub.index.results.types import LayerProfile
from exbert_hub.index.search.matches import Matches
from exbert_hub.index.search.profile import profile
from exbert_hub.index.search.query import SearchRequest
from exbert_hub.index.search.search import search
from exbert_hub.index.search.selection import check_model
from exbert_hub.index.search.stored_index import StoredIndex, in_one_piece
from exbert_hub.index.store.store import Store

from .open import open_index

if TYPE_CHECKING:
    import datasets
    from huggingface_hub import CommitInfo

    from exbert_hub.index.heads.examples import HeadExample
    from exbert_hub.index.heads.page import HeadPage
    from exbert_hub.index.heads.subsets import FoundHeads, OfMatch
    from exbert_hub.index.search.protocols import OpenedIndex
    from exbert_hub.model import Inspection, Inspector

NO_HEADS_OF_SHARDS = (
    "heads are not measured across the shards of an index: open one of the shards, or build the corpus as one index"
)
NO_PUSH_OF_SHARDS = "an index in shards cannot be pushed as a whole: push each shard, or build straight to the Hub"


class CorpusIndex:
    """An annotated corpus with its FAISS indexes, one per layer and kind of vector.

    `tokens` is a `datasets.Dataset` with those indexes attached (names such as "heads-05", "embedding-emb"), one row
    per corpus piece; `sentences` is the table its `sentence` column points into.

    Example:

    ```python
    index = CorpusIndex.from_pretrained("woz-bert")
    matches = index.search(inspector.inspect("A tool to dig with."), "dig", by="heads", layer=5, heads=[6, 9])
    matches.summary("dep", of="max_attention")
    ```
    """

    def __init__(self, opened: OpenedIndex) -> None:
        self.opened = opened

    @classmethod
    def build(
        cls,
        model: str | Path | Inspector,
        corpus: Any,
        output_dir: str | os.PathLike[str],
        *,
        annotator: str | None = None,
        split: str | None = None,
        text_column: str | None = None,
        streaming: bool = False,
        name: str | None = None,
        language: str | None = None,
        license: str | None = None,
        kinds: Sequence[Kind] = ("embedding", "heads"),
        layers: Sequence[Layer] | None = None,
        attention: bool = True,
        codec: Codec = DEFAULT_CODEC,
        fast: bool | None = None,
        limit: int | None = None,
        sample: int | None = None,
        shard_pieces: int | None = None,
        resume: bool = False,
        overwrite: bool = False,
        progress: Progress | None = None,
        engine: Engine = "local",
    ) -> CorpusIndex:
        """Build an index and open it.

        :param model: Hub id or folder, or a loaded `Inspector` (for a revision, device or dtype of your choice).
        :param corpus: an annotated corpus; any source that `exbert_hub.corpus.annotate` takes; or an index (its folder
            or its repository on the Hub), whose annotation is taken over.
        :param output_dir: folder of the index; must be empty, or hold an interrupted build to resume.
        :param annotator: spaCy pipeline, `blank:xx` or `gold`; this and the next six are for `annotate`, which
            explains them. A corpus that is annotated already is taken as it is, apart from a new name or licence.
        :param split: of a dataset.
        :param text_column: of a dataset.
        :param streaming: read a dataset from the Hub without downloading it first.
        :param name: of the corpus.
        :param language: of the corpus.
        :param license: of the corpus.
        :param kinds: vectors to index; "heads" are the head contexts before the output projection.
        :param layers: layers to index, all (and "emb", the input embeddings) if None.
        :param attention: store the attention too: needed for max-attention tokens, 0.07 kB per piece, layer and head
            of a sentence of 33 pieces at most.
        :param codec: "fp16" (default), "fp32" (exact, twice the bytes) or "sq8" (half the bytes, recall@50 0.99).
        :param fast: add a coarse stage for fast search; from 200,000 pieces on if None.
        :param limit: index only the first `limit` sentences.
        :param sample: index only this many sentences, drawn at random from the whole corpus (or from the first
            `limit`); the same ones every time.
        :param shard_pieces: pieces per shard, the unit of a resume and the bound on memory; by size if None.
        :param resume: continue an interrupted build with the same arguments.
        :param overwrite: replace an index or an interrupted build in `output_dir`.
        :param progress: called with pieces done and expected instead of showing a bar.
        :param engine: "ray", or a `RayEngine`, to annotate and to run the model on a cluster; the index is the same.
            There `output_dir` may be "hf://datasets/owner/name": the shards go straight to the Hub.
        :raises ResourceError: with the numbers, before anything is computed, if the build cannot fit.
        :raises BuildError: if `output_dir` holds something else.
        """
        options = BuildOptions(
            kinds=tuple(kinds),
            layers=None if layers is None else tuple(layers),
            attention=attention,
            codec=codec,
            fast=fast,
            limit=limit,
            sample=sample,
            shard_pieces=shard_pieces,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
        from exbert_hub.corpus.options import CorpusOptions, Description, ReadOptions
        from exbert_hub.index.build.corpus import annotated_corpus
        from exbert_hub.index.ray.distributed import running
        from exbert_hub.model import Inspector

        read, description = ReadOptions(split, text_column, streaming), Description(name, language, license)
        corpus_options = CorpusOptions(annotator, read, description, limit)
        inspector = model if isinstance(model, Inspector) else Inspector.from_pretrained(model)
        with running(engine) as builder:
            # a sample is drawn from all sentences, so they have to be there first
            corpus = annotated_corpus(corpus, corpus_options, annotate_fn=builder.annotate_fn, streamed=sample is None)
            plan = make_plan(inspector.model_info, corpus.info, options)
            built = builder.build(BuildJob(inspector, corpus, plan, output_dir, options))
        return cls.from_pretrained(built)

    @classmethod
    def from_pretrained(
        cls,
        name: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        engine: Engine = "local",
    ) -> CorpusIndex:
        """Open an index, memory-mapped: the vectors are not read before they are searched.

        From the Hub, the tables and the manifest are downloaded at once, the vectors and the attention of a layer when
        that layer is first used. The commit is pinned: what is downloaded later belongs to the same index. Files are
        checked by size and sha256, whoever wrote them.

        :param name: folder, or repository on the Hub ("owner/name"); an existing folder goes first. Several, or one
            that holds shards, are searched as one index: with the same results, row numbers included.
        :param revision: branch, tag or commit of the repository. While a new upload to it is not finished, or was
            interrupted, the newest finished one is opened.
        :param token: of the Hub; the one you logged in with if None.
        :param cache_dir: instead of the cache of huggingface_hub, which HF_HOME moves.
        :param local_files_only: do not ask the Hub; as with HF_HUB_OFFLINE=1.
        :param engine: "ray", or a `RayEngine`, to hold the shards in actors on a cluster.
        :raises IndexFormatError: if this is not an index, or not what its manifest says.
        :raises IndexMismatchError: if several are not of one model, annotator, and choice of labels and layers.
        :raises HubError: if the repository or a file is unavailable.
        """
        access = {"token": token, "cache_dir": cache_dir, "local_files_only": local_files_only}
        names = [name] if isinstance(name, str | os.PathLike) else name
        return cls(open_index([str(one) for one in names], revision, engine, access))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        license: str | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        commit_message: str | None = None,
        token: str | bool | None = None,
    ) -> CommitInfo:
        """Share the index as a dataset repository, which is created if need be.

        Anyone who can see the repository can read the text of the corpus. Data is uploaded first and `exbert.json`
        last; calling this again continues an interrupted upload where it stopped. The finished commit is tagged
        "index-1", "index-2", …. What you wrote into the card on the Hub is kept.

        :param repo_id: "owner/name".
        :param private: of a new repository; the setting of your account if None.
        :param license: of the corpus, such as "cc0-1.0"; may be left out if the corpus was built with one.
        :param revision: branch to push to, created if need be.
        :param create_pr: open a pull request instead; it is not tagged.
        :param commit_message: first line of the commit.
        :param token: of the Hub, with write access; the one you logged in with if None.
        :return: the finished commit, as huggingface_hub describes it.
        :raises HubError: if no licence is known, if the Hub refuses, or if somebody else has pushed in the meantime.
        """
        from .hub.publish import PushRequest, publish

        stored = in_one_piece(self.opened, HubError(NO_PUSH_OF_SHARDS))
        request = PushRequest(repo_id, private, license, revision, create_pr, commit_message, token)
        return publish(stored.store, request)

    def annotate(
        self, name_or_file: str | os.PathLike[str], labels: Sequence[Any] | None = None, *, overwrite: bool = False
    ) -> Attached:
        """Attach your own labels to an index in a folder. Nothing is rebuilt, and they are shared along with it.

        :param name_or_file: a .tsv, .csv or Parquet file with a column per label, and either a row for each row of
            `tokens` or columns `sentence` and `word`, as `tokens` has them; or the name of a label.
        :param labels: of that name, one for each row of `tokens`.
        :param overwrite: replace attached labels of the same name.
        :raises AnnotationError: if they do not fit, or if the index lies in a cache.
        """
        stored = in_one_piece(self.opened, AnnotationError(NO_LABELS_FOR_SHARDS))
        attached = attach_labels(stored.store, stored.tokens.data.table, name_or_file, labels, overwrite)
        self.opened = StoredIndex(Store(stored.store.folder))
        vars(self).pop("head_catalog", None)
        return attached

    @property
    def tokens(self) -> datasets.Dataset:
        """One row per indexed piece; of an index in one piece with its FAISS indexes attached."""
        return self.opened.tokens

    @property
    def sentences(self) -> datasets.Dataset:
        """One row per sentence, or part of a sentence that was too long for the model."""
        return self.opened.sentences

    @property
    def manifest(self) -> Manifest:
        """What the index says about itself; of several shards, what they are together, without a list of files."""
        return self.opened.manifest

    @property
    def revision(self) -> str | None:
        """The commit on the Hub that this index is pinned to, None for a folder."""
        return self.opened.revision

    @property
    def names(self) -> tuple[str, ...]:
        """What `from_pretrained` was given: several for an index in shards."""
        return self.opened.names

    @property
    def name_or_path(self) -> str:
        """The repository on the Hub, or the folder, that the index was opened from."""
        return " + ".join(self.names)

    @property
    def folder(self) -> Path | None:
        """Where its files lie; None for an index in shards."""
        return self.opened.store.folder if self.opened.store else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Label columns: everything that can be summarised."""
        return self.manifest.all_labels

    def layers(self, by: Kind) -> tuple[Layer, ...]:
        """Layers that can be searched by one kind of vector."""
        return tuple(spec.layer for spec in self.manifest.vectors if spec.kind == by)

    def __len__(self) -> int:
        return self.manifest.pieces

    def __repr__(self) -> str:
        manifest = self.manifest
        return (
            f"<CorpusIndex of {manifest.corpus.name!r} by {manifest.model_id}: {manifest.pieces:,} pieces, "
            f"{manifest.sentences:,} sentences>"
        )

    def search(
        self,
        seen: Inspection,
        token: str | int,
        *,
        by: Kind = "embedding",
        layer: Layer | None = None,
        heads: Iterable[int] | None = None,
        k: int = MATCHES,
        exclude_query: bool = False,
        unique_sentences: bool = False,
        exact: bool | None = None,
    ) -> Matches:
        """The corpus pieces nearest to one piece of a text, by cosine (Hoover et al. 2019, section 3.2).

        :param seen: what the index's own model computed, from `Inspector.inspect`.
        :param token: a word of the text (searched by its first piece), or the position of a piece.
        :param by: "embedding", the output of a layer, or "heads", the chosen head contexts: the mean cosine over them.
        :param layer: 0 to L-1, or "emb" for the input embeddings; the last layer if None.
        :param heads: heads to search by, all if None; with by="embedding", the heads that the max-attention token is
            taken over.
        :param k: number of matches.
        :param exclude_query: leave out corpus sentences that are the query's text.
        :param unique_sentences: of corpus sentences with the same text, keep the first at each position.
        :param exact: True to compare with every vector, False to let a coarse stage pick candidates if the index has
            one (see `build`); if None, that is done from 200,000 pieces on. `query.mode` says what was done.
        :raises IndexMismatchError: if `seen` comes from another model.
        :raises SelectionError: for a layer, head or kind that the index does not have.
        :raises TokenError: if the token is not in the text, or more than once.
        """
        request = SearchRequest.of(
            by=by,
            layer=layer,
            heads=heads,
            k=k,
            exclude_query=exclude_query,
            unique_sentences=unique_sentences,
            exact=exact,
        )
        return search(self.opened, seen, token, request)

    def profile(
        self,
        seen: Inspection,
        token: str | int,
        field: str = "pos",
        *,
        by: Kind = "embedding",
        heads: Iterable[int] | None = None,
        k: int = MATCHES,
        exclude_query: bool = False,
        unique_sentences: bool = False,
    ) -> LayerProfile:
        """What the nearest corpus pieces have in common at every layer (Hoover et al. 2019, figure 4): for each layer
        what `search(...).summary(field)` counts, and the most frequent words.

        :param field: the label to count.
        :param heads: with by="heads", the heads to search by at every layer; all if None.
        :raises LabelError: if the index has no such label.
        :raises SelectionError: if the index has no vectors of this kind, or a layer has not all of the heads.

        The rest is as for `search`. Of a shared index, the vectors of every layer are downloaded.
        """
        request = SearchRequest.of(
            by=by, heads=heads, k=k, exclude_query=exclude_query, unique_sentences=unique_sentences
        )
        check_model(self.manifest, seen.model_info)
        return profile(self.opened, seen, seen.position_of(token), field, request)

    def verify(self) -> None:
        """Wait until the files that were used are hashed; an IndexFormatError names one that is damaged."""
        self.opened.searcher.verify()

    # --- heads -------------------------------------------------------------------------------------------------------

    @cached_property
    def head_catalog(self) -> HeadCatalog:
        """What the methods below ask.

        :raises SelectionError: for an index in shards: a p-value over all of them does not follow from those of each.
        """
        return HeadCatalog(in_one_piece(self.opened, SelectionError(NO_HEADS_OF_SHARDS)))

    def heads(
        self,
        label: str | None = None,
        measure: str | None = None,
        direction: str | None = None,
        layer: int | None = None,
    ) -> HeadScores:
        """What the heads do over the whole corpus, the best first; docs/heads.md says what is measured and how.

        `index.heads("dobj")` are the heads that attend from a direct object to its verb or from the verb to it,
        `index.heads("-1", "offset")` those that attend to the previous piece, `index.heads().best()` the best head for
        each label and each of the other measures.

        :param label: a dependency label, a POS, an entity label, an offset, ….
        :param measure: "dependency", "offset", "special", "self", "same_lemma", "same_pos", "punctuation",
            "earlier_name", "entropy", or "attended_" and the name of a label column.
        :param direction: "to_head" or "to_dependant", of dependencies.
        :param layer: of this layer only.
        :raises LabelError: if nothing of that name was measured; the message lists what was.
        :raises SelectionError: if the index was built without attention.
        """
        return self.head_catalog.scores(HeadFilter(label, measure, direction, layer))

    def head_columns(self) -> tuple[Column, ...]:
        """Everything that heads are measured by: each measure, label and direction that `heads` can be asked for.

        :raises SelectionError: if the index was built without attention.
        """
        return self.head_catalog.columns()

    def head_examples(
        self, layer: int, head: int, measure: str, label: str = "", direction: str = "", k: int = 3
    ) -> tuple[HeadExample, ...]:
        """The most telling sentences of a head: where it gives most attention to what the measure is about.

        :param measure: and `label` and `direction`, as a `HeadScore` has them.
        :param k: number of sentences at most.
        :raises SelectionError: for a head without stored attention, or a measure that has no examples.
        """
        return self.head_catalog.examples(layer, head, Column(measure, label, direction), k)

    def head(self, layer: int, head: int, *, inspector: Inspector | None = None) -> HeadPage:
        """Everything there is to say about one head; docs/head_page.md explains every number.

        :param inspector: the model of the index, needed for the induction score: it is run on random sequences.
        :raises SelectionError: for a head without stored attention.
        :raises IndexMismatchError: if the inspector has another model.
        """
        return self.head_catalog.page(layer, head, inspector=inspector)

    def find_heads(
        self,
        seen: Inspection,
        token: str | int,
        label: str,
        field: str = "dep",
        of: OfMatch = "max_attention",
        *,
        layer: int | None = None,
        k: int = MATCHES,
        exclude_query: bool = False,
        unique_sentences: bool = False,
    ) -> FoundHeads:
        """The smallest set of heads whose `k` nearest corpus pieces show a label most.

        `index.find_heads(seen, "escape", "dobj")` answers what the paper's authors clicked for (Hoover et al. 2019,
        section 4.2): by which heads do the words most like this one attend to direct objects? They are chosen by
        greedy forward selection on one half of the corpus; the other half shows whether it was luck.

        :param seen: what the index's own model computed, from `Inspector.inspect`.
        :param token: a word of the text, or the position of a piece.
        :param label: what is wanted, such as "dobj"; `field` is the label column.
        :param of: whether the matches should have it ("match"), or what they attend to most ("max_attention").
        :param layer: search the heads of this layer only; of all layers if None.
        :param k: nearest pieces looked at, in either half.
        :param exclude_query: and `unique_sentences`, as for `search`.
        :raises IndexMismatchError: if `seen` comes from another model.
        :raises LabelError: if no piece has the label.
        :raises SelectionError: if the index has no vectors of heads, or no attention where that is asked for.
        """
        wanted = SubsetRequest(label, field, of, layer, k, exclude_query, unique_sentences)
        return self.head_catalog.find(seen, token, wanted)
