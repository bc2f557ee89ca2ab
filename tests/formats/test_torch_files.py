"""Files of torch.save: released checkpoints are read, and none runs code or is believed about its size."""

import json
import os
import pickle
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import FormatError
from lilliput.formats.folder import load_folder, save_folder
from lilliput.formats.torch_files import read_torch_file, read_torch_weights
from lilliput.formats.weights import Weights, read_safetensors, weight_shapes
from lilliput.models import GPT2Config, GPTNeoConfig, ModelConfig, MoEConfig
from lilliput.models.weights import model_with_weights
from lilliput.tokens import Tokenizer, train_tokenizer

TINYSTORIES = {  # what the config.json of a released TinyStories model says, but for the sizes
    "_name_or_path": "somewhere/checkpoint-25750/",
    "activation_function": "gelu_new",
    "architectures": ["GPTNeoForCausalLM"],
    "attention_dropout": 0,
    "attention_layers": ["global", "local", "global", "local"],
    "attention_types": [[["global", "local"], 2]],
    "bos_token_id": 2,
    "embed_dropout": 0,
    "eos_token_id": 2,
    "gradient_checkpointing": False,
    "hidden_size": 24,
    "initializer_range": 0.2,
    "intermediate_size": None,
    "layer_norm_epsilon": 1e-05,
    "max_position_embeddings": 40,
    "model_type": "gpt_neo",
    "num_heads": 4,
    "num_layers": 4,
    "resid_dropout": 0,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
    "torch_dtype": "float32",
    "transformers_version": "4.28.1",
    "use_cache": True,
    "vocab_size": 300,
    "window_size": 6,
}
CONFIG = GPTNeoConfig(vocab_size=300, d_model=24, n_layers=4, n_heads=4, d_ff=96, context=40, window=6)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["the fox and the box went to the other fox in the big box"] * 5, 280)


def write_gpt2_files(tokenizer: Tokenizer, folder: Path) -> None:
    vocabulary = {piece: token for token, piece in enumerate(tokenizer.pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = [f"{left} {right}" for left, right in tokenizer.merges]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")


def random_weights(config: ModelConfig) -> Weights:
    random = np.random.default_rng(0)
    return {
        name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in weight_shapes(config).items()
    }


@pytest.mark.parametrize("prefix", ["transformer.", ""])
@pytest.mark.parametrize("masks", [True, False])
def test_a_folder_as_tinystories_models_were_released_is_read(
    prefix: str, masks: bool, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    (tmp_path / "config.json").write_text(json.dumps(TINYSTORIES))
    write_gpt2_files(tokenizer, tmp_path)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import GPTNeoConfig as TheirConfig

        theirs = AutoModelForCausalLM.from_config(TheirConfig(**TINYSTORIES)).eval()
    tensors = {name.replace("transformer.", prefix): value for name, value in theirs.state_dict().items()}
    assert f"{prefix}wte.weight" in tensors
    assert "lm_head.weight" in tensors  # stored a second time, and shared
    if masks:
        for layer in range(4):
            attention = f"{prefix}h.{layer}.attn.attention"
            tensors[f"{attention}.bias"] = torch.ones(1, 1, 40, 40, dtype=torch.uint8).tril()
            tensors[f"{attention}.masked_bias"] = torch.tensor(-1e9)
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    folder = load_folder(tmp_path)
    assert folder.config == CONFIG
    assert folder.tokenizer.end == folder.tokenizer.bos == 2
    assert folder.tokenizer.encode("the fox") == tokenizer.encode("the fox")
    ids = torch.randint(300, (2, 40), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours = model_with_weights(folder.config, folder.weights)(ids)
        torch.testing.assert_close(ours, theirs(ids).logits, atol=1e-5, rtol=0)


def as_bin(folder: Path) -> dict[str, torch.Tensor]:
    """Turn a folder's safetensors into a pytorch_model.bin; returns its tensors."""
    arrays = read_safetensors(folder / "model.safetensors")
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    return tensors


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        GPT2Config(vocab_size=300, d_model=24, n_layers=2, n_heads=4, d_ff=30, context=40, tied=False),
        MoEConfig(
            vocab_size=300, d_model=24, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=9, context=40, n_experts=3
        ),
    ],
    ids=lambda config: config.family,
)
def test_a_bin_holds_what_safetensors_hold(config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path) -> None:
    weights = random_weights(config)
    save_folder(tmp_path, config, weights, tokenizer, {})
    as_bin(tmp_path)
    read = load_folder(tmp_path)
    assert read.config == config
    assert read.weights.keys() == weights.keys()
    assert all(np.array_equal(weights[name], read.weights[name]) for name in weights)


def test_a_bin_in_parts_is_read(tokenizer: Tokenizer, tmp_path: Path) -> None:
    weights = random_weights(CONFIG)
    save_folder(tmp_path, CONFIG, weights, tokenizer, {})
    tensors = as_bin(tmp_path)
    (tmp_path / "pytorch_model.bin").unlink()
    parts = {name: f"pytorch_model-{number % 2}.bin" for number, name in enumerate(tensors)}
    for part in set(parts.values()):
        held = {name: tensor for name, tensor in tensors.items() if parts[name] == part}
        torch.save(held, tmp_path / part)
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": parts}))
    read = load_folder(tmp_path).weights
    assert all(np.array_equal(weights[name], read[name]) for name in weights)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_widened_exactly(dtype: torch.dtype, tmp_path: Path) -> None:
    whole = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    torch.save({"a": torch.nn.Parameter(whole.to(dtype)), "b": whole.T}, tmp_path / "x.bin")
    read = read_torch_weights(tmp_path / "x.bin")
    assert read["a"].dtype == np.float32
    assert np.array_equal(read["a"], whole.to(dtype).float().numpy())
    assert np.array_equal(read["b"], whole.T.numpy())
    assert read["b"].flags.c_contiguous


class Hostile:
    """Unpickled by pickle, it makes a folder."""

    def __init__(self, marker: Path, how: Callable[..., Any] = os.mkdir) -> None:
        self.marker, self.how = marker, how

    def __reduce__(self) -> tuple[Any, ...]:
        return self.how, (str(self.marker),)


@pytest.mark.parametrize("how", [os.mkdir, os.system, exec, eval, torch.load, open], ids=lambda f: f.__name__)
def test_a_file_that_would_run_code_is_refused_and_runs_none(how: Callable[..., Any], tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save({"a": torch.ones(3), "b": Hostile(marker, how)}, tmp_path / "x.bin")
    with pytest.raises(FormatError, match=r"x\.bin cannot be read as weights") as caught:
        read_torch_weights(tmp_path / "x.bin")
    assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_the_hostile_file_of_these_tests_does_run_code_elsewhere(tmp_path: Path) -> None:
    torch.save({"b": Hostile(tmp_path / "ran")}, tmp_path / "x.bin")
    torch.load(tmp_path / "x.bin", weights_only=False)
    assert (tmp_path / "ran").is_dir()


def test_a_bare_pickle_is_not_opened(tmp_path: Path) -> None:
    for name, save in (
        ("bare.bin", lambda path: path.write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))),
        ("old.bin", lambda path: torch.save({}, path, _use_new_zipfile_serialization=False)),
        ("empty.bin", lambda path: path.write_bytes(b"")),
        ("html.bin", lambda path: path.write_text("version https://git-lfs.github.com/spec/v1")),
    ):
        save(tmp_path / name)
        with pytest.raises(FormatError, match=r"not a file that torch\.save wrote"):
            read_torch_file(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def rewrite(path: Path, change: Callable[[str, bytes], bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Write a file of torch.save again, each of its records changed."""
    other = path.with_name("other")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", compression) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
    shutil.move(other, path)


def test_what_a_file_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    torch.save({"a": torch.ones(1).expand(10**10)}, path)
    with pytest.raises(FormatError, match="more numbers than it holds"):
        read_torch_weights(path)
    shared = torch.ones(20_000)
    torch.save({f"a{number}": shared for number in range(50)}, path)
    with pytest.raises(FormatError, match="more numbers than it holds"):
        read_torch_weights(path)

    def claim(claimed: bytes) -> Callable[[str, bytes], bytes]:
        return lambda name, data: data.replace(b"M\x2c\x01", claimed) if name.endswith("data.pkl") else data

    for claimed in (b"J\x00\x00\x00\x10", b"J\xff\xff\xff\xff", b"M\xff\xff", b"J\xff\xff\xff\x7f"):
        torch.save({"a": torch.ones(300)}, path)
        rewrite(path, claim(claimed))
        with pytest.raises(FormatError):
            read_torch_weights(path)
    torch.save({"a": torch.ones(300)}, path)
    rewrite(path, lambda name, data: data, zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError, match="compressed"):
        read_torch_weights(path)


@pytest.mark.parametrize(
    "saved",
    [
        [torch.ones(2)],
        {1: torch.ones(2)},
        {"a": "b"},
        {"a": {"b": torch.ones(2)}},
        {"a": torch.ones(2, dtype=torch.complex64)},
        {"a": torch.ones(2, 2).to_sparse()},
        torch.ones(3),
        None,
    ],
    ids=str,
)
def test_what_is_no_table_of_arrays_is_refused(saved: Any, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "x.bin")
    with pytest.raises(FormatError):
        read_torch_weights(tmp_path / "x.bin")


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_files_are_refused_and_never_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "x.bin"
    torch.save({"a": torch.ones(30), "b": torch.arange(12.0).view(3, 4).T}, path)
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(max_size=8))
    end = data.draw(st.sampled_from([start + len(junk), start, len(whole)]))
    path.write_bytes(whole[:start] + junk + whole[end:])
    try:
        arrays = read_torch_weights(path)
    except FormatError as error:
        assert "\n" not in str(error)
    else:
        assert sum(array.nbytes for array in arrays.values()) <= 2 * len(whole)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_pickles_within_are_refused_and_never_crash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "x.bin"
    torch.save({"a": torch.ones(30), "b": torch.arange(12.0).view(3, 4).T}, path)

    def damage(name: str, record: bytes) -> bytes:
        if not name.endswith("data.pkl"):
            return record
        start = data.draw(st.integers(0, len(record) - 1))
        junk = data.draw(st.binary(min_size=1, max_size=6))
        return record[:start] + junk + record[start + data.draw(st.integers(0, len(junk))) :]

    rewrite(path, damage)
    try:
        arrays = read_torch_weights(path)
    except FormatError as error:
        assert "\n" not in str(error)
    else:
        assert sum(array.nbytes for array in arrays.values()) <= 4 * path.stat().st_size
