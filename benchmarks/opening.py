"""What a new process pays: run as `python -m benchmarks.opening FOLDER`, it opens an index whose vectors were never
hashed, with a warm page cache, and searches it several times; the outcome goes to stdout as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .measure import resident_bytes, seconds

LATER = 8


def in_new_process(folder: Path) -> Mapping[str, float]:
    """Seconds to open, of the first search and of later ones (median); bytes that opening makes resident."""
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(folder: Path) -> None:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.manifest import Manifest

    from .large import Queries, forget_hashes, warm_up

    manifest = Manifest.load(folder)
    queries = Queries(manifest)
    asked = [queries.next() for _ in range(LATER + 1)]
    CorpusIndex.from_pretrained(folder)  # imports, and the tables as Arrow files: once per index, not per process
    forget_hashes(folder)
    warm_up(folder)
    before = resident_bytes()
    opened: list[CorpusIndex] = []
    opening = seconds(lambda: opened.append(CorpusIndex.from_pretrained(folder)))
    resident = resident_bytes() - before
    index = opened[0]
    first = seconds(lambda: index.search(*asked[0], layer=0, exact=True))
    index.verify()  # so that the later ones are not slowed down by what the first one left behind
    times = [seconds(lambda ask=ask: index.search(*ask, layer=0, exact=True)) for ask in asked[1:]]  # type: ignore[misc]
    later = sorted(times)[LATER // 2]
    print(json.dumps({"open": opening, "resident": resident, "first": first, "later": later}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
