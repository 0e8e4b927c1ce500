from exbert_hub.index.manifest import Manifest

from .conftest import OPEN, PUSH

REPO = "alice/tales"


def test_push(server, client, folder):
    done = client("writer").python(PUSH, folder, REPO)
    print(done.err)
    repo = server.hub.repos[REPO]
    commit = repo.at("main")
    assert done.value["oid"] == commit.oid
    assert repo.tags == {"index-1": commit.oid}
    manifest = Manifest.load(folder)
    assert set(manifest.files) | {"README.md", "exbert.json", ".gitattributes"} == set(commit.files)
    print(commit.files["README.md"].data.decode())
    done = client("reader", token=None).python(OPEN, REPO)
    print(done.value, done.err)
    print(client("reader").cached())
    for r in server.requests: print(r)
