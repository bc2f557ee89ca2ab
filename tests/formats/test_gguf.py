"""GGUF against the gguf package's own reader, against itself, and against damage."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.errors import ConfigError, FormatError
from lilliput.formats.gguf import Kind, measure_difference, read_gguf, write_gguf
from lilliput.formats.gguf_file import is_gguf, open_gguf
from lilliput.formats.weights import Weights
from lilliput.models.config import (
    GPT2Config,
    GPTNeoConfig,
    LlamaConfig,
    ModelConfig,
    MoEConfig,
    Qwen3Config,
)
from lilliput.models.shapes import weight_shapes
from lilliput.tokens import Tokenizer, load_tokenizer, read_tokenizer_bin, train_tokenizer

SHAPE = {"vocab_size": 300, "d_model": 32, "n_layers": 2, "d_ff": 44, "context": 64}
FAMILIES: list[ModelConfig] = [
    LlamaConfig(**SHAPE, n_heads=4, n_kv_heads=2),
    LlamaConfig(**SHAPE, n_heads=2, n_kv_heads=2, tied=False, rope_theta=777.0, norm_eps=1e-6),
    Qwen3Config(**SHAPE, n_heads=4, n_kv_heads=2, d_head=16),
    Qwen3Config(**SHAPE, n_heads=4, n_kv_heads=4, tied=False, rope_theta=1e6),
    MoEConfig(**SHAPE, n_heads=4, n_kv_heads=2, n_experts=3, experts_per_token=2),
    GPT2Config(**SHAPE, n_heads=4),
    GPT2Config(**SHAPE, n_heads=2, tied=False),
]
KINDS: tuple[Kind, ...] = ("f32", "f16", "q8_0", "q4_0")
every_family = pytest.mark.parametrize("config", FAMILIES, ids=str)


def random_weights(config: ModelConfig, seed: int = 0) -> Weights:
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(config).items()
    }


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["the fox and the box went to the other fox in the big box"] * 5, 280)


@pytest.fixture(scope="module")
def whole(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small sound file."""
    path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    write_gguf(path, FAMILIES[0], random_weights(FAMILIES[0]), tokenizer, "q8_0")
    return path.read_bytes()


@every_family
def test_a_float_file_reads_back_as_it_was_written(
    config: ModelConfig, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    weights = random_weights(config)
    stored = write_gguf(tmp_path / "m.gguf", config, weights, tokenizer)
    assert set(stored.values()) == {"F32"}
    read_config, read, read_tokenizer = read_gguf(tmp_path / "m.gguf")
    assert read_config == config
    assert list(read) == list(weight_shapes(config))
    assert all(np.array_equal(read[name], weights[name]) for name in weights)
    assert read_tokenizer.fingerprint == tokenizer.fingerprint
    assert (read_tokenizer.bos, read_tokenizer.end, read_tokenizer.pad) == (1, 2, 0)
    assert measure_difference(tmp_path / "m.gguf", config, weights, tokenizer) == 0


@every_family
@pytest.mark.parametrize("kind", KINDS)
def test_the_gguf_package_reads_the_same_numbers(
    config: ModelConfig, kind: Kind, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    path = tmp_path / "m.gguf"
    stored = write_gguf(path, config, random_weights(config), tokenizer, kind)
    file, reader = open_gguf(path), GGUFReader(path)
    assert stored == {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert file.tensors.keys() == stored.keys()
    for tensor in reader.tensors:
        theirs = dequantize(tensor.data, tensor.tensor_type).reshape(tensor.shape[::-1])
        assert np.array_equal(file.read(tensor.name), theirs)
    assert reader.fields["tokenizer.ggml.tokens"].contents()[:280] == list(tokenizer.pieces)
    assert reader.fields["tokenizer.ggml.tokens"].contents()[299] == "[PAD299]"
    for name, value in file.values.items():
        if not isinstance(value, list | np.ndarray):
            assert reader.fields[name].contents() == pytest.approx(value)


def test_each_kind_is_as_near_as_its_steps_allow(tokenizer: Tokenizer, tmp_path: Path) -> None:
    config = FAMILIES[1]
    weights, shares = random_weights(config), {"f32": 0, "f16": 2**-11, "q8_0": 1 / 254, "q4_0": 1 / 8}
    largest = max(float(np.abs(array).max()) for array in weights.values())
    for kind, share in shares.items():
        write_gguf(tmp_path / kind, config, weights, tokenizer, kind)  # type: ignore[arg-type]
        difference = measure_difference(tmp_path / kind, config, weights, tokenizer)
        assert share * largest / 8 <= difference <= share * largest * 1.01


def test_what_is_stored_how_follows_the_rules_of_llama_cpp(tokenizer: Tokenizer, tmp_path: Path) -> None:
    moe, gpt2 = FAMILIES[4], FAMILIES[5]
    stored = write_gguf(tmp_path / "moe", moe, random_weights(moe), tokenizer, "q4_0")
    expected = {
        "token_embd.weight": "Q8_0",  # the output matrix too
        "output_norm.weight": "F32",
        "blk.1.attn_q.weight": "Q4_0",
        "blk.1.ffn_gate_inp.weight": "F32",
        "blk.1.ffn_up_exps.weight": "Q4_0",
        "blk.1.ffn_down_exps.weight": "F16",  # rows of 44
    }
    assert expected.items() <= stored.items()
    pure = write_gguf(tmp_path / "pure", moe, random_weights(moe), tokenizer, "q4_0", pure=True)
    assert pure["token_embd.weight"] == "Q4_0"
    stored = write_gguf(tmp_path / "gpt2", gpt2, random_weights(gpt2), tokenizer, "q8_0")
    expected = {"position_embd.weight": "F32", "blk.0.attn_qkv.weight": "Q8_0", "blk.0.attn_qkv.bias": "F32"}
    assert expected.items() <= stored.items()


def test_queries_turn_neighbours_in_llama_and_halves_in_qwen3(tokenizer: Tokenizer, tmp_path: Path) -> None:
    for config in FAMILIES[:5]:
        weights = random_weights(config)
        write_gguf(tmp_path / "m.gguf", config, weights, tokenizer)
        file = open_gguf(tmp_path / "m.gguf")
        ours, theirs = weights["blocks.0.attn.k.weight"], file.read("blk.0.attn_k.weight")
        K = config.d_head
        for head in range(config.n_kv_heads):
            for channel in range(K // 2):
                turned = (channel, channel + K // 2)
                there = turned if config.family == "qwen3" else (2 * channel, 2 * channel + 1)
                assert np.array_equal(
                    ours[[head * K + i for i in turned]], theirs[[head * K + i for i in there]]
                )
    assert file.values["llama.rope.dimension_count"] == 8


def test_a_family_without_an_architecture_is_refused_by_name(tokenizer: Tokenizer, tmp_path: Path) -> None:
    config = GPTNeoConfig(**SHAPE, n_heads=4)
    with pytest.raises(ConfigError, match="no architecture for gptneo"):
        write_gguf(tmp_path / "m.gguf", config, random_weights(config), tokenizer)
    assert not list(tmp_path.iterdir())


def test_an_activation_that_llama_cpp_lacks_is_refused_by_name(tokenizer: Tokenizer, tmp_path: Path) -> None:
    config = GPT2Config(**SHAPE, n_heads=4, activation="relu")
    with pytest.raises(ConfigError, match="gelu_tanh only, and this one has relu"):
        write_gguf(tmp_path / "m.gguf", config, random_weights(config), tokenizer)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tok512.model", "tok4096.model", "tok512.bin", "llama2-32000.model"])
def test_sentencepiece_vocabularies_read_back_equal(name: str, shared: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(shared / "tokenizers" / name)
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size, d_model=4, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=4, context=8
    )
    write_gguf(tmp_path / "m.gguf", config, random_weights(config), tokenizer)
    read = read_gguf(tmp_path / "m.gguf")[2]
    assert read.fingerprint == tokenizer.fingerprint
    assert read.to_json() == tokenizer.to_json()
    if name.endswith(".model"):
        import sentencepiece

        theirs = sentencepiece.SentencePieceProcessor(model_file=str(shared / "tokenizers" / name))
        made = [theirs.PieceToId(left + right) for left, right in tokenizer.merges]
        scores = open_gguf(tmp_path / "m.gguf").values["tokenizer.ggml.scores"][made]
        their_scores = np.array([theirs.GetScore(piece) for piece in made])
        assert np.array_equal(np.argsort(-scores, kind="stable"), np.argsort(-their_scores, kind="stable"))


def test_a_vocabulary_without_byte_pieces_is_refused(shared: Path, tmp_path: Path) -> None:
    tokenizer = read_tokenizer_bin(shared / "tokenizers/tok105.bin")
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size, d_model=4, n_layers=1, n_heads=1, n_kv_heads=1, d_ff=4, context=8
    )
    with pytest.raises(FormatError, match="no byte pieces"):
        write_gguf(tmp_path / "m.gguf", config, random_weights(config), tokenizer)


def test_a_vocabulary_of_bytes_alone_is_refused(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["abc"], 259)
    with pytest.raises(FormatError, match="merges"):
        write_gguf(tmp_path / "m.gguf", FAMILIES[0], random_weights(FAMILIES[0]), tokenizer)


def test_a_tokenizer_with_another_cut_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    import json

    document = json.loads(tokenizer.to_json())
    document["pre_tokenizer"]["add_prefix_space"] = True
    other = Tokenizer.from_json(json.dumps(document))
    with pytest.raises(FormatError, match="way that has no name"):
        write_gguf(tmp_path / "m.gguf", FAMILIES[0], random_weights(FAMILIES[0]), other)


CHANGES = {
    "general.architecture": ("falcon", "falcon"),
    "llama.rope.scaling.type": ("yarn", "scaling.type"),
    "llama.rope.dimension_count": (4, "dimension_count"),
    "llama.attention.key_length": (16, "key_length"),
    "llama.attention.sliding_window": (128, "sliding_window"),
    "llama.expert_used_count": (2, "expert_used_count"),
    "llama.context_length": (2**31, "context_length"),
    "llama.block_count": (3, "blk.2"),
    "llama.embedding_length": (64, "key_length"),
    "llama.feed_forward_length": (64, "shape"),
    "llama.attention.head_count": (5, "n_heads"),
    "llama.attention.layer_norm_rms_epsilon": (-1.0, "epsilon"),
    "tokenizer.ggml.model": ("bert", "bert"),
    "tokenizer.ggml.pre": ("llama-bpe", "llama-bpe"),
    "tokenizer.ggml.eos_token_id": (300, "eos_token_id"),
    "tokenizer.ggml.bos_token_id": ("x", "bos_token_id"),
    "tokenizer.ggml.add_space_prefix": (True, "space"),
    "tokenizer.ggml.tokens": (["a", "a"], "types"),
    "tokenizer.ggml.merges": (["a"], "merge 0"),
    "general.alignment": (0, "alignment"),
}


def rewrite(source: Path, target: Path, changes: dict[str, object], extra: str | None = None) -> None:
    """A copy of a file with some values changed or added, written by the gguf package."""
    file = open_gguf(source)
    values = {**file.values, **changes}
    writer = GGUFWriter(target, str(values.pop("general.architecture")))
    for name, value in values.items():
        add = {
            bool: writer.add_bool,
            int: writer.add_uint32,
            float: writer.add_float32,
            str: writer.add_string,
            list: writer.add_array,
            np.ndarray: lambda name, value: writer.add_array(name, value.tolist()),
        }
        add[type(value)](name, value)  # type: ignore[index, operator]
    names = [*file.tensors, *([extra] if extra else [])]
    for name in names:
        writer.add_tensor(name, file.read(name) if name in file.tensors else np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("name", CHANGES)
def test_a_value_that_we_would_compute_otherwise_is_refused_by_name(
    name: str, whole: bytes, tmp_path: Path
) -> None:
    (tmp_path / "m.gguf").write_bytes(whole)
    value, complaint = CHANGES[name]
    rewrite(tmp_path / "m.gguf", tmp_path / "changed.gguf", {name: value})
    with pytest.raises(FormatError, match=complaint):
        read_gguf(tmp_path / "changed.gguf")


def test_a_tensor_that_no_config_calls_for_is_refused_by_name(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(whole)
    rewrite(tmp_path / "m.gguf", tmp_path / "same.gguf", {"general.author": "anyone"})
    assert read_gguf(tmp_path / "same.gguf")[0] == FAMILIES[0]
    rewrite(tmp_path / "m.gguf", tmp_path / "more.gguf", {}, extra="rope_freqs.weight")
    with pytest.raises(FormatError, match="rope_freqs"):
        read_gguf(tmp_path / "more.gguf")


def test_other_quantized_kinds_are_read_as_the_package_reads_them(tmp_path: Path) -> None:
    random, path = np.random.default_rng(0), tmp_path / "m.gguf"
    arrays = {
        kind: random.normal(size=(3, 256)).astype(np.float32) for kind in ("Q4_1", "Q5_0", "Q5_1", "BF16")
    }
    writer = GGUFWriter(path, "llama")
    for kind, array in arrays.items():
        code = GGMLQuantizationType[kind]
        writer.add_tensor(kind, quantize(array, code), raw_dtype=code)
    writer.add_tensor("Q6_K", random.integers(0, 60, (2, 210), np.uint8), raw_dtype=GGMLQuantizationType.Q6_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    file = open_gguf(path)
    for tensor in GGUFReader(path).tensors:
        theirs = dequantize(tensor.data, tensor.tensor_type)
        assert np.array_equal(file.read(tensor.name), theirs, equal_nan=True)
    assert file.tensors["Q6_K"].shape == (2, 256)


def place_of(whole: bytes, name: str) -> int:
    """Where what follows a name in the file begins."""
    return whole.index(struct.pack("<Q", len(name)) + name.encode()) + 8 + len(name)


def test_counts_beyond_the_file_are_refused_without_being_believed(whole: bytes, tmp_path: Path) -> None:
    tokens, tensor = place_of(whole, "tokenizer.ggml.tokens"), place_of(whole, "blk.0.attn_q.weight")
    types = place_of(whole, "tokenizer.ggml.token_type")
    places = {
        "tensors": 8, "values": 16, "the first name": 24, "texts": tokens + 8, "the first text": tokens + 16,
        "numbers": types + 8, "the inner size": tensor + 4, "the outer size": tensor + 12,
        "offset": tensor + 24,
    }  # fmt: skip
    for name, place in places.items():
        for count in (2**63, 2**60, 2**40, 2**32, 2**20):
            data = bytearray(whole)
            data[place : place + 8] = struct.pack("<Q", count)
            (tmp_path / "m.gguf").write_bytes(data)
            tracemalloc.start()
            with pytest.raises(FormatError):
                read_gguf(tmp_path / "m.gguf")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 4_000_000, name


def test_tensors_that_share_their_bytes_are_refused(whole: bytes, tmp_path: Path) -> None:
    data = bytearray(whole)
    for name in open_names(whole, tmp_path):
        place = place_of(whole, name)
        dimensions = struct.unpack_from("<I", data, place)[0]
        data[place + 8 + 8 * dimensions : place + 16 + 8 * dimensions] = bytes(8)  # offset 0
    (tmp_path / "m.gguf").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(FormatError, match="over one another"):
        read_gguf(tmp_path / "m.gguf")


def open_names(whole: bytes, folder: Path) -> list[str]:
    (folder / "names.gguf").write_bytes(whole)
    return list(open_gguf(folder / "names.gguf").tensors)


def test_a_file_cut_anywhere_is_refused(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    for size in [*range(0, 200, 3), *range(200, len(whole), 997)]:
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            read_gguf(path)
        assert is_gguf(path) == (size >= 4)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_hostile_file_is_refused_or_read_and_nothing_else(
    data: st.DataObject, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "m.gguf"
    changed = bytearray(whole)
    head = whole.index(b"blk.1.ffn_down") + 100
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, head))
        junk = data.draw(
            st.binary(min_size=1, max_size=12)
            | st.integers(0, 2**32 - 1).map(lambda number: struct.pack("<I", number))
            | st.integers(0, 20).map(lambda number: struct.pack("<Q", number))
        )
        if data.draw(st.booleans()):
            changed[place : place + len(junk)] = junk
        else:
            changed[place:place] = junk
    path.write_bytes(changed)
    try:
        read_gguf(path)
    except FormatError as error:
        assert "\n" not in str(error)
