"""`CorpusIndex`: build, open and search an annotated corpus as one model sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.corpus.types import is_annotated
from exbert_hub.errors import LabelError
from exbert_hub.index.build.build import BuildMode, Progress
from exbert_hub.index.build.plan import make_plan
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.types import Codec, Engine, Kind, Layer, LayerProfile
from exbert_hub.index.heads.finder import HeadFinder
from exbert_hub.index.labels.attach import Attached, attach_labels
from exbert_hub.index.search.matches import Matches, Query
from exbert_hub.index.search.profile import summarise_layers
from exbert_hub.index.search.ranking import Filter, Found, check_model, choose_heads, choose_spec, word_at
from exbert_hub.index.search.searcher import Searcher
from exbert_hub.index.store.store import Store

if TYPE_CHECKING:
    import datasets
    from huggingface_hub import CommitInfo

    from exbert_hub.model import Inspection, Inspector


class CorpusIndex(HeadFinder):
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

    def __init__(self, store: Store) -> None:
        self._use(store)

    def _use(self, store: Store) -> None:
        self._store = store
        self._forget_heads()
        self.tokens: datasets.Dataset
        self.sentences: datasets.Dataset
        self.tokens, self.sentences = store.tables()
        self._searcher = Searcher(store, self.tokens, self.sentences)

    @classmethod
    def build(
        cls,
        model: str | Path | Inspector,
        corpus: Any,
        output_dir: str | os.PathLike[str],
        *,
        annotator: str | None = None,
        kinds: Sequence[Kind] = ("embedding", "heads"),
        layers: Sequence[Layer] | None = None,
        attention: bool = True,
        codec: Codec = "fp16",
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
        :param corpus: an annotated corpus, or any source that `exbert_hub.corpus.annotate` takes.
        :param output_dir: folder of the index; must be empty, or hold an interrupted build to resume.
        :param annotator: spaCy pipeline, `blank:xx` or `gold`; see `annotate`.
        :param kinds: vectors to index; "heads" are the head contexts before the output projection.
        :param layers: layers to index, all (and "emb", the input embeddings) if None.
        :param attention: store the attention too: needed for max-attention tokens, 0.07 kB per piece, layer and head
            of a sentence of 33 pieces at most.
        :param codec: "fp16" (default), "fp32" (exact, twice the bytes) or "sq8" (half the bytes, recall@50 0.99).
        :param fast: add a coarse stage for fast search; from 200,000 pieces on if None.
        :param limit: index the first so many sentences only.
        :param sample: index so many sentences only, drawn at random from all of the corpus (or from the first
            `limit`), the same at every call.
        :param shard_pieces: pieces per shard, the unit of a resume and the bound on memory; by size if None.
        :param resume: go on with an interrupted build of the same arguments.
        :param overwrite: replace an index or an interrupted build in `output_dir`.
        :param progress: called with pieces done and expected instead of showing a bar.
        :param engine: "ray", or a `RayEngine`, to annotate and to run the model on a cluster; the index is the same.
            There `output_dir` may be "hf://datasets/owner/name": the shards go straight to the Hub.
        :raises ResourceError: with the numbers, before anything is computed, if the build cannot fit.
        :raises BuildError: if `output_dir` holds something else.
        """
        from exbert_hub.corpus import annotate, annotate_beside
        from exbert_hub.index.ray.distributed import running
        from exbert_hub.model import Inspector

        inspector = model if isinstance(model, Inspector) else Inspector.from_pretrained(model)
        with running(engine) as builder:
            if not is_annotated(corpus):
                # a sample is drawn from what is annotated, so all of it has to be
                prepared = annotate_beside if sample is None else annotate
                corpus = prepared(corpus, annotator, limit=limit, through=builder.through)
            plan = make_plan(
                inspector.facts,
                corpus.info,
                kinds=kinds,
                layers=layers,
                attention=attention,
                codec=codec,
                shard_pieces=shard_pieces,
                limit=limit,
                sample=sample,
            )
            mode = BuildMode(resume, overwrite)
            place = builder.build(inspector, corpus, plan, os.fspath(output_dir), mode, progress, fast)
        return cls.from_pretrained(place)

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
        :raises HubError: if the repository or a file cannot be had.
        """
        access = {"token": token, "cache_dir": cache_dir, "local_files_only": local_files_only}
        from exbert_hub.index.sharded.sharded_index import open_index

        names = [name] if isinstance(name, str | os.PathLike) else name
        return open_index([str(each) for each in names], revision, engine, access)

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

        Everybody who may see the repository can read the text of the corpus. The data goes first and `exbert.json`
        last; an upload that was interrupted goes on where it stopped when it is called again. The finished commit is
        tagged "index-1", "index-2", …. What you wrote into the card on the Hub stays.

        :param repo_id: "owner/name".
        :param private: of a new repository; the setting of your account if None.
        :param license: of the corpus, such as "cc0-1.0"; may be left out if the corpus was built with one.
        :param revision: branch to push to, created if need be.
        :param create_pr: open a pull request instead; it is not tagged.
        :param commit_message: first line of the commit.
        :param token: of the Hub, with write access; the one you logged in with if None.
        :return: the finished commit, as huggingface_hub describes it.
        :raises HubError: if no licence is known, if the Hub refuses, or if somebody else has pushed meanwhile.
        """
        from exbert_hub.index.hub.publish import publish

        access: dict[str, Any] = {"revision": revision, "create_pr": create_pr, "token": token}
        return publish(self._store, repo_id, private=private, license=license, message=commit_message, **access)

    def annotate(
        self, name_or_file: str | os.PathLike[str], labels: Sequence[Any] | None = None, *, overwrite: bool = False
    ) -> Attached:
        """Attach labels of your own to an index in a folder: nothing is built again, and they are shared with it.

        :param name_or_file: a .tsv, .csv or Parquet file with a column per label, and either a row for each row of
            `tokens` or columns `sentence` and `word`, as `tokens` has them; or the name of a label.
        :param labels: of that name, one for each row of `tokens`.
        :param overwrite: replace attached labels of the same name.
        :raises AnnotationError: if they do not fit, or if the index lies in a cache.
        """
        attached = attach_labels(self._store, self.tokens.data.table, name_or_file, labels, overwrite)
        self._use(Store(self._store.folder))
        return attached

    @property
    def revision(self) -> str | None:
        """The commit on the Hub that this index is pinned to, None for a folder."""
        return self._store.remote.commit if self._store.remote else None

    @property
    def name_or_path(self) -> str:
        """The repository on the Hub, or the folder, that the index was opened from."""
        return self._store.remote.repo_id if self._store.remote else str(self._store.folder)

    @property
    def names(self) -> tuple[str, ...]:
        """What `from_pretrained` was given: several for an index in shards."""
        return (self.name_or_path,)

    @property
    def manifest(self) -> Manifest:
        return self._store.manifest

    @property
    def labels(self) -> tuple[str, ...]:
        """Label columns: everything that can be summarised."""
        return (*self.manifest.labels, *self.manifest.added_labels)

    def layers(self, by: Kind) -> tuple[Layer, ...]:
        """Layers that can be searched by one kind of vector."""
        return tuple(spec.layer for spec in self.manifest.vectors if spec.kind == by)

    def __len__(self) -> int:
        return len(self.tokens)

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
        by: Kind = "embedding",
        layer: Layer | None = None,
        heads: Iterable[int] | None = None,
        k: int = 50,
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
        check_model(self.manifest, seen.facts)
        layer = self._last_layer(by) if layer is None else layer
        spec = choose_spec(self.manifest, by, layer)
        chosen = choose_heads(self.manifest, layer, None if heads is None else list(heads))
        position = seen.position_of(token)
        keep = Filter(seen.text if exclude_query else None, unique_sentences)
        self._searcher.prepare(layer)
        found = self._searcher.nearest(seen, position, spec, chosen, k, keep, exact)
        query = Query.about(seen, position, by, layer, chosen, found.mode)
        described = self._searcher.describe(found.scores, found.rows, query)
        return Matches(query, described, found.left_out, self.labels, self._searcher.base)

    def profile(
        self,
        seen: Inspection,
        token: str | int,
        field: str = "pos",
        by: Kind = "embedding",
        heads: Iterable[int] | None = None,
        k: int = 50,
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
        check_model(self.manifest, seen.facts)
        if field not in self.labels:
            raise LabelError(f"the index has no label {field!r}; it has {', '.join(self.labels)}")
        layers = self.layers(by) or (self._last_layer(by),)  # which is then refused with the reason
        wanted = None if heads is None or by == "embedding" else tuple(sorted(set(heads)))
        position = seen.position_of(token)
        keep = Filter(seen.text if exclude_query else None, unique_sentences)

        def nearest(layer: Layer) -> Found:
            spec, chosen = choose_spec(self.manifest, by, layer), choose_heads(self.manifest, layer, wanted)
            return self._searcher.nearest(seen, position, spec, chosen, k, keep)

        found = summarise_layers(self._searcher.values, layers, nearest, field, self._searcher.base.match(field))
        return LayerProfile(word_at(seen, position), bool(seen.masked[position]), by, wanted, field, found)

    def verify(self) -> None:
        """Wait until the files that were used are hashed; an IndexFormatError names one that is damaged."""
        self._searcher.verify()

    def _last_layer(self, by: Kind) -> Layer:
        """The last layer with vectors of this kind; "emb" if there is no other, or none at all."""
        return max((layer for layer in self.layers(by) if layer != "emb"), default="emb")
