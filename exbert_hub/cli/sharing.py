"""Share indexes on the Hub and find those of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import Json, Quiet, Revision, Token, app, log_to_stderr, print_result, some_layers


@app.command(epilog="Example:  hf-exbert push woz-bert me/woz-bert --license cc0-1.0")
def push(
    folder: Annotated[Path, typer.Argument(help="Folder of an index.")],
    repo: Annotated[str, typer.Argument(help="Repository on the Hub, owner/name; created if need be.")],
    license: Annotated[str | None, typer.Option(help="Licence of the corpus, if the index does not know it.")] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Of a new repository. Default: as your account is set.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch to push to, created if need be.")] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead.")] = False,
    message: Annotated[str | None, typer.Option("--message", "-m", help="First line of the commit.")] = None,
    token: Token = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Share an index, and with it the text of its corpus. An interrupted push resumes when it is repeated."""
    log_to_stderr(quiet)
    from exbert_hub.index.hub.publish import PushRequest, publish
    from exbert_hub.index.store.store import Store

    commit = publish(Store(folder), PushRequest(repo, private, license, revision, create_pr, message, token))
    place = commit.pr_url or str(commit.repo_url)
    print_result(
        {"repo": repo, "commit": commit.oid, "url": place, "pull_request": commit.pr_url}, lambda: place, as_json
    )


@app.command(epilog="Example:  hf-exbert pull someone/woz-bert --layers 5,6")
def pull(
    repo: Annotated[str, typer.Argument(help="Repository of an index on the Hub, owner/name.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Copy the index into this folder. Default: only the cache.")
    ] = None,
    layers: Annotated[str | None, typer.Option(help="Layers to download, e.g. emb,5. Default: all.")] = None,
    revision: Revision = None,
    token: Token = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Download a shared index before it is used, for example to work offline."""
    log_to_stderr(quiet)
    from exbert_hub.index.hub.pull import pull as pull_index

    if output is not None and layers is not None:
        raise typer.BadParameter("a folder holds a whole index: leave out --output or --layers")
    folder, commit = pull_index(repo, output, layers=some_layers(layers), revision=revision, token=token)
    print_result({"repo": repo, "commit": commit, "folder": str(folder)}, lambda: str(folder), as_json)


@app.command("list", epilog="Example:  hf-exbert list bert-base-uncased --language en")
def list_(
    model: Annotated[str | None, typer.Argument(help="Id of a model. Default: every model.")] = None,
    language: Annotated[str | None, typer.Option(help="Code of the language of the corpus, e.g. en.")] = None,
    token: Token = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List indexes that people share on the Hub."""
    log_to_stderr(quiet)
    from dataclasses import asdict

    from exbert_hub.index.hub.discovery import list_indexes

    from . import render

    indexes = list_indexes(model, language, token=token)
    print_result([asdict(index) for index in indexes], lambda: render.shared_indexes(indexes), as_json)
