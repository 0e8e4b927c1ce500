"""Where machines that build one index leave their shards: a folder that all see, an fsspec URL, or the Hub."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exbert_hub import hub


@dataclass(frozen=True)
class Storage:
    """A place with folders in it.

    :param url: folder, fsspec URL such as "s3://bucket/index", or "hf://datasets/owner/name".
    """

    url: str

    @property
    def on_hub(self) -> bool:
        return self.url.startswith("hf://")

    def put(self, folder: Path, name: str, last: str | None = None) -> None:
        """Copy a folder there under a name.

        :param last: file to write after all others: where it is, the folder is whole.
        """
        if self.on_hub:
            hub.push_folder(folder, f"{self.url}/{name}")
            return
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        files.sort(key=lambda path: path.relative_to(folder).as_posix() == last)
        system, root = self._open()
        for path in files:
            target = f"{root}/{name}/{path.relative_to(folder).as_posix()}"
            system.makedirs(os.path.dirname(target), exist_ok=True)
            system.put_file(str(path), target)

    def write(self, name: str, content: bytes) -> None:
        """Write one small file, whole or not at all."""
        if self.on_hub:
            hub.push_file(content, f"{self.url}/{name}")
            return
        system, root = self._open()
        system.makedirs(root, exist_ok=True)
        with system.transaction:
            system.pipe_file(f"{root}/{name}", content)

    def read(self, name: str) -> bytes | None:
        """One file, None where there is none."""
        system, root = self._open()
        try:
            return system.cat_file(f"{root}/{name}")
        except FileNotFoundError:
            return None

    def fetch(self, name: str, folder: Path) -> None:
        """Copy what lies there under a name into a folder of this machine, which need not exist."""
        system, root = self._open()
        for path in system.find(f"{root}/{name}"):
            target = folder / Path(path).relative_to(f"{root}/{name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(path, str(target))

    def delete(self, name: str) -> None:
        """Delete a file, or a folder with all that is in it; nothing if there is none."""
        if self.on_hub:
            hub.delete_folder(f"{self.url}/{name}")
            return
        system, root = self._open()
        if system.exists(f"{root}/{name}"):
            system.rm(f"{root}/{name}", recursive=True)

    def _open(self) -> tuple[Any, str]:
        import fsspec

        system, root = fsspec.url_to_fs(self.url)
        system.invalidate_cache()  # other machines write here too
        return system, root.rstrip("/")
