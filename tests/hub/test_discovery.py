"""Finding shared indexes by tag, confirming them by hash, and whom to trust."""

import json
from dataclasses import replace

from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.hub.card import render

from .conftest import FIND, share
from .repos import Blob


def describe(server, repo_id, folder, change, **options):
    """Share an index whose manifest and card say something else."""
    repo = share(server, repo_id, folder, **options)
    manifest = change(Manifest.load(folder))
    manifest = replace(manifest, corpus=replace(manifest.corpus, license="mit"))
    card, text = render(repo_id, manifest).encode(), manifest.to_json().encode()
    files = repo.at("main").files | {"README.md": Blob(card, False), "exbert.json": Blob(text, False)}
    repo.tags["index-2"] = repo.commit("main", "described", files).oid
    return repo


def named(name, language="en"):
    def change(manifest):
        model, corpus = replace(manifest.model, model_id=name), replace(manifest.corpus, language=language)
        return replace(manifest, model=model, corpus=corpus)

    return change


def test_list(server, client, folder):
    for number, language in enumerate(("en", "en", "de", "en", "en")):
        describe(server, f"bob/bert-{number}", folder, named("bert-base-uncased", language)).downloads = number
    describe(server, "bob/new-name", folder, named("google-bert/bert-base-uncased")).downloads = 9
    describe(server, "bob/their-own", folder, named("bob/bert-base-uncased"))
    describe(server, "bob/secret", folder, named("bert-base-uncased"), private=True)
    share(server, "alice/forged", folder)
    text = b"---\ntags: [exbert-index]\nlicense: mit\nexbert: {pieces: many}\n---\n"
    server.hub.repos["alice/forged"].commit("main", "forge", {"README.md": Blob(text, False)})

    reader = client("reader", token=None)
    found = reader.command("list", "bert-base-uncased", "--json").value
    names = ["bob/new-name", "bob/bert-4", "bob/bert-3", "bob/bert-2", "bob/bert-1", "bob/bert-0", "bob/their-own"]
    assert [index["repo_id"] for index in found] == names, "over three pages, most downloaded first"
    assert found[0] | {"modified": ""} == {
        "repo_id": "bob/new-name", "model": "google-bert/bert-base-uncased", "corpus": "tales", "language": "en",
        "license": "mit", "pieces": Manifest.load(folder).pieces, "private": False, "gated": False, "downloads": 9,
        "bytes": sum(entry.size for entry in Manifest.load(folder).files.values()), "likes": 0, "modified": "",
    }  # fmt: skip
    script = """
from exbert_hub import list_indexes
names = lambda *args, **options: [index.repo_id for index in list_indexes(*args, **options)]
show([names("google-bert/bert-base-uncased", "en"), names(language="de"), names("gpt2"), len(names())])
"""
    theirs, german, none, every = client("bob", token="hf_bob").python(script).value
    assert set(theirs) == {*names[:3], "bob/bert-1", "bob/bert-0", "bob/secret"}
    assert (german, none, every) == (["bob/bert-2"], [], 8)
    text = reader.command("list", "gpt2").out
    assert text.startswith("no such index is shared yet")
    rows = [line.split()[:3] for line in reader.command("list").out.splitlines()]
    assert rows[:2] == [["repository", "model", "corpus"], ["bob/new-name", "google-bert/bert-base-uncased", "tales"]]


def test_find(server, client, folder, other_folder):
    reader = client("reader")
    assert reader.python(FIND, folder).value is None
    share(server, "bob/tales", folder)
    share(server, "carol/few", other_folder)

    # its tags say that it is the same model, which is what it is found by; its manifest says otherwise
    describe(server, "bob/lie", folder, lambda manifest: manifest)
    forged = server.hub.repos["bob/lie"]
    text = json.loads(forged.at("main").files["exbert.json"].data)
    text["model"]["tokenizer_fingerprint"] = "0" * 64
    card = forged.at("main").files["README.md"].data.replace(b"pieces: ", b"pieces: 9")
    changed = {"README.md": Blob(card, False), "exbert.json": Blob(json.dumps(text).encode(), False)}
    forged.commit("main", "lie", forged.at("main").files | changed)

    done = reader.python(FIND, folder)
    repo_id, commit, trusted, others, text = done.value
    assert (repo_id, trusted) == ("bob/tales", False), "the largest that is what it says"
    assert "bob/lie is skipped: it was built with other weights or another tokenizer" in done.err
    assert commit == server.hub.repos["bob/tales"].at("main").oid and set(others) == {"bob/lie", "carol/few"}
    assert text.startswith("the shared index bob/tales of tales (") and "index='owner/name'" in text
    assert reader.cached() == {"exbert.json"}

    trusting = replace(reader, settings={"EXBERT_TRUSTED_OWNERS": "nobody, Carol"})
    assert trusting.python(FIND, folder).value[0:3:2] == ["carol/few", True]
    assert reader.python(FIND, folder, "carol").value[0:3:2] == ["carol/few", True]
    share(server, "alice/mine", other_folder)
    assert reader.python(FIND, folder).value[0:3:2] == ["alice/mine", True], "one's own"


def test_a_hub_that_is_away_is_no_reason_to_fail(server, client, folder):
    share(server, "alice/mine", folder)
    reader = client("reader")
    assert reader.offline.python(FIND, folder).value is None
    server.fail("GET", "/api/datasets", times=9, status=401)
    done = reader.python(FIND, folder)
    assert done.value is None and "Shared indexes could not be looked up" in done.err
    assert client("other").offline.command("list").code == 1
