"""Labels of one's own, attached to a finished index."""

import json
import shutil
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exbert_hub.cache import cache_root
from exbert_hub.corpus import annotate as annotate_corpus
from exbert_hub.errors import AnnotationError, IndexFormatError, IndexMismatchError, LabelError
from exbert_hub.index import CorpusIndex, annotation_of
from exbert_hub.index.hub.card import render
from exbert_hub.index.results.piece_labels import PieceLabels

SENTENCE = "The girl ran to a local pub to escape the din of her city."


@pytest.fixture
def folder(index, tmp_path):
    shutil.copytree(index.folder, tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture
def mine(folder):
    return CorpusIndex.from_pretrained(folder)


def lengths(index) -> list[str]:
    return ["long" if len(text) > 4 else "short" for text in index.tokens["text"]]


def test_a_label_per_piece_is_a_label_like_any_other(mine, inspector, folder):
    attached = mine.annotate("length", lengths(mine))
    assert (attached.labels, attached.pieces, attached.unused) == (("length",), len(mine), 0)
    seen = inspector.inspect(SENTENCE, mask=["escape"])
    for opened in (mine, CorpusIndex.from_pretrained(folder)):
        assert opened.labels[-1] == "length" and opened.tokens["length"][:] == lengths(opened)
        found = opened.search(seen, "escape", by="heads", layer=2, heads=[0])
        for match in found:
            expected = ["long" if len(labels["text"]) > 4 else "short" for labels in match.context.labels if labels]
            assert [labels["length"] for labels in match.context.labels if labels] == expected
            assert match.labels == match.context.labels[match.position]
            assert match.labels["length"] == opened.tokens["length"][match.row]
        everything = lengths(opened)
        for bar in found.summary("length").bars:
            assert bar.base_rate == pytest.approx(everything.count(bar.label) / len(everything))
        assert found.summary("length", of="max_attention").total == found.summary("length", of="next").total + sum(
            match.next_labels is None for match in found
        )
        assert {"length", "max_attention_length"} <= set(found.to_pandas().columns)
        profile = opened.profile(seen, "escape", "length", k=9)
        assert profile.layers[0].bars == opened.search(seen, "escape", layer="emb", k=9).summary("length").bars


def test_a_file_may_name_words(mine, tmp_path):
    """Every piece of a word gets its label; the others have none."""
    rows = mine.tokens.to_pandas()[["sentence", "word", "text"]].drop_duplicates(["sentence", "word"])
    some = rows[rows["text"].str.len() > 5].sample(frac=1, random_state=0)
    some = some.assign(ending=some["text"].str[-2:], size=some["text"].str.len())[
        ["ending", "word", "size", "sentence"]
    ]
    some.to_csv(tmp_path / "endings.tsv", sep="\t", index=False)
    some.to_parquet(tmp_path / "endings.parquet")
    with (tmp_path / "endings.tsv").open("a") as file:
        file.write("xx\t999\t3\t0\n")
    attached = mine.annotate(tmp_path / "endings.tsv")
    expected = [text[-2:] if len(text) > 5 else "" for text in mine.tokens["text"]]
    assert (attached.labels, attached.unused) == (("ending", "size"), 1)
    assert attached.pieces == sum(map(bool, expected))
    assert mine.tokens["ending"][:] == expected
    assert mine.tokens["size"][:] == [str(len(text)) if len(text) > 5 else "" for text in mine.tokens["text"]]
    assert mine.annotate(str(tmp_path / "endings.parquet"), overwrite=True).unused == 0
    assert mine.tokens["ending"][:] == expected


def test_labels_are_texts_numbers_or_truth_values(mine, tmp_path):
    count = len(mine)
    mine.annotate("number", np.arange(count) % 3)
    mine.annotate("truth", [None, True] + [False] * (count - 2))
    pq.write_table(
        pa.table({"kind": pa.array(["a", "b"] * count)[:count].dictionary_encode()}), tmp_path / "k.parquet"
    )
    mine.annotate(tmp_path / "k.parquet")
    (tmp_path / "quoted.csv").write_text("\ufeffq,r\n" + '"a,\nb",""\n' * count, "utf-8")
    mine.annotate(tmp_path / "quoted.csv")
    assert mine.manifest.added_labels == ("number", "truth", "kind", "q", "r")
    first = {name: mine.tokens[name][:3] for name in mine.manifest.added_labels}
    assert first == {"number": ["0", "1", "2"], "truth": ["", "true", "false"], "kind": ["a", "b", "a"],
                     "q": ["a,\nb"] * 3, "r": [""] * 3}  # fmt: skip


def test_the_table_is_replaced_never_changed(mine, folder):
    mine.annotate("length", lengths(mine))
    before = (folder / "labels" / "part-00000.parquet").read_bytes()
    assert mine.manifest.files["labels/part-00000.parquet"].sha256 == sha256(before).hexdigest()
    with pytest.raises(AnnotationError, match="overwrite=True"):
        mine.annotate("length", ["x"] * len(mine))
    mine.annotate("other", ["y"] * len(mine))
    mine.annotate("length", ["x"] * len(mine), overwrite=True)
    assert [path.name for path in (folder / "labels").iterdir()] == ["part-00002.parquet"]
    assert mine.manifest.added_labels == ("other", "length") and set(mine.tokens["length"]) == {"x"}
    assert CorpusIndex.from_pretrained(folder).manifest == mine.manifest


def test_two_who_annotate_do_not_lose_a_label(mine, folder):
    other = CorpusIndex.from_pretrained(folder)
    mine.annotate("length", lengths(mine))
    with pytest.raises(AnnotationError, match="has changed since it was opened"):
        other.annotate("second", lengths(mine))
    assert CorpusIndex.from_pretrained(folder).manifest.added_labels == ("length",)


def test_the_card_and_the_next_corpus_know_of_them(mine, folder):
    mine.annotate("length", lengths(mine))
    card = render("me/mine", mine.manifest)
    assert "labels/*.parquet" in card and "added labels" in card
    assert annotate_corpus(annotation_of(folder)).info.skipped["labels added to the index"] == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((name, "uses it") for name in ("pos", "sentence", "score")),
        *((name, "printable") for name in ("", "a" * 65, "a\nb")),
    ],
)
def test_names_that_cannot_be(mine, name, message):
    with pytest.raises(AnnotationError, match=message):
        mine.annotate(name, lengths(mine))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.tsv", b"x\na\nb\n", "2 labels for"),
        ("a.tsv", b"", "first row"),
        ("a.tsv", b"x\tx\na\tb\n", "none of them twice"),
        ("a.tsv", b"x\ty\na\n", "row 2 has 1 cells, the first row has 2"),
        ("a.tsv", "x\ngrün\n".encode("latin1"), "cannot be read"),
        ("a.csv", b'x\n"a\n', "cannot be read"),
        ("a.csv", b"sentence,word,x\n0,0,a\n0,0,b\n", "word 0 of sentence 0 twice"),
        ("a.csv", b"sentence,word,x\n0,one,a\n", "whole numbers"),
        ("a.csv", b"sentence,word,x\n0,-1,a\n", "negative"),
        ("a.csv", b"sentence,word,x\n99999,0,a\n", "names no word"),
        ("a.csv", b"sentence,word\n0,0\n", "no column of labels"),
        ("a.csv", b"sentence,word,x\n0,0," + b"a" * 201, "201 characters"),
        ("a.parquet", b"x", "not a Parquet file"),
        ("a.txt", b"x", "neither"),
        ("missing.tsv", None, "no file"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit(mine, tmp_path, file, content, message):
    if content is not None:
        (tmp_path / file).write_bytes(content)
    before = mine.manifest
    with pytest.raises(AnnotationError, match=message):
        mine.annotate(tmp_path / file)
    assert mine.manifest == before and "x" not in mine.labels


@pytest.mark.parametrize("labels", [[0.5], [["a"]], ["a", 1], [b"a"]])
def test_what_is_no_label(mine, labels):
    with pytest.raises(AnnotationError, match="texts, whole numbers or truth values"):
        mine.annotate("x", labels * len(mine))


def test_nothing_is_written_into_a_cache(index, tmp_path):
    for place in (cache_root() / "indexes" / "mine", tmp_path / "hub" / "snapshots" / ("0" * 40)):
        shutil.copytree(index.folder, place)
        try:
            opened = CorpusIndex.from_pretrained(place)
            with pytest.raises(AnnotationError, match="hf-exbert pull"):
                opened.annotate("length", lengths(opened))
            assert not (place / "labels").exists()
        finally:
            shutil.rmtree(place)


def test_indexes_opened_as_one_need_the_same_labels(mine, folder, tmp_path, inspector):
    shutil.copytree(folder, tmp_path / "other")
    mine.annotate("length", lengths(mine))
    with pytest.raises(IndexMismatchError, match="labels"):
        CorpusIndex.from_pretrained([folder, tmp_path / "other"])
    CorpusIndex.from_pretrained(tmp_path / "other").annotate("length", ["any"] * len(mine))
    both = CorpusIndex.from_pretrained([folder, tmp_path / "other"])
    found = both.search(inspector.inspect(SENTENCE), "ran", k=20)
    counts = {bar.label: (bar.count, bar.base_rate) for bar in found.summary("length").bars}
    assert counts["any"] == (10, 0.5) and both.tokens["length"][:] == lengths(mine) + ["any"] * len(mine)
    with pytest.raises(AnnotationError, match="in shards"):
        both.annotate("x", ["y"] * len(both))
    (tmp_path / "shards.json").write_text("{}")
    with pytest.raises(AnnotationError, match="in shards"):
        mine.annotate("x", ["y"] * len(mine))


# -- written by somebody else -----------------------------------------------------------------------------------------


def forge(folder, table, **manifest):
    """Put another table and manifest in the place of what was attached."""
    path = folder / "labels" / "part-00000.parquet"
    pq.write_table(table, path)
    model_info = json.loads((folder / "exbert.json").read_text())
    entry = {"size": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
    model_info["files"]["labels/part-00000.parquet"] = entry
    (folder / "exbert.json").write_text(json.dumps(model_info | manifest))


def column(count, **values):
    return pa.table({name: pa.array([value] * count, pa.string()) for name, value in values.items()})


@pytest.mark.parametrize(
    ("make", "manifest", "message"),
    [
        (lambda n: column(n - 1, length="x"), {}, "rows for"),
        (lambda n: column(n, other="x"), {}, "lacks label columns"),
        (lambda n: column(n, length="x", more="y"), {}, "lacks label columns"),
        (lambda n: pa.table({"length": pa.array([1] * n)}), {}, "lacks label columns"),
        (lambda n: column(n, length=None), {}, "lacks a label"),
        (lambda n: column(n, length="x" * 201), {}, "more than 200 characters"),
        (lambda n: pa.table({"length": pa.array(["x" * 1000 + str(i) for i in range(n)])}), {}, "more than"),
        (lambda n: column(n, pos="x"), {"added_labels": ["pos"]}, "may not be called 'pos'"),
        (lambda n: column(n, length="x"), {"added_labels": ["length", "length"]}, "twice"),
        (lambda n: column(n, length="x"), {"added_labels": []}, "not one file"),
    ],
)  # fmt: skip
def test_what_others_attached_is_checked(mine, folder, make, manifest, message):
    mine.annotate("length", lengths(mine))
    forge(folder, make(len(mine)), **manifest)
    with pytest.raises(IndexFormatError, match=message):
        CorpusIndex.from_pretrained(folder)


def test_a_damaged_table_is_refused(mine, folder):
    mine.annotate("length", lengths(mine))
    path = folder / "labels" / "part-00000.parquet"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(IndexFormatError, match="not the file that the manifest names"):
        CorpusIndex.from_pretrained(folder)
    path.unlink()
    with pytest.raises(IndexFormatError, match="missing"):
        CorpusIndex.from_pretrained(folder)


def test_a_label_that_was_never_attached(mine, inspector):
    with pytest.raises(LabelError, match="no label 'length'"):
        mine.search(inspector.inspect(SENTENCE), "ran", k=2).summary("length")


def test_labels_of_pieces_as_rows():
    words = [("the", "DET"), ("cat", "NOUN"), ("sat", "VERB")]
    labels = PieceLabels(("[CLS]", "ca", "##t", "sat"), np.array([-1, 0, 0, 1]), ("lemma", "pos"), words, 1)
    assert labels.names == ("piece", "lemma", "pos")
    assert labels.rows(labels.names) == [None, ("ca", "cat", "NOUN"), ("##t", "cat", "NOUN"), ("sat", "sat", "VERB")]
    assert labels.rows(("pos", "piece")) == [None, ("NOUN", "ca"), ("NOUN", "##t"), ("VERB", "sat")]
    assert list(labels) == [labels[place] for place in range(4)] == list(labels[:])
    more = labels.with_labels(("pos", "animal"), [("N", "yes"), ("N", "yes"), ("V", "no")])
    assert more.names == ("piece", "lemma", "pos", "animal")
    assert more[0] is None and more[3] == {"piece": "sat", "lemma": "sat", "pos": "V", "animal": "no"}
