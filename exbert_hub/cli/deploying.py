"""Put the app on the Hub."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .common import Json, Quiet, Token, app, log_to_stderr, print_result


@app.command(epilog="Example:  hf-exbert deploy me/exbert --model bert-base-uncased --index me/woz-bert")
def deploy(
    repo: Annotated[str, typer.Argument(help="Space on the Hub, owner/name; created if need be.")],
    model: Annotated[str | None, typer.Option(help="Hub id of the model to show. Default: the demo.")] = None,
    index: Annotated[str | None, typer.Option(help="Dataset repository of its index.")] = None,
    allow_model: Annotated[
        list[str] | None, typer.Option(help="Id or pattern of models that visitors may ask for; may be repeated.")
    ] = None,
    allow_build: Annotated[
        bool | None, typer.Option("--allow-build/--forbid-build", help="Whether visitors may build indexes.")
    ] = None,
    mcp: Annotated[bool | None, typer.Option("--mcp/--no-mcp", help="Whether agents get tools.")] = None,
    hardware: Annotated[str | None, typer.Option(help="Such as cpu-basic, t4-small or zero-a10g.")] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Of a new Space. Default: as your account is set.")
    ] = None,
    token: Token = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the app as a Space: create it, or bring it up to this version. What you leave out stays as it is."""
    log_to_stderr(quiet)
    from exbert_hub.deploy import DeployRequest, deploy_space

    space = deploy_space(
        DeployRequest(
            repo,
            model=model,
            index=index,
            allowed_models=tuple(allow_model or ()),
            allow_build=allow_build,
            mcp=mcp,
            hardware=hardware,
            private=private,
            token=token,
        )
    )
    print_result(asdict(space), lambda: space.url, as_json)
