"""`hf-exbert deploy`: this very package as a Space on the Hub."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exbert_hub import hub
from exbert_hub._version import __version__

from .errors import SelectionError

PACKAGE = Path(__file__).parent
TAG = "exbert"
"""Tag of the card: Spaces that have it are ours and may be updated."""

_NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi", "space")
_OURS = ("sdk", "sdk_version", "python_version", "app_file")


@dataclass(frozen=True)
class DeployRequest:
    """What to deploy, and where; see `deploy`."""

    repo_id: str
    model: str | None = None
    index: str | None = None
    allowed_models: tuple[str, ...] = ()
    allow_build: bool | None = None
    mcp: bool | None = None
    hardware: str | None = None
    private: bool | None = None
    token: str | bool | None = field(default=None, repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that it sets, of those that `Settings` reads."""
        chosen = {
            "EXBERT_MODEL": self.model,
            "EXBERT_INDEX": self.index,
            "EXBERT_ALLOWED_MODELS": ",".join(self.allowed_models) or None,
            "EXBERT_ALLOW_BUILD": _switch(self.allow_build),
            "EXBERT_MCP": _switch(self.mcp),
        }
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True)
class Deployment:
    """A Space after it was deployed."""

    repo_id: str
    url: str
    commit: str
    created: bool
    variables: dict[str, str]


def deploy(
    repo_id: str,
    *,
    model: str | None = None,
    index: str | None = None,
    allowed_models: Sequence[str] = (),
    allow_build: bool | None = None,
    mcp: bool | None = None,
    hardware: str | None = None,
    private: bool | None = None,
    token: str | bool | None = None,
) -> Deployment:
    """Create a Space that runs this version of exbert_hub, or update one that was made so before.

    The source of the installed package is uploaded, so what runs there is what runs here, published or not; the
    versions of everything else are pinned. What is left out stays as it is in a Space that exists. No token is ever
    sent into the Space: for private or gated models and indexes, add HF_TOKEN to its secrets on its settings page.

    :param repo_id: "owner/name".
    :param model: Hub id of the model to show; the embedded demo if neither model nor index is given.
    :param index: dataset repository of its index.
    :param allowed_models: further models that visitors may ask for: ids or patterns.
    :param allow_build: let visitors build indexes.
    :param mcp: offer the API as tools for agents.
    :param hardware: such as "cpu-basic", "t4-small" or "zero-a10g".
    :param private: of a new Space; as your account is set if None.
    :raises SelectionError: if something is named that a Space cannot see, or the Space is not one of exbert_hub.
    :raises HubError: if the Hub refuses or cannot be reached.
    """
    return deploy_space(
        DeployRequest(
            repo_id, model, index, tuple(allowed_models), allow_build, mcp, hardware, private=private, token=token
        )
    )


def deploy_space(request: DeployRequest) -> Deployment:
    """The same, with its arguments as one value."""
    _check_ids(request)
    card = hub.space_card(request.repo_id, token=request.token)
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder), merge_card(card, request.repo_id, request.model, request.index))
        url, commit = hub.push_space(
            request.repo_id,
            Path(folder),
            replaces="exbert_hub/**",
            variables=request.variables,
            hardware=request.hardware,
            private=request.private,
            message=f"exbert_hub {__version__}",
            token=request.token,
        )
    return Deployment(request.repo_id, url, commit, card is None, request.variables)


def stage(folder: Path, card: str) -> None:
    """Lay out the files of a Space: app, requirements, card, and the source of this package."""
    templates = _templates()
    shutil.copytree(PACKAGE, folder / "exbert_hub", ignore=_NOT_SHIPPED)
    shutil.copy(templates / "requirements.txt", folder)
    shutil.copy(templates / "app.py" if (templates / "app.py").exists() else PACKAGE.parent / "app.py", folder)
    (folder / "README.md").write_text(card, encoding="utf-8")


def merge_card(existing: str | None, repo_id: str, model: str | None, index: str | None) -> str:
    """The card of the Space; in one that exists, only what Gradio and the Hub need is changed.

    :param existing: "" if there is none yet, None if there is no Space yet.
    :raises SelectionError: if the Space is something else.
    :raises HubError: if its card cannot be read.
    """
    from huggingface_hub import SpaceCard

    ours = SpaceCard((_templates() / "README.md").read_text("utf-8"))
    card = hub.parse_card(SpaceCard, existing, repo_id) if existing else ours
    if existing is not None and TAG not in (card.data.get("tags") or []):
        raise SelectionError(
            f"The Space {repo_id} is not one of exbert_hub, so it is not overwritten: its card has no tag {TAG!r}. "
            "Choose another name, or add the tag to its card if you mean it."
        )
    for name in _OURS:
        card.data[name] = ours.data[name]
    card.data["models"] = _with(card.data.get("models"), model)
    card.data["datasets"] = _with(card.data.get("datasets"), index)
    return str(card)


def _templates() -> Path:
    """The folder `space/`: within an installed package, beside it in a checkout."""
    installed = PACKAGE / "space"
    return installed if installed.is_dir() else PACKAGE.parent / "space"


def _check_ids(request: DeployRequest) -> None:
    """Names of folders are refused: a Space does not see them."""
    space, model, index = request.repo_id, request.model, request.index
    if not hub.is_repo_id(space):
        raise SelectionError(f"{space!r} is not the id of a Space on the Hub: write it as owner/name.")
    if model is not None and (not hub.is_hub_id(model) or Path(model).exists()):
        raise SelectionError(
            f"{model!r} is not the id of a model on the Hub: push it to the Hub first, as owner/name."
        )
    if index is not None and (not hub.is_repo_id(index) or Path(index).exists()):
        raise SelectionError(f"{index!r} is not the id of an index on the Hub: push it first with `hf-exbert push`.")


def _switch(value: bool | None) -> str | None:
    return None if value is None else str(int(value))


def _with(names: Iterable[str] | None, name: str | None) -> list[str]:
    listed = list(names or ())
    return listed if name is None or name in listed else [*listed, name]
