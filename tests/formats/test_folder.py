"""The model folder against transformers, both ways, and against damage."""

import json
from pathlib import Path

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
from lilliput.models import LlamaConfig
from lilliput.models.weights import get_weights, model_with_weights
from lilliput.tokens import Tokenizer, train_tokenizer

SHAPE = {"vocab_size": 300, "d_model": 24, "n_layers": 2, "d_ff": 40, "context": 64}
CONFIGS = [
    LlamaConfig(**SHAPE, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SHAPE, n_heads=3, n_kv_heads=3, tied=False, rope_theta=777.0, norm_eps=1e-6),
]
IDS = torch.randint(300, (2, 40), generator=torch.Generator().manual_seed(0))


def random_weights(config: LlamaConfig, seed: int = 0) -> Weights:
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


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_transformers_computes_the_same_logits_from_a_saved_folder(
    config: LlamaConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    save_folder(tmp_path, config, random_weights(config), tokenizer, {})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        torch.testing.assert_close(theirs(IDS).logits, logits_of(load_folder(tmp_path)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("tied", [True, False])
def test_a_folder_that_transformers_saved_computes_the_same_logits(
    tied: bool, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import LlamaConfig as TheirConfig
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    theirs = LlamaForCausalLM(
        TheirConfig(
            vocab_size=300,
            hidden_size=24,
            intermediate_size=40,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            initializer_range=0.3,
            tie_word_embeddings=tied,
            bos_token_id=1,
            eos_token_id=2,
        )
    ).eval()
    theirs.save_pretrained(tmp_path)
    tokenizer.save(tmp_path / "tokenizer.json")
    with torch.inference_mode():
        torch.testing.assert_close(theirs(IDS).logits, logits_of(load_folder(tmp_path)), atol=1e-5, rtol=0)


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

    from lilliput.generation.engines import TorchEngine
    from lilliput.generation.generate import Telling

    config, weights = CONFIGS[0], random_weights(CONFIGS[0])
    save_folder(tmp_path, config, weights, tokenizer, {})
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path)
    ids = theirs.generate(torch.tensor([[tokenizer.bos]]), do_sample=False, max_length=config.context)[
        0, 1:
    ].tolist()
    telling = Telling(
        TorchEngine(model_with_weights(config, weights)),
        tokenizer,
        lambda logits: int(logits.argmax()),
    )
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
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu' is not supported"),
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


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_files_are_refused_and_never_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    save_folder(folder, CONFIGS[0], random_weights(CONFIGS[0]), tokenizer, {"plan": {}})
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
