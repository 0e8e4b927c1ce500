"""Pushing: what arrives, what is said, what stays, and what every fault leaves behind."""

import json
import signal

import pytest

from exbert_hub.index.format.manifest import Manifest

from .conftest import finish, share
from .repos import Blob

REPO = "alice/tales"


def stored(server):
    """Uploads of large files that arrived whole."""
    return [request for request in server.seen("PUT", "/storage/") if request.sent]


def test_what_arrives(server, client, folder):
    done = client("writer").program("push", folder, REPO, "--license", "cc0-1.0", "--json")
    repo = server.hub.repos[REPO]
    commit = repo.at("main")
    url = f"{server.endpoint}/datasets/{REPO}"
    assert done.value == {"repo": REPO, "commit": commit.oid, "url": url, "pull_request": None}
    assert repo.tags == {"index-1": commit.oid}
    manifest = Manifest.load(folder)
    assert set(commit.files) == {*manifest.files, "README.md", "exbert.json", ".gitattributes"}
    assert all(commit.files[name].sha256 == entry.sha256 for name, entry in manifest.files.items())
    # data first, what describes it last
    data = list(repo.commits.values())[1]
    assert data.title == "Index of tales by model (data)" and not {"README.md", "exbert.json"} & set(data.files)
    # no names of folders on the writer's machine
    described = commit.files["exbert.json"].data.decode() + commit.files["README.md"].data.decode()
    assert "/home/alice" not in described and str(folder) not in described and "demo/model" not in described
    assert json.loads(commit.files["exbert.json"].data)["corpus"]["license"] == "cc0-1.0"
    # storage is another origin: tokens stay on the Hub
    assert {request.token for request in server.requests if request.host.startswith("localhost")} == {None}
    assert {request.token for request in server.requests if request.host.startswith("127.")} == {"hf_alice"}


def test_who_will_read_it_is_said_before_the_first_upload(server, client, folder):
    server.fail("POST", "/preupload/", status=403)
    done = client("writer").push(folder, REPO, "--public")
    assert "'tales' (30 sentences, licence cc0-1.0) will be readable by EVERYBODY in alice/tales" in done.err
    assert "it needs write access" in done.error and not stored(server)
    server.fail("POST", "/preupload/", status=403)
    done = client("writer").push(folder, "alice/own", "--private")
    assert server.hub.repos["alice/own"].private and "readable by you and those you give access" in done.err
    done = client("writer").push(folder, "alice/own", "--public")
    assert "alice/own is private already" in done.error


def test_a_corpus_without_a_licence_is_not_shared(server, client, folder):
    done = client("writer").command("push", folder, REPO)
    assert done.code == 1 and "--license cc0-1.0" in done.error
    assert not server.requests


def test_pushing_again_uploads_nothing(server, client, folder):
    first = client("writer").push(folder, REPO).value
    uploads = len(stored(server))
    assert client("another").push(folder, REPO).value == first
    assert len(stored(server)) == uploads == len(Manifest.load(folder).files)
    assert server.hub.repos[REPO].tags == {"index-1": first["commit"]}


def test_another_index_replaces_the_first_and_the_card_keeps_its_edits(server, client, folder, other_folder):
    repo = share(server, REPO, folder)
    files = dict(repo.at("main").files)
    card = files["README.md"].data.decode()
    card = card.replace("license: mit", "license: cc-by-4.0").replace("- interpretability", "- fairy-tales")
    card = card.replace("pretty_name: tales", "pretty_name: My tales").replace("# tales,", "# My tales,")
    files |= {"README.md": Blob(f"{card}\nThanks to my aunt.\n".encode(), False), "notes.txt": Blob(b"mine", False)}
    repo.commit("main", "edit the card", files)
    assert "30 sentences" not in card and "| sentences | 30 |" in card

    assert client("writer").push(other_folder, REPO).value["commit"] == repo.tags["index-2"]
    files = repo.at("main").files
    assert set(files) == {
        *Manifest.load(other_folder).files,
        "README.md",
        "exbert.json",
        ".gitattributes",
        "notes.txt",
    }
    assert set(Manifest.load(folder).files) - set(files) == {
        "tokens/part-00001.parquet",
        "sentences/part-00001.parquet",
    }
    card = files["README.md"].data.decode()
    assert card.endswith("Thanks to my aunt.\n") and "\n# My tales, as model sees it\n" in card
    assert repo.card["license"] == "cc-by-4.0" and repo.card["pretty_name"].startswith("My tales")
    assert "fairy-tales" in repo.card["tags"] and "exbert-index" in repo.card["tags"]
    assert "| sentences | 12 |" in card and "| sentences | 30 |" not in card
    assert repo.card["exbert"]["sentences"] == 12


def test_branches_have_tags_of_their_own(server, client, folder):
    done = client("writer").push(folder, REPO, "--revision", "trial")
    repo = server.hub.repos[REPO]
    assert repo.tags == {"trial-index-1": done.value["commit"]}
    assert set(repo.at("main").files) == {".gitattributes"}


def test_a_pull_request_leaves_main_alone_and_is_not_tagged(server, client, folder, other_folder):
    repo = share(server, REPO, folder)
    before = repo.at("main"), dict(repo.tags)
    done = client("guest", token="hf_bob").push(other_folder, REPO, "--create-pr")
    assert done.value["pull_request"] == f"{server.endpoint}/datasets/{REPO}/discussions/1"
    assert (repo.at("main"), repo.tags) == before
    assert [name for name in repo.branches if name != "main"] == ["refs/pr/1"]
    proposed = repo.at("refs/pr/1").files
    assert json.loads(proposed["exbert.json"].data)["sentences"] == 12 and "tokens/part-00001.parquet" not in proposed


def test_the_python_api_and_an_index_that_came_from_the_hub(server, client, folder):
    share(server, "bob/tales", folder)
    script = """
from exbert_hub import CorpusIndex
index = CorpusIndex.from_pretrained(args[0])
commit = index.push_to_hub(args[1], license="mit", private=True, commit_message="A copy of mine")
again = CorpusIndex.from_pretrained(args[1])
show([commit.oid, again.revision, len(again), commit.commit_message])
"""
    oid, revision, pieces, message = client("writer").python(script, "bob/tales", "alice/copy").value
    manifest, copy = Manifest.load(folder), server.hub.repos["alice/copy"]
    assert oid == revision == copy.tags["index-1"] and copy.private and message == "A copy of mine"
    assert pieces == manifest.pieces and set(manifest.files) < set(copy.at("main").files)
    assert not stored(server), "the Hub has these files already"


@pytest.mark.parametrize(
    ("token", "repo", "message"),
    [
        ("hf_wrong", REPO, "log in again"),
        ("hf_alice_read", REPO, "it needs write access"),
        ("hf_bob", REPO, "it needs write access"),
        ("hf_alice", "tales", "write it as 'owner/name'"),
    ],
)
def test_refusals_are_told_in_one_line(server, client, folder, token, repo, message):
    share(server, REPO, folder)
    done = client("writer", token=token).command("push", folder, repo, "--license", "mit")
    assert done.code == 1 and done.error.startswith("error: ") and message in done.error
    assert "Traceback" not in done.err and token not in done.err
    assert not stored(server)


def test_a_push_survives_everything_that_passes(server, client, folder):
    faults = [
        server.fail("POST", "/api/repos/create", status=502),
        server.fail("GET", f"/api/datasets/{REPO}$", status=429, headers={"Retry-After": "1"}),
        server.fail("POST", "/preupload/", status=429, headers={"Retry-After": "0"}),
        server.fail("PUT", "/storage/", times=2, status=503),
        server.fail("PUT", "/storage/"),  # cut in the middle of the body
        server.fail("POST", "/commit/main", status=200, lose_answer=True),
        server.fail("POST", "/commit/main", status=500),
        server.fail("POST", "/tag/", status=504),
    ]
    faults[5].status = None  # it is carried out, only the answer is lost
    done = client("writer").push(folder, REPO)
    repo = server.hub.repos[REPO]
    assert all(fault.times == 0 for fault in faults)
    assert repo.tags == {"index-1": done.value["commit"]} and repo.at("main").oid == done.value["commit"]
    assert len(repo.commits) == 3, "nothing was committed twice"
    assert all(repo.at("main").files[n].sha256 == e.sha256 for n, e in Manifest.load(folder).files.items())


def test_somebody_else_pushes_meanwhile(server, client, folder, other_folder):
    repo = share(server, REPO, folder)
    fault = server.fail("PUT", "/storage/", hold=True)
    process = client("writer").start("push", other_folder, REPO, "--license", "mit")
    assert fault.reached.wait(60)
    theirs = repo.commit("main", "their change", repo.at("main").files | {"theirs.txt": Blob(b"theirs", False)})
    fault.release.set()
    done = finish(process)
    assert "someone else changed it in the meantime; nothing of theirs was overwritten" in done.error
    assert repo.at("main") is theirs and list(repo.tags) == ["index-1"]


def test_a_killed_push_goes_on_where_it_stopped(server, client, folder):
    fault = server.fail("PUT", "/storage/", times=3, hold=True)
    writer = client("writer")
    process = writer.start("push", folder, REPO, "--license", "cc0-1.0")
    assert fault.reached.wait(60)
    while len(stored(server)) < 2:  # of five at once, two are not held
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    fault.release.set()
    fault.times = 0
    there = set(server.hub.large)
    repo = server.hub.repos[REPO]
    assert there and set(repo.at("main").files) == {".gitattributes"} and not repo.tags
    assert "holds no complete index: it has no exbert.json" in client("reader").command("info", REPO).error

    before = len(stored(server))
    done = writer.push(folder, REPO)
    sent = {request.path.removeprefix("/storage/") for request in stored(server)[before:]}
    assert sent == {entry.sha256 for entry in Manifest.load(folder).files.values()} - there
    assert repo.tags == {"index-1": done.value["commit"]}


def test_readers_of_a_half_finished_main_get_the_newest_tag(server, client, folder, other_folder):
    repo = share(server, REPO, folder)
    server.fail("POST", "/api/validate-yaml", status=403)  # after the data, before the manifest
    assert client("writer").push(other_folder, REPO).code == 1
    assert repo.at("main").title.endswith("(data)")
    reader = client("reader", token=None)
    done = reader.command("pull", REPO, "--json")
    assert done.value["commit"] == repo.tags["index-1"]
    assert "is not the file that its manifest names): opening its newest finished index, index-1" in done.err
    requests = len(server.requests)
    assert reader.offline.command("pull", REPO, "--json").value == done.value
    assert len(server.requests) == requests

    assert client("writer").push(other_folder, REPO).value["commit"] == repo.tags["index-2"]
    assert reader.command("pull", REPO, "--json").value["commit"] == repo.tags["index-2"]
