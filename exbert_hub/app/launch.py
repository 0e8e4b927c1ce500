"""`exbert_hub.launch()`: the page for a model, its index, or the embedded demo."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.open import open_session
from exbert_hub.errors import MissingExtraError, PortError
from exbert_hub.extras import install_command

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.model import Inspector


def launch(
    model: str | os.PathLike[str] | Inspector | None = None,
    index: str | os.PathLike[str] | CorpusIndex | None = None,
    *,
    server_name: str | None = None,
    server_port: int | None = None,
    share: bool = False,
    mcp_server: bool = False,
    **kwargs: Any,
) -> Any:
    """Open the page.

    With no arguments it shows the embedded demo, which needs no network. In a notebook the page appears below the
    cell. Other models can be chosen there and indexes built, on one's own machine at least: what visitors may do, and
    what is shown by default, is set by environment variables, see `Settings`.

    Without an index the best shared one of the model is looked for on the Hub. It is opened by itself if it is yours
    or that of a trusted owner (`EXBERT_TRUSTED_OWNERS`), else the page offers it. Where there is none the attention
    view works, and the page says how to build one.

    :param model: Hub id, folder or loaded `Inspector`; the index's own model if only an index is given.
    :param index: folder of an index, or an open `CorpusIndex`.
    :param server_name: address to listen on, this machine only if None; "0.0.0.0" for the whole network.
    :param server_port: port, the first free one from 7860 on if None.
    :param share: make a public link through Gradio.
    :param mcp_server: offer the API as tools for agents too, at /gradio_api/mcp/.
    :param kwargs: further arguments of `gradio.Blocks.launch`, such as `inline` or `prevent_thread_lock`.
    :return: what `gradio.Blocks.launch` returns: the app, its local and its public address.
    :raises ExbertError: if the model or the index cannot be opened, or do not belong together.
    :raises MissingExtraError: if `mcp_server` is asked for without the extra `mcp`.
    :raises PortError: if the port is taken.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
    settings = Settings.from_env(is_public=share or not _is_local(server_name))
    mcp_server = mcp_server or settings.mcp
    if mcp_server and find_spec("mcp") is None:
        raise MissingExtraError(f"Tools for agents need the package mcp: {install_command('mcp')}")
    session = open_session(model, index, settings)
    from exbert_hub.app.page.blocks import build_page, launch_options

    page = build_page(session, settings)
    page.queue(max_size=settings.queue_size, default_concurrency_limit=settings.concurrency)
    limits = {"max_file_size": f"{settings.max_upload}mb"}
    options = launch_options() | limits | {"mcp_server": mcp_server or None} | kwargs
    try:
        return page.launch(server_name=server_name, server_port=server_port, share=share, **options)
    except OSError as error:
        if "empty port" not in str(error):
            raise
        raise PortError(f"The port {server_port} is taken by another program: give another, or none.") from error


def _is_local(server_name: str | None) -> bool:
    return (server_name or os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")) in ("127.0.0.1", "localhost", "::1")
