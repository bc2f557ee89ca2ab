"""The table of an engine image says what lies where."""

import numpy as np
import pytest

from lilliput.errors import FormatError
from lilliput.formats.image import write_image
from lilliput.formats.image_table import read_image_table
from lilliput.models.config import ModelConfig
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.rows import to_int4, to_int8

ROUNDINGS = {"f32": lambda _, m: m, "int8": lambda _, m: to_int8(m), "int4": lambda _, m: to_int4(m)}


def image_of(config: ModelConfig, precision: str) -> bytes:
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape, np.float32) for name, shape in weight_shapes(config).items()
    }
    return write_image(config, weights, ROUNDINGS[precision])


@pytest.mark.parametrize("precision", ROUNDINGS)
def test_tensors_fill_the_image_from_the_table_to_its_end(any_config: ModelConfig, precision: str) -> None:
    image = image_of(any_config, precision)
    tensors = [t for t in read_image_table(image).tensors if t.kind != "absent"]
    ends = [*(tensor.offset for tensor in tensors[1:]), len(image)]
    for tensor, end in zip(tensors, ends, strict=True):
        unused = end - tensor.offset - tensor.size
        assert 0 <= unused < (128 if tensor.kind.startswith("int") else 64), tensor.name  # data, then scales


def test_names_are_those_of_the_weights(any_config: ModelConfig) -> None:
    table = read_image_table(image_of(any_config, "f32"))
    found = {tensor.name: tensor for tensor in table.tensors}
    shapes = weight_shapes(any_config)
    assert (found["head"].kind == "absent") == any_config.tied
    assert (found["embed"].rows, found["embed"].cols) == shapes["embed.weight"]
    assert (found["blocks.1.o"].rows, found["blocks.1.o"].cols) == shapes["blocks.1.attn.o.weight"]
    assert (found["blocks.1.norm2.bias"].kind == "vector") == ("blocks.1.norm2.bias" in shapes)
    assert (found["blocks.0.q_norm"].kind == "vector") == ("blocks.0.attn.q_norm.weight" in shapes)
    router = shapes.get("blocks.0.mlp.router.weight")
    assert table.n_experts == (router[0] if router else 0)
    assert max(tensor.expert for tensor in table.tensors) == max(0, table.n_experts - 1)
    assert (table.vocab_size, table.context) == (any_config.vocab_size, any_config.context)


@pytest.mark.parametrize("damage", [b"", b"LPIMEG01", b"x" * 500])
def test_what_is_no_image_is_refused(damage: bytes) -> None:
    with pytest.raises(FormatError, match="no engine image"):
        read_image_table(damage)


def test_an_image_that_is_cut_in_its_table_is_refused(any_config: ModelConfig) -> None:
    with pytest.raises(FormatError, match="contradicts itself"):
        read_image_table(image_of(any_config, "f32")[:400])
