"""`exbert_hub.launch()`: the page for a model, its index, or the embedded demo."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..index import CorpusIndex
    from ..model import Inspector
    from .session import Workbench


def launch(
    model: str | os.PathLike[str] | Inspector | None = None,
    index: str | os.PathLike[str] | CorpusIndex | None = None,
    *,
    server_name: str = "127.0.0.1",
    server_port: int | None = None,
    share: bool = False,
    **kwargs: Any,
) -> Any:
    """Open the page.

    With no arguments it shows the embedded demo, which needs no network. Without an index the attention view works,
    and the page says how to build one.

    :param model: Hub id, folder or loaded `Inspector`; the index's own model if only an index is given.
    :param index: folder of an index, or an open `CorpusIndex`.
    :param server_name: address to listen on; "0.0.0.0" for the whole network.
    :param server_port: port, the first free one from 7860 on if None.
    :param share: make a public link through Gradio.
    :param kwargs: further arguments of `gradio.Blocks.launch`, such as `inline` or `prevent_thread_lock`.
    :return: what `gradio.Blocks.launch` returns: the app, its local and its public address.
    :raises ExbertError: if the model or the index cannot be opened, or do not belong together.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
    from .blocks import build_page, launch_options

    page = build_page(open_bench(model, index))
    return page.launch(server_name=server_name, server_port=server_port, share=share, **(launch_options() | kwargs))


def open_bench(model: Any = None, index: Any = None) -> Workbench:
    """Load what `launch` was asked to show."""
    from ..model import Inspector
    from .session import Workbench

    if model is None and index is None:
        from ..demo import load

        return Workbench(*load())
    opened = index
    if isinstance(index, str | os.PathLike):
        from ..index import CorpusIndex

        opened = CorpusIndex.from_pretrained(index)
    wanted = opened.manifest.model_id if model is None and opened is not None else model
    inspector = wanted if isinstance(wanted, Inspector) else Inspector.from_pretrained(wanted)
    return Workbench(inspector, opened)
