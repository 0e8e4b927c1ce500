"""Indexes in shards on the Hub: written there by a cluster, found by their card, opened, searched as one."""

import json
from pathlib import Path

import pytest

from exbert_hub import demo
from exbert_hub.corpus import open_corpus, write_corpus
from exbert_hub.index import CorpusIndex

from .conftest import FIND, LAYERS, share

REPO = "alice/shards"

SEARCH = """
from pathlib import Path
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspector
inspector = Inspector.from_pretrained(args[0], local_files_only=True)
seen = inspector.inspect("She ran to the house.")
results = []
for names in args[1:]:
    index = CorpusIndex.from_pretrained(json.loads(names))
    found = index.search(seen, "ran", by="heads", layer=5, heads=[1, 2], k=20)
    words = [(match.row, match.position) for match in found]
    results.append({"words": words, "scores": [match.score for match in found], "pieces": len(index)})
show(results)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    sentences = [sentence for sentence in open_corpus(demo.CORPUS) if 4 < len(sentence.words) < 30]
    info = open_corpus(demo.CORPUS).described(name="tales", license="mit", source="/home/alice/tales.txt").info
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    write_corpus(info, sentences[:42], folder)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory, inspector, corpus) -> Path:
    """The same as one index."""
    folder = tmp_path_factory.mktemp("whole") / "index"
    CorpusIndex.build(inspector, open_corpus(corpus), folder, layers=LAYERS, progress=lambda done, total: None)
    return folder


def _same(found, expected, tolerance):
    assert found["words"] == expected["words"] and found["pieces"] == expected["pieces"]
    assert found["scores"] == pytest.approx(expected["scores"], abs=tolerance)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_workers_write_to_the_hub_and_readers_find_and_search_it(server, client, corpus, whole, tmp_path):
    writer = client("writer")
    layers = ",".join(map(str, LAYERS))
    options = ("--layers", layers, "--ray", "local", "--workers", "2", "--shard-pieces", "300")
    done = writer.program("build", demo.MODEL, corpus, "-o", f"hf://datasets/{REPO}", *options, timeout=500)
    assert done.code == 0, done.out + done.err

    files = server.hub.repos[REPO].at("main").files
    shards = json.loads(files["shards.json"].data)["shards"]
    assert len(shards) >= 2
    found = {name.split("/")[0] for name in files} - {".gitattributes"}  # which the Hub puts there
    assert found == {*shards, "shards.json", "README.md"}, "nothing is left over"
    assert not [
        name for name, file in files.items() if b"/home/alice" in file.data or str(demo.MODEL).encode() in file.data
    ]

    reader = client("reader", token=None)
    (listed,) = reader.command("list", "--json").value
    size = sum(len(file.data) for name, file in files.items() if name.endswith((".parquet", ".faiss")))
    assert (listed["repo_id"], listed["license"], listed["bytes"]) == (REPO, "mit", size)
    assert listed["pieces"] == CorpusIndex.from_pretrained(whole).manifest.pieces
    assert reader.python(FIND, whole).value[:3] == [REPO, server.hub.repos[REPO].at("main").oid, False]
    found, expected = reader.python(SEARCH, demo.MODEL, json.dumps(REPO), json.dumps(str(whole))).value
    _same(found, expected, 1e-3)  # fp16, and other batches


def test_a_list_of_repositories_is_searched_as_one_index(server, client, corpus, inspector, tmp_path, whole):
    sentences, info = list(open_corpus(corpus)), open_corpus(corpus).info
    for number, part in enumerate((sentences[:20], sentences[20:])):
        there = write_corpus(info, part, tmp_path / f"corpus-{number}")
        folder = tmp_path / f"index-{number}"
        CorpusIndex.build(inspector, there, folder, layers=LAYERS, progress=lambda done, total: None)
        share(server, f"alice/part-{number}", folder)
    names = [["alice/part-0", "alice/part-1"], ["alice/part-0", str(tmp_path / "index-1")], str(whole)]
    *found, expected = client("reader", token=None).python(SEARCH, demo.MODEL, *map(json.dumps, names)).value
    for each in found:
        _same(each, expected, 1e-3)
