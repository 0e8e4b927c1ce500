"""Architectures with tiny random weights, and small complete model folders.

`ARCHITECTURES` is what docs/architectures.md is written from (benchmarks/architectures.py) and what
tests/unit/model/test_architectures.py checks row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from exbert_hub.model.types import ModelKind

Head = Literal["MaskedLM", "CausalLM", "Seq2SeqLM", ""]

CHANGED = "no linear module reads its head contexts as they are"
SUM = "do not add up to its attention's output"
VALUES = "its values cannot be told"


@dataclass(frozen=True)
class Architecture:
    """One row of the table: how to build it small, and what must be seen in it."""

    name: str
    config: Mapping[str, Any]
    head: Head
    kind: ModelKind
    path: Literal["interface", "function mode"] = "interface"
    heads: tuple[int, ...] = (4, 4, 4)  # query heads per layer of the main stack
    note: str = ""
    model_type: str = ""  # where it differs from the name
    product: bool = True  # whether `attention @ value` is the head context
    projection: str = ""  # what the main stack does with its last state before it returns it
    no_norms: str = ""  # why it has no value-weighted attention
    lens: bool = True  # whether its head reads the states of inner layers, if it has one that predicts

    def build(self) -> Any:
        """The model with seeded random weights."""
        import torch
        import transformers

        config = transformers.AutoConfig.for_model(self.model_type or self.name, **self.config)
        torch.manual_seed(0)
        auto = getattr(transformers, f"AutoModelFor{self.head}" if self.head else "AutoModel")
        return auto.from_config(config).eval()


@dataclass(frozen=True)
class Unsupported:
    """An architecture that must be refused, and the words that say why."""

    name: str
    config: Mapping[str, Any]
    head: Head
    why: str = "no softmax attention"
    build: Callable[[Unsupported], Any] = field(default=Architecture.build, repr=False)  # type: ignore[assignment]
    model_type: str = ""


IDS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2)
BASE = dict(
    IDS,
    vocab_size=64,
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=48,
    max_position_embeddings=64,
)
GQA = dict(BASE, num_key_value_heads=2, head_dim=8)
MHA = dict(BASE, num_key_value_heads=4)
MOE = dict(GQA, num_experts=4, num_local_experts=4, num_experts_per_tok=2, moe_intermediate_size=16)
ROUTED = dict(MOE, n_routed_experts=4, n_shared_experts=1, n_group=1, topk_group=1, first_k_dense_replace=1)
MLA = dict(
    num_key_value_heads=4, q_lora_rank=16, kv_lora_rank=16, qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=8
)
GPT = dict(vocab_size=64, n_embd=32, n_layer=3, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2)
MAMBA = dict(mamba_n_heads=8, mamba_d_head=8, mamba_d_state=8, mamba_n_groups=1, mamba_expand=2)
LINEAR = dict(
    linear_num_key_heads=2,
    linear_num_value_heads=4,
    linear_key_head_dim=8,
    linear_value_head_dim=8,
    layer_types=["linear_attention", "full_attention", "linear_attention"],
)
BART = dict(
    IDS,
    vocab_size=64,
    d_model=32,
    encoder_layers=3,
    decoder_layers=2,
    encoder_attention_heads=4,
    decoder_attention_heads=4,
    encoder_ffn_dim=48,
    decoder_ffn_dim=48,
    max_position_embeddings=64,
    decoder_start_token_id=2,
)
T5 = dict(
    vocab_size=64,
    d_model=32,
    d_kv=8,
    d_ff=48,
    num_layers=3,
    num_decoder_layers=2,
    num_heads=4,
    pad_token_id=0,
    eos_token_id=1,
    decoder_start_token_id=0,
)
PROPHETNET = dict(
    IDS,
    vocab_size=64,
    hidden_size=32,
    num_encoder_layers=3,
    num_decoder_layers=2,
    num_encoder_attention_heads=4,
    num_decoder_attention_heads=4,
    encoder_ffn_dim=48,
    decoder_ffn_dim=48,
    max_position_embeddings=64,
    decoder_start_token_id=2,
)
GEMMA_STACK = dict(
    vocab_size=64,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    intermediate_size=48,
    max_position_embeddings=64,
    sliding_window=8,
    layer_types=["sliding_attention", "full_attention"],
)
TINY_VISION = dict(
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=28, patch_size=14
)
FUNCTIONS: Literal["function mode"] = "function mode"
HYBRID = (0, 4, 0)


def without(config: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in names}


def masked(name: str, note: str = "", **changes: Any) -> Architecture:
    of_row = ("path", "heads", "no_norms", "lens")
    config = dict(BASE, **{key: value for key, value in changes.items() if key not in of_row})
    row = {key: value for key, value in changes.items() if key in of_row}
    return Architecture(name, config, "MaskedLM", "masked", note=note, **row)


def causal(name: str, config: Mapping[str, Any], note: str = "", **row: Any) -> Architecture:
    return Architecture(name, config, "CausalLM", "causal", note=note, **row)


def seq2seq(name: str, config: Mapping[str, Any], note: str = "", **row: Any) -> Architecture:
    return Architecture(name, config, "Seq2SeqLM", "seq2seq", note=note, **row)


def encoder(name: str, config: Mapping[str, Any], note: str = "", head: Head = "", **row: Any) -> Architecture:
    return Architecture(name, config, head, "encoder", note=note, **row)


ENCODERS = (
    masked("albert", "shared layers, told apart by the order of their calls"),
    masked("bert"),
    masked("camembert"),
    masked(
        "convbert",
        "half of the heads; the other half are convolutions, which reach into padding",
        path=FUNCTIONS,
        heads=(2, 2, 2),
        no_norms=CHANGED,
    ),
    masked("data2vec-text"),
    masked("deberta", path=FUNCTIONS),
    masked("deberta-v2", path=FUNCTIONS),
    masked("distilbert"),
    encoder("dpr", BASE),
    masked("electra"),
    masked("ernie"),
    masked("esm"),
    masked("eurobert"),
    masked("flaubert", path=FUNCTIONS),
    masked("ibert", path=FUNCTIONS, no_norms=CHANGED),
    masked("jina_embeddings_v3"),
    masked("layoutlm"),
    masked("luke", path=FUNCTIONS, entity_vocab_size=8, entity_emb_size=8),
    masked("megatron-bert", path=FUNCTIONS),
    masked(
        "mobilebert",
        "reads the piece after each piece, padding too",
        embedding_size=32,
        intra_bottleneck_size=16,
        true_hidden_size=16,
    ),
    masked("modernbert", "local attention in two of three layers, shown as zeros"),
    masked("mpnet", path=FUNCTIONS),
    masked("nomic_bert"),
    masked(
        "nystromformer",
        "only with as many landmarks as positions; its convolution reaches into padding",
        path=FUNCTIONS,
        no_norms=CHANGED,
    ),
    masked("rembert", path=FUNCTIONS),
    masked("roberta"),
    masked("roberta-prelayernorm"),
    masked("roformer", path=FUNCTIONS),
    encoder("splinter", BASE),
    masked(
        "squeezebert",
        path=FUNCTIONS,
        no_norms=CHANGED,
        lens=False,
        embedding_size=32,
        **{f"{each}_groups": 1 for each in ("q", "k", "v", "post_attention", "intermediate", "output")},
    ),
    masked("tapas", path=FUNCTIONS),
    masked("xlm", path=FUNCTIONS),
    masked("xlm-roberta"),
    masked("xlm-roberta-xl"),
    masked("xmod", "needs `default_language` in its configuration", languages=["en_XX"], default_language="en_XX"),
    encoder("bert-generation", BASE, "attends both ways: no predictions", head="CausalLM"),
    encoder(
        "xlnet",
        dict(IDS, vocab_size=64, d_model=32, n_layer=3, n_head=4, d_inner=48),
        "attends both ways outside its own training: no predictions",
        head="CausalLM",
        path=FUNCTIONS,
        product=False,
        no_norms=CHANGED,
    ),
)

DECODERS = (
    causal("apertus", GQA),
    causal("arcee", GQA),
    causal("biogpt", BASE),
    causal("bitnet", GQA, no_norms=CHANGED),
    causal("bloom", BASE, path=FUNCTIONS),
    causal("codegen", dict(GPT, rotary_dim=4), path=FUNCTIONS),
    causal("cohere", GQA),
    causal("cohere2", GQA),
    causal("ctrl", GPT),
    causal("cwm", GQA),
    causal("doge", MOE),
    causal("ernie4_5", GQA),
    causal("exaone4", GQA),
    causal("falcon", MHA, path=FUNCTIONS),
    causal("falcon (alibi)", dict(MHA, alibi=True), path=FUNCTIONS, model_type="falcon"),
    causal("gemma", GQA),
    causal("gemma2", GQA, "soft-capped"),
    causal("gemma3_text", GQA),
    causal(
        "gemma3n_text",
        dict(
            GQA,
            num_hidden_layers=4,
            num_kv_shared_layers=1,
            vocab_size_per_layer_input=64,
            hidden_size_per_layer_input=8,
            layer_types=["sliding_attention", "full_attention"] * 2,
            activation_sparsity_pattern=[0.0] * 4,
            laurel_rank=4,
        ),
        "keys and values shared between layers; of its four residual streams the first is shown",
        heads=(4, 4, 4, 4),
        lens=False,
    ),
    causal(
        "gemma4_text",
        dict(
            GQA,
            vocab_size_per_layer_input=64,
            hidden_size_per_layer_input=8,
            global_head_dim=16,
            num_global_key_value_heads=1,
        ),
        "wider heads in global layers",
    ),
    causal("glm", GQA),
    causal("glm4", GQA),
    causal("gpt2", GPT),
    causal("gpt_bigcode", GPT, "one key-value head"),
    causal(
        "gpt_neo",
        dict(
            without(BASE, "num_hidden_layers", "num_attention_heads"),
            num_layers=4,
            num_heads=4,
            attention_types=[[["global", "local"], 2]],
            window_size=4,
        ),
        path=FUNCTIONS,
        heads=(4, 4, 4, 4),
    ),
    causal("gpt_neox", BASE),
    causal("gpt_neox_japanese", BASE, path=FUNCTIONS),
    causal("gptj", dict(GPT, rotary_dim=4), path=FUNCTIONS),
    causal("granite", GQA),
    causal("granite_swa", GQA, "sinks: contexts are scaled after the product", product=False, no_norms=SUM),
    causal("helium", GQA),
    causal("hunyuan_v1_dense", GQA),
    causal("llama", GQA),
    causal("minicpm3", dict(BASE, **MLA), "latent attention"),
    causal("ministral", GQA),
    causal("mistral", GQA),
    causal("modernbert-decoder", BASE),
    causal("mpt", BASE, path=FUNCTIONS),
    causal("nanochat", GQA),
    causal("nemotron", GQA),
    causal("olmo", GQA),
    causal("olmo2", GQA),
    causal("olmo3", GQA),
    causal("openai-gpt", GPT, path=FUNCTIONS),
    causal("opt", dict(BASE, ffn_dim=48, word_embed_proj_dim=32)),
    causal(
        "opt (350m)",
        dict(BASE, ffn_dim=48, word_embed_proj_dim=16, do_layer_norm_before=False),
        "last state before its projection to the width of the embeddings",
        model_type="opt",
        projection="decoder.project_out",
    ),
    causal("persimmon", BASE),
    causal("phi", GQA),
    causal("phi3", GQA),
    causal("qwen2", GQA),
    causal("qwen3", GQA),
    causal("seed_oss", GQA),
    causal("smollm3", GQA),
    causal("stablelm", GQA),
    causal("starcoder2", GQA),
    causal("vaultgemma", GQA),
    causal("xglm", dict(BASE, d_model=32, num_layers=3, attention_heads=4, ffn_dim=48), path=FUNCTIONS),
)

MIXTURES = (
    causal("deepseek_v2", without(dict(ROUTED, **MLA), "head_dim"), "latent attention"),
    causal("deepseek_v3", without(dict(ROUTED, **MLA), "head_dim"), "latent attention"),
    causal("dots1", ROUTED),
    causal("ernie4_5_moe", MOE),
    causal("flex_olmo", MOE),
    causal("glm4_moe", ROUTED),
    causal("gpt_oss", MOE, "sinks: rows sum to less than 1"),
    causal("granitemoe", MOE),
    causal("hy_v4", ROUTED, "of its four residual streams the first is shown", no_norms=CHANGED, lens=False),
    causal("jetmoe", MOE, no_norms=CHANGED),
    causal("mixtral", MOE),
    causal("olmoe", MOE),
    causal("phimoe", MOE),
    causal("qwen2_moe", dict(MOE, shared_expert_intermediate_size=16)),
    causal("qwen3_moe", MOE),
)

HYBRIDS = (
    causal("bamba", dict(GQA, **MAMBA, attn_layer_indices=[1]), heads=HYBRID),
    causal(
        "falcon_h1", dict(GQA, **MAMBA | dict(mamba_d_ssm=32, mamba_n_heads=4)), "attention and Mamba side by side"
    ),
    causal(
        "granitemoehybrid",
        dict(MOE, **MAMBA, layer_types=["mamba", "attention", "mamba"], shared_intermediate_size=16),
        heads=HYBRID,
    ),
    causal(
        "jamba",
        dict(
            MOE,
            attn_layer_period=2,
            attn_layer_offset=1,
            expert_layer_period=2,
            expert_layer_offset=1,
            mamba_d_state=4,
            mamba_dt_rank=4,
            use_mamba_kernels=False,
        ),
        heads=HYBRID,
    ),
    causal("lfm2", dict(GQA, layer_types=["conv", "full_attention", "conv"]), heads=HYBRID),
    causal("minimax", dict(MOE), heads=(4, 0, 4)),
    causal("olmo_hybrid", dict(GQA, **LINEAR), heads=HYBRID),
    causal("qwen3_5_text", dict(GQA, **LINEAR), heads=HYBRID, no_norms=CHANGED),
    causal("qwen3_next", dict(MOE, **LINEAR, shared_expert_intermediate_size=16), heads=HYBRID, no_norms=CHANGED),
    causal("recurrent_gemma", dict(GQA, lru_width=32), heads=(0, 0, 4)),
    causal(
        "zamba2",
        dict(
            MHA,
            num_hidden_layers=5,
            layers_block_type=["mamba", "mamba", "hybrid", "mamba", "hybrid"],
            mamba_d_state=4,
            n_mamba_heads=4,
            mamba_headdim=16,
            mamba_ngroups=1,
            num_mem_blocks=1,
            adapter_rank=4,
        ),
        "one attention block shared by several layers",
        heads=(0, 0, 4, 0, 4),
    ),
)

ENCODER_DECODERS = (
    seq2seq("bart", BART),
    seq2seq("blenderbot", BART),
    seq2seq("blenderbot-small", BART),
    seq2seq(
        "fsmt",
        dict(BART, langs=["en", "de"], src_vocab_size=64, tgt_vocab_size=64),
        "last state of the decoder before its projection to logits",
        path=FUNCTIONS,
    ),
    seq2seq("m2m_100", BART),
    seq2seq("marian", BART),
    seq2seq("mbart", BART),
    seq2seq("mt5", T5),
    seq2seq("mvp", BART, path=FUNCTIONS),
    seq2seq("nllb-moe", dict(BART, num_experts=2, encoder_sparse_step=2, decoder_sparse_step=2)),
    seq2seq("pegasus", BART),
    seq2seq("plbart", BART),
    seq2seq(
        "prophetnet",
        PROPHETNET,
        "of the decoder's streams the first is shown",
        path=FUNCTIONS,
        product=False,
        no_norms=VALUES,
        lens=False,
    ),
    seq2seq("switch_transformers", dict(T5, num_experts=2, num_sparse_encoder_layers=1, num_sparse_decoder_layers=1)),
    seq2seq("t5", T5),
    seq2seq("t5gemma", dict(encoder=GEMMA_STACK, decoder=GEMMA_STACK, vocab_size=64), heads=(4, 4)),
    seq2seq(
        "t5gemma2",
        dict(encoder=dict(text_config=GEMMA_STACK, vision_config=TINY_VISION), decoder=GEMMA_STACK),
        "self- and cross-attention share one softmax: their rows sum to 1 together",
        heads=(4, 4),
        product=False,
    ),
    seq2seq("umt5", T5),
)

ARCHITECTURES: tuple[Architecture, ...] = ENCODERS + DECODERS + MIXTURES + HYBRIDS + ENCODER_DECODERS

BANDED = "bands, blocks or pooled pieces"
UNSUPPORTED: tuple[Unsupported, ...] = (
    Unsupported("falcon_mamba", BASE, "CausalLM"),
    Unsupported("fnet", BASE, "MaskedLM"),
    Unsupported("mamba", BASE, "CausalLM"),
    Unsupported("mamba2", dict(BASE, num_heads=8, head_dim=8, expand=2, n_groups=1, state_size=8), "CausalLM"),
    Unsupported("mra", BASE, "MaskedLM"),
    Unsupported("rwkv", BASE, "CausalLM"),
    Unsupported("xlstm", dict(BASE, num_heads=4, qk_dim_factor=1.0), "CausalLM"),
    Unsupported("yoso", BASE, "MaskedLM"),
    Unsupported("big_bird", BASE, "MaskedLM", BANDED),
    Unsupported("bigbird_pegasus", BART, "Seq2SeqLM", BANDED),
    Unsupported(
        "canine", dict(BASE, downsampling_rate=4, local_transformer_stride=8, num_hash_buckets=32), "", BANDED
    ),
    Unsupported(
        "funnel",
        dict(IDS, vocab_size=64, block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=48),
        "MaskedLM",
        BANDED,
    ),
    Unsupported(
        "led",
        dict(BART, max_encoder_position_embeddings=64, max_decoder_position_embeddings=64, attention_window=8),
        "Seq2SeqLM",
        BANDED,
    ),
    Unsupported("longformer", BASE, "MaskedLM", BANDED),
    Unsupported("longt5", dict(T5, local_radius=4, global_block_size=4), "Seq2SeqLM", BANDED),
    Unsupported("pegasus_x", BART, "Seq2SeqLM", BANDED),
    Unsupported("diffllama", GQA, "CausalLM", "attend 6 times in 3 layers"),
    Unsupported("bros", BASE, "", "on the pieces of a text alone"),
)

TEXTS = (
    "The girl ran to a local pub to escape the din of her city.",
    "A lion saw the girl and the girl saw the lion.",
    "They found a green city and a good witch in the city.",
    "To leave the city she had to find the road.",
)


def _save(model: Any, tokenizer: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _model(name: str, vocabulary: int, **changes: Any) -> Any:
    row = next(row for row in ARCHITECTURES if row.name == name)
    return Architecture(name, dict(row.config, vocab_size=vocabulary, **changes), row.head, row.kind).build()


def word_piece(texts: Sequence[str] = TEXTS, size: int = 120) -> Any:
    """A BERT tokenizer trained on `texts`."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizerFast

    trained = BertWordPieceTokenizer(lowercase=True)
    trained.train_from_iterator(list(texts), vocab_size=size, show_progress=False)
    return BertTokenizerFast(tokenizer_object=trained._tokenizer, model_max_length=64)


def byte_pairs(texts: Sequence[str] = TEXTS, size: int = 320, special: Sequence[str] = ("<|end|>",)) -> Any:
    """A byte-level BPE tokenizer trained on `texts`, which adds no special tokens, as GPT-2's."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(list(texts), vocab_size=size, special_tokens=list(special), show_progress=False)
    return PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, model_max_length=64, eos_token=special[0])


def framed(tokenizer: Any, single: str, pair: str, **tokens: str) -> Any:
    """The same pieces between special tokens, as RoBERTa, BART and T5 frame them."""
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    backend = tokenizer.backend_tokenizer
    names = [(name, backend.token_to_id(name)) for name in dict.fromkeys(tokens.values())]
    backend.post_processor = TemplateProcessing(single=single, pair=pair, special_tokens=names)
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=64, **tokens)


def tiny_bert_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """A masked language model of 3 layers, 4 heads and WordPiece pieces; `changes` go to its configuration."""
    tokenizer = word_piece(texts)
    return _save(_model("bert", len(tokenizer), **changes), tokenizer, folder)


def planted_bert_dir(folder: Path, texts: Sequence[str] = TEXTS, heads: Mapping[str, str] | None = None) -> Path:
    """A masked model whose head 2-1 is made to attend to the previous piece; the other heads are random.

    :param heads: of words that are one piece each, the word that each depends on; head 2-2 is made to attend to it.
    """
    import torch

    tokenizer = word_piece(texts)
    model = _model("bert", len(tokenizer), hidden_size=64, initializer_range=0.2)
    width = 16  # of a head, and of the code of a position: eight waves, which a rotation moves by one position
    waves = torch.linspace(0.3, 2.8, width // 2)
    angles = torch.arange(model.config.max_position_embeddings)[:, None] * waves
    turn = torch.zeros(width, width)
    for number, wave in enumerate(waves):
        pair = slice(2 * number, 2 * number + 2)
        turn[pair, pair] = torch.tensor([[wave.cos(), wave.sin()], [-wave.sin(), wave.cos()]])
    with torch.no_grad():
        embeddings = model.bert.embeddings
        words = embeddings.word_embeddings.weight
        for table in (words, embeddings.token_type_embeddings.weight):
            table[:, :width] = 0
        embeddings.position_embeddings.weight.zero_()
        embeddings.position_embeddings.weight[:, :width] = torch.stack([angles.cos(), angles.sin()], -1).flatten(1)
        for layer in model.bert.encoder.layer:  # what is put in comes out again, but for its norm
            for part in (layer.attention.output.dense, layer.output.dense):
                part.weight.zero_()
                part.bias.zero_()
        attention, head = model.bert.encoder.layer[2].attention.self, slice(width, 2 * width)
        for part, code in ((attention.query, turn), (attention.key, torch.eye(width))):
            part.weight[head] = 0
            part.weight[head, :width] = 4 * code
            part.bias[head] = 0
        if heads:  # a code of the word's own, and that of the word it depends on
            own, other, head = (slice(n * width, (n + 1) * width) for n in (1, 2, 2))
            words[:, own] = torch.randn(len(words), width).sign()
            words[:, other] = torch.randn(len(words), width).sign()
            for word, governor in heads.items():
                word_id, governor_id = tokenizer.convert_tokens_to_ids([word, governor])
                words[word_id, other] = words[governor_id, own]
            for part, code in ((attention.query, other), (attention.key, own)):
                part.weight[head] = 0
                part.weight[head, code] = 4 * torch.eye(width)
                part.bias[head] = 0
    return _save(model, tokenizer, folder)


def tiny_gpt2_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """A causal model whose tokenizer adds no special tokens."""
    tokenizer = byte_pairs(texts)
    return _save(_model("gpt2", len(tokenizer), **changes), tokenizer, folder)


def tiny_llama_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """A causal model with grouped queries: 4 query heads, 2 key-value heads; `<s>` is added in front."""
    tokenizer = byte_pairs(texts, special=("</s>", "<s>"))
    tokenizer = framed(tokenizer, "<s> $A", "<s> $A <s> $B", bos_token="<s>", eos_token="</s>")
    return _save(_model("llama", len(tokenizer), **changes), tokenizer, folder)


def tiny_bart_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """An encoder-decoder with a mask token: 3 encoder and 2 decoder layers."""
    tokenizer = byte_pairs(texts, special=("<s>", "<pad>", "</s>", "<mask>"))
    tokenizer = framed(
        tokenizer,
        "<s> $A </s>",
        "<s> $A </s> </s> $B </s>",
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        mask_token="<mask>",
    )
    changes = dict(pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2) | changes
    return _save(_model("bart", len(tokenizer), **changes), tokenizer, folder)


def tiny_t5_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """An encoder-decoder with relative positions and no mask token."""
    tokenizer = byte_pairs(texts, special=("<pad>", "</s>"))
    tokenizer = framed(tokenizer, "$A </s>", "$A </s> $B </s>", pad_token="<pad>", eos_token="</s>")
    return _save(_model("t5", len(tokenizer), **changes), tokenizer, folder)


def tiny_lfm2_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """A hybrid: of its 3 layers the middle one attends, the others convolve."""
    tokenizer = byte_pairs(texts)
    return _save(_model("lfm2", len(tokenizer), **changes), tokenizer, folder)


def tiny_convbert_dir(folder: Path, texts: Sequence[str] = TEXTS, **changes: Any) -> Path:
    """A masked model that computes something else for a padded text, and has half of the heads it is told to have."""
    tokenizer = word_piece(texts)
    return _save(_model("convbert", len(tokenizer), **changes), tokenizer, folder)
