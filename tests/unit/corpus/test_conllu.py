"""Gold annotation from CoNLL-U."""

from __future__ import annotations

from collections import Counter

import pytest

from exbert_hub.corpus import annotate, read_texts
from exbert_hub.corpus.sources.conllu_file import read_conllu
from exbert_hub.errors import CorpusError

SAMPLE = """\
# newdoc id = one
# sent_id = 1
# text = Paul didn't go to  Rome.
1	Paul	Paul	PROPN	NNP	Number=Sing	4	nsubj	4:nsubj	NER=B-PER
2-3	didn't	_	_	_	Typo=No	_	_	_	_
2	did	do	AUX	VBD	Mood=Ind|Tense=Past	4	aux	4:aux	_
3	n't	not	PART	RB	_	4	advmod	4:advmod	_
4	go	go	VERB	VB	VerbForm=Inf	0	root	0:root	Ref=a=b|Checked
5	to	to	ADP	IN	_	6	case	6:case	_
6	Rome	Rome	PROPN	NNP	Number=Sing	4	obl	4:obl:to	SpaceAfter=No|NER=S-LOC|Number=misc
6.1	go	go	VERB	VB	_	_	_	4:conj	CopyOf=4
7	.	.	PUNCT	.	_	4	punct	4:punct	_

# sent_id = 2
1	Il	il	PRON	_	_	2	nsubj	_	_
2	va	aller	VERB	_	_	0	root	_	_
3-4	du	_	_	_	_	_	_	_	SpaceAfter=No
3	de	de	ADP	_	_	5	case	_	_
4	le	le	DET	_	_	5	det	_	_
5	_	_	PUNCT	_	_	_	_	_	Entity=(e1-person

# text = This is another text
1	word	word	NOUN	NN	_	0	root	_	SpaceAfter=No
2	!	!	PUNCT	.	_	1	punct	_	_

# text = nothing
1.1	nothing	nothing	X	X	_	_	_	0:root	_
"""


@pytest.fixture
def treebank(tmp_path):
    path = tmp_path / "sample.conllu"
    path.write_text(SAMPLE, encoding="utf-8")
    return path


def test_text_offsets_and_labels(treebank):
    first = next(read_conllu(treebank, Counter()))
    assert first.text == "Paul didn't go to  Rome."
    assert [first.text[w.start : w.end] for w in first.words] == ["Paul", "did", "n't", "go", "to", "Rome", "."]
    paul, did, _, go, _, rome, _ = first.words
    assert (paul.lemma, paul.pos, paul.tag, paul.dep, paul.head, paul.head_text) == (
        "Paul",
        "PROPN",
        "NNP",
        "nsubj",
        3,
        "go",
    )
    assert (paul.ent_type, paul.is_entity, rome.ent_type, go.ent_type, go.is_entity) == ("PER", True, "LOC", "", False)
    assert go.head == 3 and go.head_text == "go"
    assert paul.extra == {"Number": "Sing", "deps": "4:nsubj", "enhanced": "nsubj", "NER": "B-PER"}
    assert did.extra == {"Mood": "Ind", "Tense": "Past", "deps": "4:aux", "enhanced": "aux"}
    assert go.extra == {"VerbForm": "Inf", "deps": "0:root", "enhanced": "root", "Ref": "a=b", "Checked": "Yes"}
    assert rome.extra == {
        "Number": "Sing", "deps": "4:obl:to", "enhanced": "obl:to", "NER": "S-LOC", "misc_Number": "misc",
    }  # fmt: skip


def test_words_of_a_contraction_share_its_span_and_text_is_rebuilt(treebank):
    second = list(read_conllu(treebank, Counter()))[1]
    assert second.text == "Il va du_"
    assert [(w.text, w.start, w.end) for w in second.words[2:]] == [("de", 6, 8), ("le", 6, 8), ("_", 8, 9)]
    underscore = second.words[4]
    assert (underscore.lemma, underscore.head, underscore.head_text, underscore.dep) == ("_", -1, "", "")
    assert (underscore.ent_type, underscore.extra) == ("", {"Entity": "(e1-person"})


def test_what_is_skipped_is_counted(treebank):
    skipped: Counter[str] = Counter()
    sentences = list(read_conllu(treebank, skipped))
    assert [sentence.text for sentence in sentences][2:] == ["word!"]
    assert skipped == {
        "empty nodes": 2,
        "features of multi-word tokens": 1,
        "'# text' lines that do not fit their words": 1,
        "sentences without words": 1,
    }


def test_is_gold_by_default_and_can_be_annotated_anew(treebank):
    gold = annotate(treebank, language="en", license="CC-BY-SA-4.0")
    assert (gold.info.annotator, gold.info.language, gold.info.license) == ("gold", "en", "CC-BY-SA-4.0")
    assert gold.info.extra_labels == (
        "Checked", "Entity", "Mood", "NER", "Number", "Ref", "Tense", "VerbForm", "deps", "enhanced", "misc_Number"
    )  # fmt: skip
    assert [tuple(sentence.words) for sentence in gold] == [s.words for s in read_conllu(treebank, Counter())]
    blank = annotate(treebank, "blank:en")
    assert [sentence.text for sentence in blank] == [sentence.text for sentence in gold] == list(read_texts(treebank))
    assert blank.info.annotator == "spacy:blank:en"


def test_conllu_plus_columns(tmp_path):
    path = tmp_path / "plus.conllup"
    path.write_text("# global.columns = ID FORM PARSEME:MWE\n1\tgave\t1:VPC\n2\tup\t1\n")
    (sentence,) = read_conllu(path, Counter())
    assert [word.extra for word in sentence.words] == [{"parseme:mwe": "1:VPC"}, {"parseme:mwe": "1"}]


@pytest.mark.parametrize("content", ["just some text\n", "x\tform\n", "1\n", "1\t\tlemma\tNOUN\n", "_\tform\tlemma\n"])
def test_not_conllu(tmp_path, content):
    path = tmp_path / "bad.conllu"
    path.write_text(SAMPLE + "\n" + content)
    with pytest.raises(CorpusError, match="bad.conllu is not CoNLL-U: sentence 5"):
        list(read_conllu(path, Counter()))


def test_not_utf8(tmp_path):
    path = tmp_path / "bad.conllu"
    path.write_bytes("1\tGrüße\n".encode("latin1"))
    with pytest.raises(CorpusError, match="not UTF-8"):
        list(read_conllu(path, Counter()))
