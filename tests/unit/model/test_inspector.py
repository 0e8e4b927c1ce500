"""Inspections of the embedded model and of small complete folders, against plain transformers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, ByT5Tokenizer

from exbert_hub.errors import ExbertError, MaskError, SelectionError, TextTooLongError, TokenError
from exbert_hub.model import Inspector
from exbert_hub.model.capture.recorder import install
from tests import tiny_models
from tests.tiny_models import TEXTS

DEMO = Path(__file__).parents[3] / "exbert_hub" / "demo" / "model"
SENTENCE = "The girl ran to a local pub to escape the din of her city."


def test_everything_equals_plain_transformers(demo: Inspector) -> None:
    plain = AutoModelForMaskedLM.from_pretrained(DEMO, dtype=torch.float32, attn_implementation="eager").eval()
    inputs = demo.tokenizer(SENTENCE, return_tensors="pt")
    with torch.inference_mode():
        expected = plain(**inputs, output_attentions=True, output_hidden_states=True)
    seen = demo.inspect(SENTENCE)
    np.testing.assert_allclose(seen.attention, torch.cat(expected.attentions).numpy(), atol=1e-6)
    np.testing.assert_allclose(seen.hidden, torch.cat(expected.hidden_states).numpy(), atol=1e-5)
    assert seen.contexts.shape == (6, len(seen.pieces), 12, 32)
    assert seen.attention.dtype == seen.hidden.dtype == seen.contexts.dtype == np.float32


def test_contexts_are_attention_times_value(demo: Inspector) -> None:
    seen = demo.inspect(SENTENCE)
    attention = demo.model.bert.encoder.layer[2].attention.self
    with torch.inference_mode():
        value = attention.value(torch.from_numpy(seen.hidden[2])).view(-1, 12, 32).numpy()
    np.testing.assert_allclose(np.einsum("hij,jhd->ihd", seen.attention[2], value), seen.contexts[2], atol=1e-5)


def test_predictions_for_the_mask_are_those_of_the_model_card(demo: Inspector) -> None:
    predicted = demo.inspect(SENTENCE, mask=["escape"]).predictions("escape", k=10)
    words = ["see", "get", "take", "pass", "leave", "visit", "meet", "enter", "find", "escape"]
    assert [candidate.text for candidate in predicted] == words
    assert predicted[0].probability == pytest.approx(0.078, abs=0.002)
    assert demo.predicts == "here"


def test_a_known_head_looks_at_the_previous_piece(demo: Inspector) -> None:
    strongest = demo.inspect(SENTENCE).attention[0, 2].argmax(-1)
    assert (strongest[1:] == np.arange(len(strongest) - 1)).mean() > 0.9


def test_facts(demo: Inspector) -> None:
    model_info = demo.model_info
    assert (model_info.kind, model_info.architecture, model_info.revision) == ("masked", "bert", None)
    assert (model_info.heads, model_info.head_dims, model_info.hidden_size) == ((12,) * 6, (32,) * 6, 384)
    assert (model_info.max_length, model_info.final_norm, demo.max_pieces) == (512, False, 512)


def test_a_masked_word_gets_one_mask_per_piece_and_is_found_by_its_text(demo: Inspector) -> None:
    seen = demo.inspect(SENTENCE, mask=["pub"])
    positions = seen.find("pub")
    assert len(positions) == 2
    assert [seen.pieces[position] for position in positions] == ["[MASK]", "[MASK]"]
    assert np.flatnonzero(seen.masked).tolist() == list(positions)
    assert not seen.special[list(positions)].any()
    assert seen.position_of("pub") == positions[0]
    by_position = demo.inspect(SENTENCE, mask=positions)
    np.testing.assert_array_equal(seen.hidden, by_position.hidden)


def test_masks_that_cannot_be_set(demo: Inspector, tiny: Callable[[str], Inspector]) -> None:
    for mask in ([0], [99], [-1], [True], [1.5], [None], [[2]], 3, None):
        with pytest.raises(MaskError):
            demo.inspect(SENTENCE, mask=mask)
    with pytest.raises(MaskError, match="list"):
        demo.inspect(SENTENCE, mask="escape")
    with pytest.raises(TokenError, match="not in the text"):
        demo.inspect(SENTENCE, mask=["lion"])
    with pytest.raises(MaskError, match="Causal"):
        tiny("gpt2").inspect(SENTENCE, mask=["girl"])
    with pytest.raises(MaskError, match="no mask token"):
        tiny("t5").inspect(SENTENCE, mask=["girl"])


def test_finding_words(demo: Inspector) -> None:
    seen = demo.inspect("To escape, the girls took the road to Oz. 我们")
    assert [seen.pieces[p] for p in seen.find("escape")] == ["escape"]
    with pytest.raises(TokenError, match=r"2 times, at positions 4, 7"):
        seen.find("the")
    with pytest.raises(TokenError, match="Its pieces are: .CLS. to escape"):
        seen.find("lion")
    with pytest.raises(TokenError):
        seen.find("")
    assert seen.find("girl") == seen.find("girls")  # no such word: any occurrence
    assert seen.find("们")
    assert seen.find("[CLS]") == (0,)  # no such text: a piece of that name
    assert seen.position_of(np.int64(3)) == 3
    for wrong in (True, -1, len(seen.pieces), 1.5, None, [2]):
        with pytest.raises(TokenError):
            seen.position_of(wrong)
    with pytest.raises(TokenError, match="not by 3"):
        seen.find(3)


def test_special_tokens_written_in_the_text_are_real_but_not_flagged(demo: Inspector) -> None:
    seen = demo.inspect("The [MASK] ran.")
    assert seen.pieces == ("[CLS]", "the", "[MASK]", "ran", ".", "[SEP]")
    assert seen.tokens.ids[2] == demo.tokenizer.mask_token_id
    assert seen.special.tolist() == [True, False, False, False, False, True]


def test_pairs(demo: Inspector) -> None:
    seen = demo.inspect("The girl ran.", "The lion saw her.", mask=["lion"])
    assert seen.tokens.segments.tolist() == [0] * 6 + [1] * 6
    (lion,) = seen.find("lion")
    assert tuple(seen.tokens.offsets[lion]) == (4, 8) and seen.pieces[lion] == "[MASK]"
    plain = AutoModel.from_pretrained(DEMO, dtype=torch.float32).eval()
    inputs = demo.tokenizer("The girl ran.", "The [MASK] saw her.", return_tensors="pt")
    with torch.inference_mode():
        expected = plain(**inputs).last_hidden_state[0].numpy()
    np.testing.assert_allclose(seen.hidden[-1], expected, atol=1e-5)


def test_texts_that_are_too_long_or_empty(demo: Inspector, tiny: Callable[[str], Inspector]) -> None:
    with pytest.raises(TextTooLongError, match="the model takes 512"):
        demo.inspect("a " * 600)
    demo.max_pieces = 8
    with pytest.raises(TextTooLongError, match="at most 8"):
        demo.inspect(SENTENCE)
    demo.max_pieces = 10_000
    assert demo.max_pieces == 512
    with pytest.raises(TokenError, match="empty"):
        tiny("gpt2").inspect("")
    with pytest.raises(TextTooLongError):
        demo.encode([[5] * 600])


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "bart", "t5"])
@pytest.mark.parametrize("weights", [False, True])
def test_a_padded_batch_equals_single_inspections(tiny: Callable[[str], Inspector], name: str, weights: bool) -> None:
    inspector = tiny(name)
    texts = [TEXTS[0], "A lion.", TEXTS[2]]
    batch = inspector.encode([tokens.ids for tokens in inspector.tokenize_batch(texts)], weights=weights)
    assert (batch.weights is not None) == weights
    for row, text in enumerate(texts):
        seen = inspector.inspect(text)
        length = len(seen.pieces)
        assert batch.lengths[row] == length
        for state, expected in zip(batch.hidden, seen.hidden, strict=True):
            np.testing.assert_allclose(state[row, :length], expected, atol=1e-5)
        for context, expected in zip(batch.contexts, seen.contexts, strict=True):
            assert context is not None
            np.testing.assert_allclose(context[row, :length], expected, atol=1e-5)
        for attention, expected in zip(batch.weights or [], seen.attention, strict=weights):
            assert attention is not None
            np.testing.assert_allclose(attention[row, :, :length, :length], expected, atol=1e-5)


def test_texts_that_are_none(demo: Inspector, tiny: Callable[[str], Inspector]) -> None:
    for text, pair in ((None, None), (3, None), (["A lion."], None), ("A lion.", b"ran")):
        with pytest.raises(ExbertError, match="A text is a string, not"):
            demo.inspect(text, pair)
    with pytest.raises(ExbertError, match="A text is a string, not int"):
        tiny("bart").inspect("A lion.", 3)
    for text, pair in (("A \ud83d lion.", None), ("A lion.", "A \ud83d lion.")):
        with pytest.raises(ExbertError, match="half of a character .* at position 2"):
            demo.inspect(text, pair)


@pytest.mark.parametrize("count", [-1, 1.5, None, True])
def test_numbers_of_predictions_that_are_none(demo: Inspector, count: object) -> None:
    with pytest.raises(SelectionError, match="0 or more"):
        demo.inspect("A lion.", top_k=count)
    with pytest.raises(SelectionError, match="1 or more"):
        demo.inspect("A lion.").predictions("lion", k=count)


def test_no_predictions_are_kept_where_none_are_wanted(demo: Inspector) -> None:
    seen = demo.inspect("A lion.", top_k=0)
    with pytest.raises(SelectionError, match="larger top_k"):
        seen.predictions("lion", k=1)


def test_causal_models_predict_the_next_piece(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("llama")
    seen = inspector.inspect(SENTENCE)
    assert (inspector.model_info.kind, seen.predicts, seen.main.name) == ("causal", "next", "decoder")
    assert seen.attention.shape[1] == 4  # query heads, of 2 key-value heads
    assert inspector.model_info.final_norm
    ids = torch.from_numpy(seen.tokens.ids)[None]
    with torch.inference_mode():
        shares = inspector.model(input_ids=ids).logits[0, 3].softmax(-1)
    first = seen.predictions(3)[0]
    assert first.id == int(shares.argmax()) and first.probability == pytest.approx(shares.max().item(), rel=1e-4)
    with pytest.raises(SelectionError, match="top_k"):
        seen.predictions(3, k=11)


def test_encoder_decoders_show_three_stacks(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("bart")
    seen = inspector.inspect("The girl saw the lion.", "A lion ran.", mask=["girl"])
    encoder, decoder, cross = (seen.stacks[name] for name in ("encoder", "decoder", "cross"))
    assert seen.main is encoder
    assert decoder.queries.pieces[:2] == ("</s>", "<s>") and decoder.queries.special.tolist()[:2] == [True, True]
    rows, columns = len(decoder.queries.pieces), len(encoder.queries.pieces)
    assert encoder.attention.shape == (3, 4, columns, columns)
    assert decoder.attention.shape == (2, 4, rows, rows)
    assert cross.attention.shape == (2, 4, rows, columns)
    assert cross.keys is encoder.queries and cross.queries is decoder.queries
    assert cross.hidden is None and cross.contexts is None
    assert decoder.hidden is not None and decoder.hidden.shape == (3, rows, 32)
    assert seen.predicts == "next" and len(seen.predictions("lion")) == 5  # "lion" of the decoder's text

    start = inspector.inspect("The girl saw the lion.").stacks["decoder"].queries
    assert start.pieces == ("</s>",)


def test_the_decoder_reads_what_training_shows_it(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("t5")
    tokens = inspector.inspect("The girl.", "A lion ran.").stacks["decoder"].queries
    labels = torch.from_numpy(inspector.tokenize("A lion ran.").ids)[None]
    expected = inspector.model.prepare_decoder_input_ids_from_labels(labels)[0].tolist()
    assert tokens.ids.tolist() == expected
    assert tokens.offsets[1].tolist() == [0, 1]


def test_a_model_without_a_head_predicts_nothing(tmp_path: Path) -> None:
    folder = tiny_models.tiny_bert_dir(tmp_path)
    AutoModel.from_pretrained(folder).save_pretrained(folder)
    inspector = Inspector.from_pretrained(folder)
    assert (inspector.model_info.kind, inspector.predicts) == ("encoder", "none")
    with pytest.raises(SelectionError, match="no language-model head"):
        inspector.inspect("A lion.").predictions("lion")


def test_a_tokenizer_without_offsets_is_read_along_the_text(tmp_path: Path) -> None:
    tokenizer = ByT5Tokenizer(extra_ids=0)
    model = tiny_models._model("t5", len(tokenizer))
    inspector = Inspector.from_pretrained(tiny_models._save(model, tokenizer, tmp_path))
    seen = inspector.inspect("A lion ran.")
    assert not inspector.tokenizer.is_fast
    assert [seen.pieces[p] for p in seen.find("lion")] == list("lion")
    assert seen.special.tolist() == [False] * 11 + [True]


def test_threads_do_not_mix_their_recordings(demo: Inspector) -> None:
    texts = [SENTENCE, "A short one.", "The lion saw the girl in the green city."] * 4
    expected = {text: demo.inspect(text).hidden for text in set(texts)}

    def look(text: str) -> bool:
        ids = demo.tokenize(text).ids
        batch = demo.encode([ids])
        seen = demo.inspect(text)
        return np.allclose(seen.hidden, expected[text], atol=1e-5) and np.allclose(
            batch.hidden[-1][0], expected[text][-1], atol=1e-4
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(look, texts))


def test_other_models_of_the_process_are_left_alone(demo: Inspector) -> None:
    install()
    install()
    demo.inspect(SENTENCE)
    plain = AutoModel.from_pretrained(DEMO, dtype=torch.float32).eval()
    ids = torch.from_numpy(demo.tokenize(SENTENCE).ids)[None]
    with torch.inference_mode():
        one = plain(input_ids=ids).last_hidden_state
    assert plain.config._attn_implementation == "sdpa"
    np.testing.assert_allclose(one[0], demo.inspect(SENTENCE).hidden[-1], atol=1e-5)
