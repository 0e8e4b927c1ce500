"""`exbert.json`: what an index says about itself. Written by us, read as if written by an attacker."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from exbert_hub._version import __version__
from exbert_hub.checked_json import parse_json
from exbert_hub.corpus.types import CorpusInfo, Coverage
from exbert_hub.errors import IndexFormatError
from exbert_hub.files import write_atomic
from exbert_hub.model.types import ModelInfo

from . import layout
from .codecs import CODECS
from .result_columns import reserved_names
from .tables import POSITIONS, label_columns
from .types import Codec, Kind, Layer
from .versions import FORMAT_MINOR, FORMAT_VERSION, check_version

_LONGEST_NAME = 64  # of a label that is attached
_TAKEN = "an index uses it already"


@dataclass(frozen=True)
class FileEntry:
    """What a file of the index must be."""

    size: int
    sha256: str


@dataclass(frozen=True)
class VectorSpec:
    """One FAISS file: vectors of one kind at one layer."""

    kind: Kind
    layer: Layer
    dim: int

    @property
    def name(self) -> str:
        return layout.vectors_name(self.kind, self.layer)

    @property
    def file(self) -> str:
        return layout.vectors_file(self.kind, self.layer)

    @property
    def coarse_file(self) -> str:
        return layout.coarse_file(self.kind, self.layer)


@dataclass(frozen=True)
class Manifest:
    """See docs/contracts.md, "Manifest". Every figure in it was measured during the build."""

    format_version: int
    model: ModelInfo
    corpus: CorpusInfo
    coverage: Coverage
    codec: Codec
    pieces: int  # rows of `tokens`, vectors in every FAISS file
    sentences: int  # rows of `sentences` and of every attention file
    vectors: tuple[VectorSpec, ...]
    attention_layers: tuple[int, ...]
    labels: tuple[str, ...]  # label columns of `tokens`
    base_rates: dict[str, dict[str, float]]  # for labels with few values, share among the indexed pieces
    versions: dict[str, str]  # of the libraries that built it
    created: str  # ISO 8601, UTC
    normalisation: str = "l2"  # each embedding, each head context
    metric: str = "inner_product"
    sample: int | None = None  # sentences drawn at random from the corpus, the same for the same number; None: all
    added_labels: tuple[str, ...] = ()  # columns of the sidecar table, attached after the build
    format_minor: int = 0  # see `versions`
    files: dict[str, FileEntry] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        return self.model.model_id

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Label columns of `tokens`, the attached ones last: everything that can be summarised."""
        return (*self.labels, *self.added_labels)

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of the package wrote it: there may be more to it than we know."""
        return self.format_minor > FORMAT_MINOR

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; the first minor version goes without saying, as in indexes from before there were any."""
        content = asdict(self)
        if not self.format_minor:
            del content["format_minor"]
        if self.model.start_token is None:  # as before there were any
            del content["model"]["start_token"]
        return content

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def check_own(self, name: object) -> None:
        """Refuse to write into an index of a newer version: what it added would be lost.

        :param name: of the index, for the error.
        :raises IndexFormatError: if it is one.
        """
        if self.is_newer:
            raise IndexFormatError(
                f"{name} was written by a newer exbert_hub (format {self.format_version}.{self.format_minor}), which "
                "this one reads but does not change: upgrade exbert_hub."
            )

    def save(self, folder: Path) -> None:
        write_atomic(folder / layout.MANIFEST, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read and check a manifest.

        :raises IndexFormatError: if there is none, if it is malformed, or if it names files an index may not hold.
        """
        path = folder / layout.MANIFEST
        try:
            text = path.read_bytes()
        except FileNotFoundError as error:
            raise IndexFormatError(
                f"{folder} holds no {layout.MANIFEST}, so it is not an index. Build one with "
                f"`hf-exbert build MODEL CORPUS -o {folder}`."
            ) from error
        return cls.from_json(text, str(path))

    @classmethod
    def from_json(cls, text: str | bytes, name: str) -> Manifest:
        """Read and check a manifest, which errors call by `name`."""
        claim = parse_json(text, _Claim, name, strict=False)
        check_version(claim.format_version, claim.format_minor, name)
        try:
            manifest = parse_json(text, cls, name, strict=False)
        except IndexFormatError as error:
            if claim.format_minor <= FORMAT_MINOR:
                raise
            newer = f"a newer exbert_hub wrote it, format {FORMAT_VERSION}.{claim.format_minor}: upgrade"
            raise IndexFormatError(f"{error} ({newer})") from error
        if manifest.is_newer:  # files of kinds that came later: never looked at
            known = {file: entry for file, entry in manifest.files.items() if layout.is_allowed(file)}
            manifest = replace(manifest, files=known)
        _check(manifest, name)
        return manifest


@dataclass(frozen=True)
class _Claim:
    """What a manifest says about its format, whatever else is in it."""

    format_version: int
    format_minor: int = 0


def _check(manifest: Manifest, path: str) -> None:
    """What types alone cannot say."""
    if manifest.codec not in CODECS:
        raise IndexFormatError(
            f"{path} has vectors stored as {manifest.codec!r}, this exbert_hub reads {', '.join(CODECS)}: upgrade "
            "exbert_hub or build the index again."
        )
    strange = [name for name in manifest.files if not layout.is_allowed(name)]
    if strange:
        raise IndexFormatError(f"{path} names files that an index may not hold: {strange[:3]}")
    if manifest.pieces < 1 or manifest.sentences < 1:
        raise IndexFormatError(f"{path} describes an empty index")
    model = manifest.model
    if len(model.heads) != len(model.head_dims):
        raise IndexFormatError(f"{path}: {len(model.heads)} layers have heads, {len(model.head_dims)} have a width")
    for spec in manifest.vectors:
        if spec.layer != "emb" and not 0 <= spec.layer < len(model.heads):
            raise IndexFormatError(
                f"{path} has vectors for layer {spec.layer} of a model of {len(model.heads)} layers"
            )
        if spec.layer == "emb" and spec.kind == "heads":
            raise IndexFormatError(f"{path} has head vectors for the input embeddings, which have no heads")
        if spec.dim != vector_dim(model, spec.kind, spec.layer):
            raise IndexFormatError(f"{path}: {spec.name} has {spec.dim} values, its model gives another number")
    if not manifest.vectors or len(set(manifest.vectors)) != len(manifest.vectors):
        raise IndexFormatError(f"{path} names no vectors, or some of them twice")
    for layer in manifest.attention_layers:
        if not 0 <= layer < len(model.heads) or not model.heads[layer]:
            raise IndexFormatError(f"{path} has attention of layer {layer}, which has none in its model")
    columns = (*manifest.labels, *POSITIONS)
    if manifest.labels != label_columns(manifest.corpus.extra_labels) or len(set(columns)) != len(columns):
        raise IndexFormatError(f"{path}: the labels are not those of its corpus")
    _check_added(manifest, path)
    needed = {spec.file for spec in manifest.vectors} | {layout.attention_file(n) for n in manifest.attention_layers}
    missing = sorted(needed - manifest.files.keys())
    if missing:
        raise IndexFormatError(f"{path} does not list {missing[0]}, which it needs")


def _check_added(manifest: Manifest, path: str) -> None:
    added = manifest.added_labels
    for name in added:
        if problem := _name_problem(name, manifest.labels):
            raise IndexFormatError(f"{path}: an attached label may not be called {name!r}: {problem}")
    if len(set(added)) != len(added) or len(layout.labels_of(manifest.files)) != bool(added):
        raise IndexFormatError(f"{path} names attached labels twice, or not one file of them")


def label_problem(name: str, labels: Iterable[str]) -> str:
    """Why a label may not be attached under a name, beside these labels of the corpus; empty if it may."""
    known = (*labels, name)
    return _name_problem(name, known[:-1]) or (_TAKEN if name in reserved_names(known) else "")


def _name_problem(name: str, labels: Iterable[str]) -> str:
    """Likewise for one that is attached already: an older index may have one that a column of results took since."""
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= _LONGEST_NAME:
        return f"it must be 1 to {_LONGEST_NAME} printable characters"
    return _TAKEN if name in {*labels, *POSITIONS} else ""


def vector_dim(model: ModelInfo, kind: Kind, layer: Layer) -> int:
    """Width of the vectors of one kind at one layer; 0 for the heads of a layer without attention."""
    if kind == "embedding" or layer == "emb":
        return model.hidden_size
    return model.heads[layer] * model.head_dims[layer]


def library_versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("torch", "transformers", "datasets", "faiss-cpu", "tokenizers", "spacy")
    ours = {"python": platform.python_version(), "hf-exbert": __version__}  # a Space runs us from a plain folder
    return ours | {name: version(name) for name in names}
