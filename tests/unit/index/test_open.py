"""Opening an index that somebody else wrote."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of
from exbert_hub.index import CorpusIndex
from exbert_hub.index.store import store, verify


@pytest.fixture
def copy(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "copy")
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
    refuse(copy, "points outside")


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
    change(copy, lambda m: m["corpus"].update(extra_labels=["Number"]) or m["labels"].append("Number"))
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
    monkeypatch.setattr(
        verify, "sha256_of", lambda path, *_: hashed.append(path.relative_to(copy).as_posix()) or sha256_of(path)
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
    with pytest.raises(IndexFormatError, match="more than the attention of 6 heads"):
        index.opened.searcher.attention(1)


def replace_file(folder, name, write):
    """Put another file in the place of one, with a manifest that vouches for it."""
    path = folder / name
    write(path)
    entry = {"size": path.stat().st_size, "sha256": sha256_of(path)}
    change(folder, lambda m: m["files"].__setitem__(name, entry))


@pytest.mark.parametrize("codes", [None, b"", b"\x00" * 12])
def test_a_row_of_attention_that_is_not_its_sentences(copy, inspector, codes):
    count = len(CorpusIndex.from_pretrained(copy).sentences)
    table = pa.table({"attention": pa.array([codes] * count, pa.binary())})
    replace_file(copy, "attention/layer-02.parquet", lambda path: pq.write_table(table, path))
    index = CorpusIndex.from_pretrained(copy)
    with pytest.raises(IndexFormatError, match="row"):
        index.search(inspector.inspect("He ran."), "ran", layer=2)


def test_attention_that_unpacks_to_more_than_it_may(copy, inspector):
    count = len(CorpusIndex.from_pretrained(copy).sentences)
    table = pa.table({"attention": pa.array([bytes(4_000_000)] * count, pa.binary())})
    replace_file(copy, "attention/layer-02.parquet", lambda path: pq.write_table(table, path, compression="zstd"))
    index = CorpusIndex.from_pretrained(copy)
    with pytest.raises(IndexFormatError, match="holds more"):
        index.search(inspector.inspect("He ran."), "ran", layer=2)


def spoil(column, row, value):
    def write(path):
        table = pq.read_table(path)
        values = table.column(column).to_pylist()
        values[row] = value
        field = table.schema.field(column)
        position = table.schema.get_field_index(column)
        pq.write_table(table.set_column(position, field, pa.array(values, field.type)), path)

    return write


@pytest.mark.parametrize(
    ("column", "value"),
    [("position", 10**6), ("position", -1), ("position", 0), ("sentence", 10**6), ("sentence", -5), ("sentence", None)]
    + [("word", 10**6), ("word", -1), ("pos", None)],
)
def test_tokens_that_lead_nowhere(copy, column, value):
    replace_file(copy, "tokens/part-00000.parquet", spoil(column, 5, value))
    refuse(copy, "contradict")


@pytest.mark.parametrize(("column", "value"), [("pieces", []), ("words", []), ("words", None), ("text", None)])
def test_sentences_that_lack_something(copy, column, value):
    replace_file(copy, "sentences/part-00000.parquet", spoil(column, 3, value))
    refuse(copy, "contradict")


@pytest.mark.parametrize(
    "name", ["tokens/part-00000.parquet", "sentences/part-00000.parquet", "attention/layer-01.parquet"]
)
def test_junk_instead_of_a_table(copy, inspector, name):
    replace_file(copy, name, lambda path: path.write_bytes(b"PAR1 this is none PAR1"))
    with pytest.raises(IndexFormatError, match="not a Parquet file"):
        CorpusIndex.from_pretrained(copy).search(inspector.inspect("He ran."), "ran", layer=1)


def test_columns_that_datasets_would_fetch_from_the_network(copy):
    def write(path):
        table = pq.read_table(path)
        images = pa.array([{"bytes": None, "path": "http://127.0.0.1:9/x.png"}] * len(table))
        pq.write_table(table.set_column(0, "text", images), path)

    replace_file(copy, "sentences/part-00000.parquet", write)
    refuse(copy, "columns")


def test_vectors_that_are_not_numbers(copy, inspector):
    def write(path):
        content = bytearray(path.read_bytes())
        size = 2 * 384 * json.loads((copy / "exbert.json").read_text())["pieces"]
        content[-size:] = b"\xff\x7f" * (size // 2)  # NaN in fp16
        path.write_bytes(content)

    replace_file(copy, "faiss/embedding-01.faiss", write)
    index = CorpusIndex.from_pretrained(copy)
    with pytest.raises(IndexFormatError, match="not all numbers"):
        index.search(inspector.inspect("He ran."), "ran", layer=1)


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(vectors=[]),
        lambda m: m["vectors"].append(m["vectors"][0]),
        lambda m: m.update(labels=["colour"]),
        lambda m: m["model"]["head_dims"].pop(),
        lambda m: m["model"]["heads"].__setitem__(3, 0) or m.update(vectors=m["vectors"][:1]),
        lambda m: m.update(attention_layers=[99]),
    ],
)
def test_a_manifest_that_contradicts_itself(copy, edit):
    change(copy, edit)
    with pytest.raises(IndexFormatError):
        CorpusIndex.from_pretrained(copy)


def test_a_torn_record_of_what_was_verified_is_no_obstacle(copy):
    record = CorpusIndex.from_pretrained(copy).opened.store.verifier.record
    record.write_text(record.read_text()[:10])
    assert len(CorpusIndex.from_pretrained(copy)) > 0


def test_tables_lie_in_batches_of_our_size(copy, monkeypatch):
    """Each takes memory for as long as an index is open: those that `datasets` makes by itself are small."""
    monkeypatch.setattr(store, "_BATCH", {"tokens": 40, "sentences": 7})
    index = CorpusIndex.from_pretrained(copy)
    for table, size in ((index.tokens, 40), (index.sentences, 7)):
        assert len(table) > size and table.data.table.column(0).num_chunks == -(-len(table) // size)
