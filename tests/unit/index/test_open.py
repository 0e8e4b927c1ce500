"""Opening an index that somebody else wrote."""

import json
import shutil

import pytest

from exbert_hub.errors import IndexFormatError
from exbert_hub.index import CorpusIndex, store


@pytest.fixture
def copy(index, tmp_path):
    shutil.copytree(index._store.folder, tmp_path / "copy")
    return tmp_path / "copy"


def change(folder, edit):
    path = folder / "exbert.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def refuse(folder, match):
    with pytest.raises(IndexFormatError, match=match):
        CorpusIndex.from_pretrained(folder)


def test_a_folder_that_is_no_index(tmp_path):
    refuse(tmp_path, "hf-exbert build")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 1}', "\x00"])
def test_a_malformed_manifest(copy, text):
    (copy / "exbert.json").write_text(text)
    refuse(copy, "malformed")


def test_a_manifest_of_the_future(copy):
    change(copy, lambda m: m.update(format_version=99))
    refuse(copy, "upgrade")


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "faiss/../../x.faiss", "tokens/../x.parquet", "faiss/evil.pkl", "run.py"]
)
def test_file_names_that_an_index_may_not_hold(copy, name):
    change(copy, lambda m: m["files"].update({name: {"size": 1, "sha256": "0" * 64}}))
    refuse(copy, "may not hold")


def test_a_link_that_leads_out_of_the_folder(copy, tmp_path):
    victim = tmp_path / "victim"
    path = copy / "faiss" / "heads-00.faiss"
    victim.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(victim)
    refuse(copy, "leads out")


def test_links_inside_a_hub_cache_are_followed(copy, tmp_path):
    repo = tmp_path / "datasets--user--index"
    snapshot = repo / "snapshots" / "0123abcd"
    (repo / "blobs").mkdir(parents=True)
    for number, path in enumerate(sorted(p for p in copy.rglob("*") if p.is_file())):
        blob = repo / "blobs" / str(number)
        shutil.copyfile(path, blob)
        link = snapshot / path.relative_to(copy)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    assert len(CorpusIndex.from_pretrained(snapshot)) > 0


def test_missing_and_resized_files(copy):
    path = copy / "attention" / "layer-03.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    refuse(copy, "bytes")
    path.unlink()
    refuse(copy, "missing")


def test_counts_that_do_not_fit(copy):
    change(copy, lambda m: m.update(pieces=m["pieces"] + 1))
    refuse(copy, "number of vectors")


def test_dimensions_that_do_not_fit(copy):
    change(copy, lambda m: m["vectors"][0].update(dim=4))
    refuse(copy, "values")


def test_a_layer_the_model_does_not_have(copy):
    change(copy, lambda m: m["vectors"].append({"kind": "heads", "layer": 77, "dim": 384}))
    refuse(copy, "layer 77")


def test_vectors_whose_file_is_not_listed(copy):
    change(copy, lambda m: m["files"].pop("faiss/heads-02.faiss"))
    refuse(copy, "does not list")


def test_a_table_with_other_columns(copy):
    change(copy, lambda m: m["corpus"].update(extra_labels=["Number"]))
    refuse(copy, "columns")


def test_a_changed_file_is_found_out_when_it_is_first_used(copy, inspector):
    path = copy / "faiss" / "embedding-02.faiss"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    index = CorpusIndex.from_pretrained(copy)
    seen = inspector.inspect("He ran.")
    assert index.search(seen, "ran", layer=1, k=1)
    with pytest.raises(IndexFormatError, match="sha256"):
        index.search(seen, "ran", layer=2, k=1)


def test_each_file_is_hashed_once(copy, inspector, monkeypatch):
    hashed = []
    real = store.sha256_of
    monkeypatch.setattr(
        store, "sha256_of", lambda path: hashed.append(path.relative_to(copy).as_posix()) or real(path)
    )
    seen = inspector.inspect("He ran.")
    for _ in range(2):
        index = CorpusIndex.from_pretrained(copy)
        index.search(seen, "ran", layer=1, k=1)
        index.search(seen, "ran", layer=1, k=2)
    assert sorted(hashed) == sorted(set(hashed))
    assert "faiss/embedding-01.faiss" in hashed and "faiss/embedding-02.faiss" not in hashed


def test_attention_of_the_wrong_shape_is_refused(copy, inspector):
    change(copy, lambda m: m["model"]["heads"].__setitem__(1, 6) or m["model"]["head_dims"].__setitem__(1, 64))
    index = CorpusIndex.from_pretrained(copy)
    with pytest.raises(IndexFormatError, match="not the attention of 6 heads"):
        index._attention(1).get(0)
