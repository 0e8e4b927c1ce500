"""The app and the cache on this machine."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from .common import Json, Quiet, app, log_to_stderr, print_result, quiet_transformers


@app.command(epilog="Example:  hf-exbert launch bert-base-uncased --index woz-bert")
def launch(
    model: Annotated[str | None, typer.Argument(help="Hub id or folder of a model. Default: the demo.")] = None,
    index: Annotated[str | None, typer.Option(help="Folder or Hub repository of an index of this model.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    mcp: Annotated[bool, typer.Option("--mcp", help="Offer the API as tools for agents too (extra mcp).")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Start the app in the browser, until you press Ctrl-C."""
    log_to_stderr(quiet)
    quiet_transformers(quiet)
    from exbert_hub.app import launch as launch_app

    with redirect_stdout(sys.stderr):  # where Gradio's messages belong; with an MCP server it has some even when quiet
        running, url, _ = launch_app(
            model,
            index,
            server_name=host,
            server_port=port,
            mcp_server=mcp,
            quiet=True,
            prevent_thread_lock=True,
        )
    print_result({"url": url, "mcp": f"{url}gradio_api/mcp/" if mcp else None}, lambda: url, as_json)
    sys.stdout.flush()  # also into a pipe: the page is there from now on
    with redirect_stdout(sys.stderr):
        running.blocks.block_thread()


@app.command(epilog="Example:  hf-exbert cache --delete corpora/wizard_of_oz-1f2e3d")
def cache(
    delete: Annotated[list[str] | None, typer.Option(help="Entry to delete, as listed; may be repeated.")] = None,
    delete_all: Annotated[bool, typer.Option("--delete-all", help="Delete every entry.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List or delete what exbert_hub has cached: annotated corpora, the demo's index, and what
    speeds up opening an index again."""
    from exbert_hub import cache as cached

    from . import render

    for entry in cached.entries() if delete_all else cached.find(delete or ()):
        cached.delete(entry)
        if not quiet:
            typer.echo(f"deleted {entry.key}", err=True)
    left = cached.entries()
    listed = [{"name": entry.key, "path": str(entry.path), "bytes": entry.bytes} for entry in left]
    print_result(
        listed, lambda: render.cache_entries(left) or f"nothing is cached under {cached.cache_root()}", as_json
    )
