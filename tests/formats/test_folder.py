"""The model folder against transformers, both ways, and against damage."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError, LilliputError
from lilliput.formats.folder import (
    ModelFolder,
    add_score,
    load_folder,
    save_folder,
)
from lilliput.formats.weights import Weights, read_safetensors, weight_shapes, write_safetensors
from lilliput.models import GPT2Config, GPTNeoConfig, LlamaConfig, ModelConfig, MoEConfig, Qwen3Config
from lilliput.models.weights import get_weights, model_with_weights
from lilliput.tokens import Tokenizer, train_tokenizer

SHAPE = {"vocab_size": 300, "d_model": 24, "n_layers": 2, "d_ff": 40, "context": 64}
CONFIGS = [
    LlamaConfig(**SHAPE, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SHAPE, n_heads=3, n_kv_heads=3, tied=False, rope_theta=777.0, norm_eps=1e-6),
]
IDS = torch.randint(300, (2, 40), generator=torch.Generator().manual_seed(0))


def random_weights(config: ModelConfig, seed: int = 0) -> Weights:
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(config).items()
    }


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["the fox and the box went to the other fox in the big box"] * 5, 280)


def logits_of(folder: ModelFolder) -> torch.Tensor:
    with torch.inference_mode():
        return model_with_weights(folder.config, folder.weights)(IDS)


def test_transformers_computes_the_same_logits_from_a_saved_folder_and_back(
    any_config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    save_folder(tmp_path / "ours", any_config, random_weights(any_config), tokenizer, {})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "ours").eval()
    theirs.save_pretrained(tmp_path / "theirs")
    tokenizer.save(tmp_path / "theirs/tokenizer.json")
    back = load_folder(tmp_path / "theirs")
    assert back.config == any_config
    with torch.inference_mode():
        expected = theirs(IDS).logits
        for folder in (load_folder(tmp_path / "ours"), back):
            torch.testing.assert_close(logits_of(folder), expected, atol=1e-5, rtol=0)


ROLES = {"vocab_size": 300, "bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.3}
ROTARY = {
    **ROLES,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 48,
}
GPT2 = {**ROLES, "n_embd": 24, "n_layer": 2, "n_head": 3, "n_positions": 48}
GPTNEO = {
    **ROLES,
    "initializer_range": 0.2,
    "hidden_size": 24,
    "num_layers": 4,
    "num_heads": 4,
    "max_position_embeddings": 48,
    "window_size": 7,
    "attention_types": [[["global", "local"], 2]],
}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("llama", ROTARY),
        ("llama", {**ROTARY, "tie_word_embeddings": True, "num_key_value_heads": None}),
        ("qwen3", {**ROTARY, "head_dim": 8}),
        ("qwen3", {**ROTARY, "head_dim": 16, "tie_word_embeddings": True}),
        ("gpt2", GPT2),
        ("gpt2", {**GPT2, "n_inner": 50, "tie_word_embeddings": False, "activation_function": "gelu_fast"}),
        ("gpt_neo", GPTNEO),
        (
            "gpt_neo",
            {**GPTNEO, "attention_types": [[["local"], 3], [["global"], 1]], "intermediate_size": 33},
        ),
        ("mixtral", {**ROTARY, "num_local_experts": 5}),
        ("mixtral", {**ROTARY, "num_experts_per_tok": 1, "tie_word_embeddings": True}),
        ("llama", {**ROTARY, "hidden_act": "swish"}),
        ("llama", {**ROTARY, "hidden_act": "gelu", "num_key_value_heads": 1}),
        ("qwen3", {**ROTARY, "head_dim": 8, "hidden_act": "relu"}),
        ("mixtral", {**ROTARY, "hidden_act": "gelu_pytorch_tanh"}),
        ("gpt2", {**GPT2, "activation_function": "gelu"}),
        ("gpt2", {**GPT2, "activation_function": "silu"}),
        ("gpt_neo", {**GPTNEO, "activation_function": "relu"}),
    ],
)
def test_a_folder_that_transformers_saved_computes_the_same_logits(
    kind: str, values: dict[str, Any], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    theirs = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **values)).eval()
    theirs.save_pretrained(tmp_path)
    tokenizer.save(tmp_path / "tokenizer.json")
    with torch.inference_mode():
        torch.testing.assert_close(theirs(IDS).logits, logits_of(load_folder(tmp_path)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**SHAPE, n_heads=2, n_kv_heads=2, norm_eps=1e-6, tied=False),
        Qwen3Config(**SHAPE, n_heads=32, n_kv_heads=32, d_head=128, norm_eps=1e-6, tied=False),
        GPT2Config(**{**SHAPE, "d_ff": 96}, n_heads=3),
        GPTNeoConfig(**{**SHAPE, "d_ff": 96}, n_heads=3, window=256),
        MoEConfig(**{**SHAPE, "d_model": 32}, n_heads=8, n_kv_heads=8, rope_theta=1e6, tied=False),
    ],
    ids=lambda config: config.family,
)
def test_what_a_config_leaves_out_is_what_transformers_takes(
    config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    save_folder(tmp_path, config, random_weights(config), tokenizer, {})
    path = tmp_path / "config.json"
    kept = {
        "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "bos_token_id",
        "max_position_embeddings", "eos_token_id", "n_embd", "n_layer", "n_head", "n_positions", "num_layers",
        "num_heads", "attention_types",
    } | ({"intermediate_size"} if config.family != "gptneo" else set())  # fmt: skip
    values = {key: value for key, value in json.loads(path.read_text()).items() if key in kept}
    path.write_text(json.dumps(values))
    folder = load_folder(tmp_path)
    assert folder.config == config
    with torch.inference_mode():
        theirs = AutoModelForCausalLM.from_pretrained(tmp_path).eval()(IDS).logits
        torch.testing.assert_close(theirs, logits_of(folder), atol=1e-5, rtol=1e-6)


def test_transformers_reads_the_same_tokens_bos_first(tokenizer: Tokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    save_folder(tmp_path, CONFIGS[0], random_weights(CONFIGS[0]), tokenizer, {})
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = "the fox, in the  box\nsaid: é 😀"
    ids = theirs(text).input_ids
    assert ids == [tokenizer.bos, *tokenizer.encode(text)]
    assert theirs.decode(ids, skip_special_tokens=True) == text
    assert (theirs.bos_token_id, theirs.eos_token_id) == (tokenizer.bos, tokenizer.end)


def test_transformers_generates_the_ids_that_we_do(tokenizer: Tokenizer, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    from lilliput.generation.generate import Telling
    from lilliput.generation.sample import Sampling
    from lilliput.generation.torch_batch import TorchBatch

    config, weights = CONFIGS[0], random_weights(CONFIGS[0])
    save_folder(tmp_path, config, weights, tokenizer, {})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path)
    ids = theirs.generate(torch.tensor([[tokenizer.bos]]), do_sample=False, max_length=config.context)[
        0, 1:
    ].tolist()
    engine = TorchBatch(model_with_weights(config, weights), slots=1)
    telling = Telling(engine, tokenizer, Sampling(temperature=0))
    assert "".join(telling) is not None
    assert telling.ids[: config.context - 1] == [token for token in ids if token != tokenizer.end]


def test_saving_only_reads_the_weights(tokenizer: Tokenizer, tmp_path: Path) -> None:
    weights = random_weights(CONFIGS[0])
    before = {name: array.copy() for name, array in weights.items()}
    save_folder(tmp_path, CONFIGS[0], weights, tokenizer, {})
    for name, array in weights.items():
        assert np.array_equal(before[name], array)


def test_a_folder_reads_back_equal(tokenizer: Tokenizer, tmp_path: Path) -> None:
    weights = random_weights(CONFIGS[1])
    save_folder(tmp_path, CONFIGS[1], weights, tokenizer, {"plan": {"seed": 3}})
    folder = load_folder(tmp_path)
    assert folder.config == CONFIGS[1]
    assert folder.tokenizer.fingerprint == tokenizer.fingerprint
    assert folder.details["plan"] == {"seed": 3}
    assert all(np.array_equal(weights[name], folder.weights[name]) for name in weights)
    assert get_weights(model_with_weights(folder.config, folder.weights)).keys() == weights.keys()


def test_a_score_replaces_an_older_one_of_the_same_text(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_folder(tmp_path, CONFIGS[0], random_weights(CONFIGS[0]), tokenizer, {"plan": {}})
    row = {
        "suite": "loss", "data": "a.txt", "data_fingerprint": "f", "cut": "story", "tokens": 5,
        "nats_per_token": 2.0, "bits_per_byte": 1.5, "command": "lilliput evaluate x --data a.txt",
    }  # fmt: skip
    add_score(tmp_path, row)
    add_score(tmp_path, {**row, "bits_per_byte": 1.25})
    assert [score["bits_per_byte"] for score in load_folder(tmp_path).details["scores"]] == [1.25]
    assert "1.2500" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_weights_are_widened_exactly(dtype: torch.dtype, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    whole = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    save_file({"a": whole.to(dtype)}, tmp_path / "x.safetensors")
    read = read_safetensors(tmp_path / "x.safetensors")["a"]
    assert read.dtype == np.float32
    assert np.array_equal(read, whole.to(dtype).float().numpy())


@pytest.fixture
def folder(tokenizer: Tokenizer, tmp_path: Path) -> Path:
    save_folder(tmp_path / "m", CONFIGS[0], random_weights(CONFIGS[0]), tokenizer, {"plan": {}})
    return tmp_path / "m"


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hiden_size": 3}, "unknown key hiden_size; did you mean hidden_size"),
        ({"hidden_act": "mish"}, "hidden_act = 'mish' is not supported; silu, "),
        ({"attention_bias": True}, "attention_bias"),
        ({"rope_scaling": {"factor": 2}}, "rope_scaling"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}}, "rope_type 'yarn'"),
        ({"head_dim": 99}, "head_dim"),
        ({"vocab_size": 301}, "shape"),
        ({"vocab_size": "many"}, "vocab_size"),
        ({"num_attention_heads": 5}, "not a multiple"),
        ({"model_type": "bert"}, "model_type 'bert'"),
        ({"num_hidden_layers": 3}, "lacks the weight blocks.2"),
        ({"num_hidden_layers": 1}, "holds blocks.1"),
        ({"vocab_size": None}, "lacks vocab_size"),
        ({"num_hidden_layers": 10**9}, "n_layers"),
        ({"vocab_size": 10**9}, "shape"),
    ],
)
def test_a_config_that_we_would_compute_differently_is_refused(
    folder: Path, changes: dict[str, object], told: str
) -> None:
    change_config(folder, **changes)
    with pytest.raises(LilliputError, match=told):
        load_folder(folder)


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("qwen3", {"use_sliding_window": True}, "use_sliding_window"),
        ("qwen3", {"layer_types": ["full_attention", "sliding_attention"]}, "layer_types"),
        ("qwen3", {"head_dim": 7}, "odd"),
        ("qwen3", {"head_dim": 12}, "shape"),
        ("qwen3", {"num_local_experts": 3}, "unknown key num_local_experts"),
        ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ("gpt2", {"activation_function": "quick_gelu"}, "activation_function = 'quick_gelu'"),
        ("gpt2", {"add_cross_attention": True}, "add_cross_attention"),
        ("gpt2", {"n_inner": "wide"}, "d_ff"),
        ("gpt2", {"n_embd": [24]}, "d_model"),
        ("gpt2", {"n_embd": None}, "lacks n_embd"),
        ("gpt2", {"n_head": 5}, "not a multiple"),
        ("gpt2", {"n_positions": 47}, "positions.weight has shape"),
        ("gpt2", {"rotary_dim": 8}, "unknown key rotary_dim"),
        ("gpt2", {"n_inner": 96}, "shape"),
        ("gpt_neo", {"attention_types": [[["global"], 10**12]]}, "attention_types"),
        ("gpt_neo", {"attention_types": [[["global"], 1]]}, "attention_types"),
        ("gpt_neo", {"attention_types": [[["global", "diagonal"], 1]]}, "attention_types"),
        ("gpt_neo", {"attention_types": [["global", 2]]}, "attention_types"),
        ("gpt_neo", {"attention_types": "global"}, "attention_types"),
        ("gpt_neo", {"attention_types": None, "attention_layers": None}, "attention_types"),
        ("gpt_neo", {"attention_layers": ["global", "global"]}, "differ"),
        ("gpt_neo", {"num_layers": 10**10, "attention_types": [[["global"], 10**10]]}, "attention_types"),
        ("gpt_neo", {"window_size": 0}, "window"),
        ("gpt_neo", {"activation_function": None}, "lacks activation_function"),
        ("mixtral", {"sliding_window": 20}, "sliding_window = 20"),
        ("mixtral", {"num_experts_per_tok": 9}, "experts_per_token 9 is more than n_experts"),
        ("mixtral", {"num_local_experts": 3}, "shape"),
        ("mixtral", {"num_local_experts": 10**9}, "n_experts"),
        ("mixtral", {"head_dim": 8}, "head_dim"),
        ("mixtral", {"hidden_act": ["silu"]}, "hidden_act"),
    ],
)
def test_no_family_is_computed_otherwise_than_its_config_says(
    kind: str, changes: dict[str, object], told: str, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    config = {
        "qwen3": Qwen3Config(**SHAPE, n_heads=3, n_kv_heads=1),
        "gpt2": GPT2Config(**SHAPE, n_heads=3),
        "gpt_neo": GPTNeoConfig(**SHAPE, n_heads=3),
        "mixtral": MoEConfig(**SHAPE, n_heads=2, n_kv_heads=2, n_experts=4),
    }[kind]
    save_folder(tmp_path, config, random_weights(config), tokenizer, {})
    change_config(tmp_path, **changes)
    with pytest.raises(LilliputError, match=told):
        load_folder(tmp_path)


def test_mixtral_is_stored_expert_by_expert_as_released_checkpoints_are(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    config = MoEConfig(**SHAPE, n_heads=2, n_kv_heads=2, n_experts=3)
    weights = random_weights(config)
    save_folder(tmp_path, config, weights, tokenizer, {})
    tensors = read_safetensors(tmp_path / "model.safetensors")
    experts = "model.layers.1.block_sparse_moe.experts"
    for part, number in (("gate", 1), ("down", 2), ("up", 3)):
        stored = tensors[f"{experts}.2.w{number}.weight"]
        assert np.array_equal(stored, weights[f"blocks.1.mlp.{part}.weight"][2])
    del tensors[f"{experts}.1.w2.weight"]
    write_safetensors(tmp_path / "model.safetensors", tensors)
    with pytest.raises(FormatError, match=r"experts of blocks\.1\.mlp\.down\.weight have a gap"):
        load_folder(tmp_path)


def test_gpt2s_own_files_without_prefix_and_with_masks_are_read(tokenizer: Tokenizer, tmp_path: Path) -> None:
    config = GPT2Config(**SHAPE, n_heads=3)
    save_folder(tmp_path, config, random_weights(config), tokenizer, {})
    whole = load_folder(tmp_path).weights
    tensors = read_safetensors(tmp_path / "model.safetensors")
    bare = {name.removeprefix("transformer."): array for name, array in tensors.items()}
    masks = {f"h.{i}.attn.bias": np.tril(np.ones((1, 1, 64, 64), dtype=np.bool_)) for i in range(2)}
    write_safetensors(tmp_path / "model.safetensors", {**bare, **masks})
    read = load_folder(tmp_path).weights
    assert read.keys() == whole.keys()
    assert all(np.array_equal(read[name], whole[name]) for name in whole)
    write_safetensors(tmp_path / "model.safetensors", {**tensors, "wte.weight": bare["wte.weight"]})
    with pytest.raises(FormatError, match="twice"):
        load_folder(tmp_path)
    write_safetensors(
        tmp_path / "model.safetensors", {**tensors, "transformer.wte.weight": np.ones((300, 24), np.uint8)}
    )
    with pytest.raises(FormatError, match="uint8, not floating-point"):
        load_folder(tmp_path)
    write_safetensors(
        tmp_path / "model.safetensors", {**tensors, "transformer.h.0.attn.c_attn.weight": np.ones((24, 71))}
    )
    with pytest.raises(FormatError, match="three matrices"):
        load_folder(tmp_path)


def test_a_number_of_thousands_of_digits_is_no_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"vocab_size": ' + "9" * 5000 + "}")
    with pytest.raises(FormatError, match="not JSON"):
        load_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FormatError, match=name.replace(".", r"\.")):
        load_folder(folder)


def test_what_is_no_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    for place, told in (("none", "is not there"), ("f", "is a file"), (".", "no config.json")):
        with pytest.raises(FormatError, match=told):
            load_folder(tmp_path / place)


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_damaged_files_are_refused_and_never_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    config = data.draw(
        st.sampled_from(
            [
                CONFIGS[0],
                Qwen3Config(**SHAPE, n_heads=3, n_kv_heads=1),
                GPT2Config(**SHAPE, n_heads=3),
                GPTNeoConfig(**SHAPE, n_heads=3),
                MoEConfig(**SHAPE, n_heads=2, n_kv_heads=2, n_experts=3),
            ]
        )
    )
    save_folder(folder, config, random_weights(config), tokenizer, {"plan": {}})
    name = data.draw(st.sampled_from(["config.json", "model.safetensors", "tokenizer.json", "lilliput.json"]))
    original = (folder / name).read_bytes()
    start = data.draw(st.integers(0, min(len(original) - 1, 4000)))
    junk = data.draw(st.binary(max_size=12))
    end = data.draw(st.sampled_from([start + len(junk), start, len(original)]))
    (folder / name).write_bytes(original[:start] + junk + original[end:])
    try:
        load_folder(folder)
    except LilliputError as error:
        assert "\n" not in str(error)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None, max_examples=250)
@given(data=st.data(), kind=st.sampled_from(["llama", "qwen3", "gpt2", "gpt_neo", "mixtral"]))
def test_a_config_of_junk_is_refused_or_read_and_nothing_else(data: st.DataObject, kind: str) -> None:
    from lilliput.formats.folder import _MODEL_TYPES

    values: dict[str, Any] = {
        "qwen3": ROTARY, "llama": ROTARY, "mixtral": ROTARY, "gpt2": GPT2, "gpt_neo": GPTNEO,
    }[kind]  # fmt: skip
    family = _MODEL_TYPES[kind]
    usual = family.config_to_hf(family.config_from_hf({**values, "model_type": kind}, "config.json"))
    keys = data.draw(st.lists(st.sampled_from(sorted(usual)), min_size=1, max_size=3))
    for key in keys:
        usual[key] = data.draw(_JUNK)
    try:
        config = family.config_from_hf(usual, "config.json")
    except LilliputError as error:
        assert "\n" not in str(error)
    else:
        assert family.config_from_hf(family.config_to_hf(config), "config.json") == config


@settings(deadline=None, max_examples=80)
@given(junk=st.binary(max_size=300))
def test_bytes_that_are_no_safetensors_are_refused(
    junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("junk") / "model.safetensors"
    path.write_bytes(junk)
    try:
        read_safetensors(path)
    except FormatError:
        return
    assert junk[:1] == b"\x02" or b"{}" in junk  # an empty table of arrays is a whole file


def test_sharded_folders_of_others_are_read(folder: Path) -> None:
    arrays = read_safetensors(folder / "model.safetensors")
    whole = load_folder(folder).weights
    (folder / "model.safetensors").unlink()
    names = sorted(arrays)
    half = len(names) // 2
    for part, held in (("a.safetensors", names[:half]), ("b.safetensors", names[half:])):
        write_safetensors(folder / part, {name: arrays[name] for name in held})
    index = {name: "a.safetensors" if name in names[:half] else "b.safetensors" for name in names}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    read = load_folder(folder).weights
    assert all(np.array_equal(whole[name], read[name]) for name in whole)
    index[names[0]] = "../../etc/passwd"
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    with pytest.raises(FormatError, match="not in the folder"):
        load_folder(folder)
