"""Opening an index from the Hub: only what is used, pinned, checked, and without the network afterwards."""

import json
from dataclasses import replace

import pytest

from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.manifest import FileEntry, Manifest

from .conftest import OPEN, share
from .repos import Blob

REPO = "alice/tales"

SEARCH = """
from types import SimpleNamespace
import numpy as np
from exbert_hub.errors import HubError
from exbert_hub.index import CorpusIndex
repo, question = args[0], json.load(open(args[1]))
def search(layer, **options):
    index = CorpusIndex.from_pretrained(repo, **options)
    seen = SimpleNamespace(**question, model_info=index.manifest.model, position_of=question["pieces"].index)
    seen.contexts, seen.tokens = np.array(seen.contexts), SimpleNamespace(offsets=seen.offsets, segments=seen.segments)
    return [index.search(seen, "ran", by="heads", layer=layer, heads=[1, 2], k=5).to_dict(), index.revision]
online, offline = search(5), search(5, local_files_only=True)
try:
    missing = search(0, local_files_only=True)
except HubError as error:
    missing = str(error)
show([online, offline, missing])
"""


def test_only_the_layers_used_are_downloaded_and_then_no_network_is_needed(
    server, client, folder, inspector, tmp_path
):
    repo = share(server, REPO, folder)
    reader = client("reader", token=None)
    # this process has the model; the other one gets what it saw
    seen = inspector.inspect("She ran to the house.")
    question = {"text": seen.text, "pieces": seen.pieces, "masked": seen.masked.tolist(), "text_pair": None}
    question |= {"offsets": seen.tokens.offsets.tolist(), "segments": seen.tokens.segments.tolist()}
    (tmp_path / "question.json").write_text(json.dumps(question | {"contexts": seen.contexts.tolist()}))
    online, offline, missing = reader.python(SEARCH, REPO, tmp_path / "question.json").value
    here = CorpusIndex.from_pretrained(folder).search(seen, "ran", by="heads", layer=5, heads=[1, 2], k=5)
    assert online == [json.loads(json.dumps(here.to_dict())), repo.tags["index-1"]]
    assert offline == online and "it is not in the cache of this machine" in missing
    manifest = Manifest.load(folder)
    tables = {name for name in manifest.files if name.startswith(("tokens/", "sentences/"))}
    used = tables | {"faiss/heads-05.faiss", "attention/layer-05.parquet"}
    assert reader.cached() == used | {"exbert.json"}
    sent = sum(request.sent for request in server.requests if request.path.startswith("/storage/"))
    assert sent == sum(manifest.files[name].size for name in used) < sum(e.size for e in manifest.files.values()) / 2

    requests = len(server.requests)
    assert reader.offline.python(OPEN, REPO).value == {
        "revision": online[1], "pieces": manifest.pieces, "layers": ["heads-05"],
    }  # fmt: skip
    assert reader.offline.python(OPEN, "alice/nothing").error.startswith("exbert_hub.errors.HubError: ")
    assert len(server.requests) == requests


def test_the_commit_is_pinned_while_others_push(server, client, folder, other_folder):
    first = share(server, REPO, folder).at("main").oid
    process = client("reader").begin(
        """
from exbert_hub.index import CorpusIndex
index = CorpusIndex.from_pretrained(args[0])
print("open", flush=True)
input()
index.opened.store.use_vectors(index.tokens, index.manifest.vectors[0])
show([index.revision, index.tokens.list_indexes(), index.tokens.get_index("embedding-emb").faiss_index.ntotal])
""",
        REPO,
    )
    assert process.stdout.readline() == "open\n"
    second = share(server, REPO, other_folder).at("main").oid
    out, err = process.communicate("\n", timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out) == [first, ["embedding-emb"], Manifest.load(folder).pieces]

    script = """
from exbert_hub.index import CorpusIndex
from exbert_hub.errors import HubError
index = CorpusIndex.from_pretrained(args[0])
found = [index.revision, CorpusIndex.from_pretrained(args[0], revision="index-1").revision]
found.append(CorpusIndex.from_pretrained(args[0], revision=index.revision, cache_dir="elsewhere").revision)
try:
    CorpusIndex.from_pretrained(args[0], revision="index-9")
except HubError as error:
    found.append(str(error))
show(found)
"""
    found = client("reader").python(script, REPO).value
    assert found[:3] == [second, first, second]
    assert found[3] == f"opening {REPO} at index-9 failed: it has no such branch, tag or commit."
    assert list((client("reader").home / "elsewhere").glob("datasets--alice--tales/snapshots/*/exbert.json"))


def test_a_download_survives_everything_that_passes(server, client, folder):
    share(server, REPO, folder)
    manifest = Manifest.load(folder)
    cut, refused = (f"/storage/{manifest.files[f'faiss/heads-{layer}.faiss'].sha256}" for layer in ("05", "00"))
    faults = [
        server.fail("HEAD", "/resolve/main/exbert.json", status=503),
        server.fail("GET", "/tree/", status=429, headers={"Retry-After": "1"}),
        server.fail("HEAD", "/resolve/.*/tokens/part-00001", status=504),
        server.fail("GET", refused, status=500),
        server.fail("GET", cut),  # in the middle of the body
    ]
    reader = client("reader", token=None)
    assert reader.program("pull", REPO, "--quiet").code == 0
    assert all(fault.times == 0 for fault in faults)
    assert reader.cached() == {*manifest.files, "exbert.json"} and not reader.half_written()


def test_what_had_arrived_before_a_cut_is_not_sent_again(server, client, folder):
    """huggingface_hub keeps what has arrived in steps of 10 MiB, more than our small index has."""
    blob = Blob(bytes(range(256)) * 100_000, True)
    repo = share(server, REPO, folder)
    server.hub.large[blob.sha256] = blob.data
    repo.commit("main", "a large file", repo.at("main").files | {"large.faiss": blob})
    server.fail("GET", blob.sha256)
    script = """
from exbert_hub.files import sha256_of
from exbert_hub.hub import open_snapshot
snapshot = open_snapshot(args[0], "exbert.json")
snapshot.fetch(["large.faiss"])
show(sha256_of(snapshot.folder / "large.faiss"))
"""
    assert client("reader").python(script, REPO).value == blob.sha256
    size, step = len(blob.data), 10 * 1024**2
    assert [request.sent for request in server.seen("GET", blob.sha256)] == [size // 2, size - step]


def test_what_does_not_match_the_manifest_is_refused(server, client, folder):
    """Same names, same sizes, other content; a forged FAISS header with a manifest that vouches for it."""
    files = dict(share(server, REPO, folder).at("main").files)
    manifest = Manifest.load(folder)
    repo = server.hub.repos[REPO]

    def swap(name: str, data: bytes, vouch: bool) -> None:
        blob = Blob(data, True)
        entry = FileEntry(len(data), blob.sha256)
        described = replace(manifest, files=manifest.files | {name: entry}) if vouch else manifest
        server.hub.large[blob.sha256] = data
        text = Blob(described.to_json().encode(), False)
        repo.commit("main", f"swap {name}", files | {name: blob, "exbert.json": text})

    vectors = files["faiss/heads-05.faiss"].data
    repo.tags.clear()
    swap("faiss/heads-05.faiss", vectors[:-1] + bytes([vectors[-1] ^ 1]), vouch=False)
    done = client("reader").command("pull", REPO)
    assert "holds no complete index: faiss/heads-05.faiss is not the file that its manifest names" in done.error
    swap("faiss/heads-05.faiss", b"IxPT" + vectors[4:], vouch=True)
    assert "the file is not opened" in client("reader").command("pull", REPO).error
    swap("faiss/heads-05.faiss", vectors[:-1], vouch=True)
    assert "are not those of" in client("reader").command("pull", REPO).error


def test_a_file_damaged_in_the_cache_is_downloaded_again(server, client, folder):
    share(server, REPO, folder)
    reader = client("reader")
    assert reader.command("pull", REPO, "--layers", "5").code == 0
    path = next(reader.home.rglob("snapshots/*/faiss/heads-05.faiss")).resolve()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = reader.command("pull", REPO, "--layers", "5")
    assert done.code == 0 and "is damaged in the cache: downloading it again" in done.err
    assert path.read_bytes() == content
    assert not any("-00" in name for name in reader.cached() if name.startswith(("faiss", "attention")))


@pytest.mark.parametrize(
    ("token", "options", "message"),
    [
        ("hf_bob", {"private": True}, "it is private and you are not logged in as someone who may see it"),
        (None, {"private": True}, "it is private and you are not logged in as someone who may see it"),
        ("hf_bob", {"gated": True}, "access to it is restricted; ask for access on its page"),
        ("hf_wrong", {}, "the token is not valid; log in again with `hf auth login`"),
    ],
)
def test_refusals_are_told_in_one_line(server, client, folder, token, options, message):
    share(server, REPO, folder, **options)
    reader = client("reader", token=token)
    done = reader.command("info", REPO)
    assert done.code == 1 and done.error.startswith(f"error: opening {REPO} failed: ") and message in done.error
    assert not reader.cached() and "Traceback" not in done.err


def test_a_dataset_that_is_no_index(server, client, folder):
    repo = share(server, REPO, folder)
    repo.tags.clear()
    repo.commit("main", "text only", {"text.txt": Blob(b"Once upon a time", False)})
    assert f"{REPO} holds no complete index: it has no exbert.json" in client("reader").command("info", REPO).error


def test_an_index_of_another_model_is_an_error_that_explains_itself(server, client, folder):
    share(server, REPO, folder)
    script = """
from dataclasses import replace
from types import SimpleNamespace
from exbert_hub.errors import IndexMismatchError
from exbert_hub.index import CorpusIndex
index = CorpusIndex.from_pretrained(args[0])
found = []
for change in ({"weights_fingerprint": "0"}, {"tokenizer_fingerprint": "0"}):
    try:
        index.search(SimpleNamespace(model_info=replace(index.manifest.model, revision="main", **change)), "ran")
    except IndexMismatchError as error:
        found.append(str(error))
show(found)
"""
    weights, tokenizer = client("reader").python(script, REPO).value
    assert "was built with" in weights and "whose weights differ" in weights and "(revision main)" in weights
    assert "whose tokenizer differ" in tokenizer and "build an index for this one" in tokenizer


def test_a_plain_user_loads_the_tables_with_datasets(server, client, folder):
    share(server, REPO, folder)
    script = """
from datasets import get_dataset_config_names, load_dataset
tokens, sentences = (load_dataset(args[0], name, split="train") for name in ("tokens", "sentences"))
default = load_dataset(args[0], split="train")
row = tokens[100]
piece = sentences[row["sentence"]]["pieces"][row["position"]]
names = sorted(get_dataset_config_names(args[0]))
show([names, len(tokens), len(sentences), len(default), row["piece"], piece["piece"]])
"""
    manifest = Manifest.load(folder)
    names, tokens, sentences, default, piece, same = client("user", token=None).python(script, REPO).value
    assert names == ["sentences", "tokens"]
    assert (tokens, sentences, default) == (manifest.pieces, manifest.sentences, manifest.pieces)
    assert piece == same


def test_another_model_takes_over_the_annotation(server, client, folder, inspector, tmp_path):
    share(server, REPO, folder)
    reader = client("reader", token=None)
    script = """
from exbert_hub.corpus import annotate
from exbert_hub.errors import CorpusError
from exbert_hub.index import annotation_of
refusals = []
for call in (lambda: annotate(args[0]), lambda: annotate(annotation_of(args[0]), "blank:en")):
    try:
        call()
    except CorpusError as error:
        refusals.append(str(error))
corpus = annotate(annotation_of(args[0]))
show([str(corpus.folder), corpus.info.source, refusals])
"""
    corpus, source, (advice, refusal) = reader.python(script, REPO).value
    assert source == f"{REPO}@{server.hub.repos[REPO].tags['index-1']}"
    assert advice.startswith("alice/tales is an index.") and "annotation_of('alice/tales')" in advice
    assert refusal.startswith(f"{source} is already annotated by 'spacy:")
    assert {name.split("/")[0] for name in reader.cached()} == {"exbert.json", "sentences"}
    # by this process, which has a model loaded; any model would do
    output = tmp_path / "mine"
    CorpusIndex.build(inspector, corpus, output, layers=[0], kinds=["heads"], progress=lambda done, total: None)
    built, original = Manifest.load(output), Manifest.load(folder)
    assert (built.sentences, built.pieces) == (original.sentences, original.pieces)
    assert built.base_rates == original.base_rates and built.corpus.annotator == original.corpus.annotator
