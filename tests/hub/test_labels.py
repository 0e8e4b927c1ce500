"""Attached labels travel with an index, and are never written into the Hub's cache."""

import shutil

from exbert_hub.index.format.manifest import Manifest

REPO = "alice/tales"

LABELS = """
from exbert_hub.index import CorpusIndex
from exbert_hub.errors import AnnotationError
index = CorpusIndex.from_pretrained(args[0])
try:
    index.annotate("second", ["x"] * len(index))
    refused = ""
except AnnotationError as error:
    refused = str(error)
show([index.labels[-1], index.tokens["size"][:], refused])
"""


def test_labels_are_shared(server, client, folder, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(folder, mine)
    pieces = Manifest.load(mine).pieces
    sizes = [str(number % 3) for number in range(pieces)]
    (tmp_path / "sizes.tsv").write_text("\n".join(["size", *sizes]) + "\n")
    writer, reader = client("writer"), client("reader", token=None)
    done = writer.command("annotate", mine, tmp_path / "sizes.tsv", "--json")
    assert done.value == {"labels": ["size"], "pieces": pieces, "unused": 0}
    again = writer.command("annotate", mine, tmp_path / "sizes.tsv")
    assert again.code == 1 and "--overwrite" in again.error
    assert writer.push(mine, REPO).code == 0
    assert "labels/part-00000.parquet" in server.hub.repos[REPO].at("main").files

    label, values, refused = reader.python(LABELS, REPO).value
    assert (label, values) == ("size", sizes) and f"{REPO} is in a cache" in refused
    assert "labels/part-00000.parquet" in reader.cached() and not [name for name in reader.cached() if "faiss" in name]

    copy = reader.home / "copy"
    assert reader.command("pull", REPO, "-o", copy).code == 0
    done = reader.command("annotate", copy, tmp_path / "sizes.tsv", "--overwrite")
    assert done.code == 0 and done.out == f"size: {pieces:,} of {pieces:,} pieces have a label\n"

    # a second push takes the old table away
    assert writer.command("annotate", mine, tmp_path / "sizes.tsv", "--overwrite").code == 0
    assert writer.push(mine, REPO).code == 0
    tables = [name for name in server.hub.repos[REPO].at("main").files if name.startswith("labels/")]
    assert tables == ["labels/part-00001.parquet"]
