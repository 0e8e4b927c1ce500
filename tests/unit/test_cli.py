"""The command line: results on stdout, everything else on stderr, exit codes 0, 1, 2."""

import json
import subprocess
import sys

import pytest

from exbert_hub import demo
from exbert_hub.cli import main
from exbert_hub.index import CorpusIndex
from exbert_hub.model import Inspector

SENTENCE = "The girl ran to a local pub to escape the din of her city."
TEXT = """The boy ran to the river to hide from the wolf.

She wanted to leave the house, but her aunt had locked the door.

They were seen by a farmer who was looking for his goat.
"""


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["hf-exbert", *map(str, arguments)])
        try:
            code = main()
        except SystemExit as ended:  # typer ends the process itself where no ExbertError is raised
            code = ended.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Built by the command itself, in a process of its own."""
    place = tmp_path_factory.mktemp("cli")
    (place / "text.txt").write_text(TEXT)
    command = [sys.executable, "-m", "exbert_hub", "build", str(demo.MODEL), "text.txt", "-o", "index", "--json"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["coverage"]["sentences"] == 3
    assert "Building index: about" in done.stderr and "tok" in done.stderr
    return place / "index"


def test_search_prints_a_table(run, folder):
    code, out, err = run("search", folder, SENTENCE, "--token", "escape", "--mask", "--layer", 2, "-k", 5)
    assert code == 0
    assert out.startswith("5 nearest to 'escape' (masked) by embedding at layer 2")
    assert "pos of the match tokens (5):" in out and "offset of the max-attention tokens" in out
    assert " n.s.\n" in out and "n.s.: not distinguishable from the base rate (false discovery rate 5%)" in out


def test_search_prints_json_for_machines(run, folder):
    code, out, _ = run(
        "search", folder, SENTENCE, "--token", "escape", "--by", "heads", "--layer", 5, "--heads", "6,9", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["query"] == {
        "text": SENTENCE, "word": "escape", "piece": "escape", "position": 10, "masked": False,
        "by": "heads", "layer": 5, "heads": [6, 9], "mode": "exact",
    }  # fmt: skip
    scores = [match["score"] for match in found["matches"]]
    assert scores == sorted(scores, reverse=True) and len(scores) > 30


def test_several_indexes_are_searched_as_one(run, folder):
    asked = (SENTENCE, "--token", "10", "--layer", 2, "-k", 3, "--json")
    one, two = (json.loads(run("search", *folders, *asked)[1]) for folders in ([folder], [folder, folder]))
    assert [match["row"] for match in two["matches"][::2]] == [match["row"] for match in one["matches"][:2]]
    assert two["matches"][0]["score"] == two["matches"][1]["score"]  # the same text twice: the first goes first
    assert two["matches"][0]["sentence"] + 3 == two["matches"][1]["sentence"]


def test_a_position_is_a_token_too(run, folder):
    code, out, _ = run("search", folder, SENTENCE, "--token", "10", "--layer", "emb", "-k", 1, "--json")
    assert code == 0 and json.loads(out)["query"]["word"] == "escape"


def test_info(run, folder):
    code, out, _ = run("info", folder)
    assert code == 0 and "sentences                        3" in out and "spanning pieces" in out
    code, out, _ = run("info", folder, "--json")
    assert json.loads(out)["model"]["architecture"] == "bert"


def test_the_demo_is_an_index_for_every_command_that_reads_one(run, folder, tmp_path, monkeypatch):
    loaded = Inspector.from_pretrained(demo.MODEL, local_files_only=True), CorpusIndex.from_pretrained(folder)
    monkeypatch.setattr(demo, "load", lambda progress=None, *, device=None: loaded)
    monkeypatch.chdir(tmp_path)
    token = ("--token", "escape")
    for command in (
        ("info", "demo"),
        ("heads", "demo", "--label", "det"),
        ("search", "demo", SENTENCE, *token),
        ("find-heads", "demo", SENTENCE, *token, "--label", "VERB", "--field", "pos"),
        ("compare", "demo", SENTENCE, *token, "--mask"),
        ("export", "demo", "--headvis", "headvis"),
    ):
        code, out, err = run(*command)
        assert code == 0 and out, (command, err)
    code, out, err = run("annotate", "demo", "labels.tsv")
    assert (code, out) == (1, "") and "build one of your own" in err and len(err.strip().splitlines()) == 1
    code, _, err = run("info", "demo", "--revision", "main")
    assert code == 1 and "and no revision" in err


def test_a_folder_called_demo_goes_first(run, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "load", lambda *_, **__: pytest.fail("the embedded demo was opened"))
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    code, _, err = run("info", "demo")
    assert code == 1 and "not an index" in err


def test_what_needs_the_hub_says_that_offline_mode_is_on(run):
    code, out, err = run("list")
    assert (code, out) == (1, "") and "offline mode is on" in err and "cache" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nowhere"], "hf-exbert build"),
        (["search", "nowhere", "He ran.", "--token", "ran"], "not an index"),
        (["build", demo.MODEL, "nowhere.txt", "-o", "x"], "nowhere.txt"),
        (["build", "./no-such-model", "text.txt", "-o", "x"], "no-such-model"),
        (["cache", "--delete", "corpora/none"], "no entry"),
    ],
)
def test_failures_are_told_in_one_line(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    last = err.strip().splitlines()[-1]
    assert (code, out) == (1, "")
    assert last.startswith("error: ") and message in last
    assert "Traceback" not in err


def test_failures_of_the_machine_are_told_in_one_line_too(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.txt").write_text("He ran.")
    for arguments in (["info", "c.txt"], ["search", "c.txt", "He ran.", "--token", "ran"]):
        code, out, err = run(*arguments)
        assert (code, out) == (1, "") and err.strip().splitlines()[-1].startswith("error: "), arguments
    code, out, err = run("build", demo.MODEL, "c.txt", "-o", "c.txt")
    assert code == 1 and "c.txt is a file" in err


def test_what_a_terminal_would_obey_is_not_printed(capsys):
    from exbert_hub.cli.common import print_result

    print_result({}, lambda: "her \x1b[31mred\x07 \x9b2J city\nnext", as_json=False)
    assert capsys.readouterr().out == "her \ufffd[31mred\ufffd \ufffd2J city\nnext\n"


def test_failures_of_a_search(run, folder):
    for options in (["--token", "prison"], ["--token", "to"], ["--token", "ran", "--layer", "9"]):
        code, out, err = run("search", folder, SENTENCE, *options)
        assert (code, out) == (1, "") and err.strip().splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "x"],
        ["build", "model", "text.txt", "-o", "x", "--workers", "2"],
        ["search", "x", "He ran.", "--token", "ran", "--by", "logits"],
        ["search", "x", "He ran.", "--token", "ran", "-k", "0"],
        ["search", "demo", "He ran.", "--token", "ran", "--layer", "five"],
        ["search", "demo", "He ran.", "--token", "ran", "--layer", "5,3"],
        ["build", "m", "c"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_is_exit_code_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and err


def test_cache_lists_and_deletes(run, folder):
    run("search", folder, SENTENCE, "--token", "ran", "--layer", "0")  # remembers which files it verified
    code, out, _ = run("cache", "--json")
    names = [entry["name"] for entry in json.loads(out)]
    verified = next(name for name in names if name.startswith("verified/"))
    code, out, err = run("cache", "--delete", verified)
    assert code == 0 and verified not in out and f"deleted {verified}" in err
    code, out, _ = run("cache", "--delete-all")
    assert code == 0 and "nothing is cached" in out


def test_every_command_has_an_example(run):
    for command in ("build", "search", "info", "launch", "push", "pull", "list", "cache"):
        code, out, _ = run(command, "--help")
        assert code == 0 and "Example:  hf-exbert" in out


def test_compare_masked_with_unmasked(run, folder):
    code, out, _ = run("compare", folder, SENTENCE, "--token", "escape", "--mask", "-k", 5)
    assert code == 0
    assert "'escape' and 'escape' (masked): words of the 5 nearest by embedding" in out
    assert "predictions of the second: see 7.8%" in out
    assert "attention that went elsewhere, most at heads" in out and "CKA" not in out


def test_compare_gives_json(run, folder):
    code, out, _ = run(
        "compare", folder, SENTENCE, "--token", "escape", "--ablate", "2:0,3", "--against", f"{SENTENCE} No.", "--json"
    )
    found = json.loads(out)
    assert code == 0 and found["similarity"] == []
    assert found["token"]["asked"][1]["ablated"] == {"2": [0, 3]}
    assert found["token"]["attention"] is None and "18 and 20 pieces" in found["token"]["no_attention"]


def test_compare_two_indexes(run, folder):
    code, out, _ = run("compare", folder, folder, "--sample", 20)
    assert code == 0 and "vectors of 20 of" in out and "0.999" not in out and "1.000" in out
    code, out, _ = run("compare", folder, folder, SENTENCE, "--token", 9, "--mask", "--by", "heads", "--json")
    token = json.loads(out)["token"]
    assert [asked["masked"] for asked in token["asked"]] == [True, True]
    assert all(layer["rbo"] > 0.999 for layer in token["overlap"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("a", "b", "A lion.", "c"),
        ("a", "b", "--mask"),
        ("a", "A lion.", "--token", "lion"),
        ("a", "A lion.", "--token", "lion", "--ablate", "x"),
    ],
)
def test_wrong_usage_of_compare(run, folder, arguments):
    code, out, err = run("compare", folder, *arguments[1:])
    assert code == 2 and not out and err


def test_heads_are_ranked_with_sentences_that_show_them(run, folder):
    code, out, _ = run("heads", folder, "--label", "det", "--direction", "to_head", "-k", 2, "--examples")
    title, first, second, _, example, text, *_ = out.splitlines()
    assert code == 0 and title.split() == ["head", "measure", "label", "direction", "value", "baseline", "n", "q"]
    assert first.split()[1:4] == ["dependency", "det", "to_head"] and float(first.split()[4]) >= float(
        second.split()[4]
    )
    assert " -> " in example and text.strip() in TEXT
    code, out, _ = run("heads", folder, "--json")
    best = json.loads(out)["heads"]
    columns = [(score["measure"], score["label"], score["direction"]) for score in best]
    assert code == 0 and len(set(columns)) == len(columns) and ("offset", "-1", "") in columns
    code, _, err = run("heads", folder, "--label", "obj")
    assert code == 1 and "det" in err


def test_heads_are_found_for_a_token(run, folder):
    asked = ("find-heads", folder, SENTENCE, "--token", "escape", "--label", "VERB", "--field", "pos", "--of", "match")
    code, out, _ = run(*asked, "-k", 5)
    assert code == 0 and out.startswith("pos 'VERB' of the match, 5 nearest to 'escape'")
    code, out, _ = run(*asked, "--layer", 2, "--json")
    (path,) = json.loads(out)["paths"]
    assert code == 0 and path["layer"] == 2 and all(0 < step["share"] <= 1 for step in path["steps"])
