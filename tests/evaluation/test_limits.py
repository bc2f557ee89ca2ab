"""Limits: what a token must read and compute, and how quick that can be."""

from math import inf

import numpy as np
import pytest

from lilliput.evaluation.limits import (
    Ceilings,
    TokenWork,
    count_token_work,
    find_limit,
    first_byte_read,
)
from lilliput.formats.image import write_image
from lilliput.formats.image_table import read_image_table
from lilliput.models.config import ModelConfig, MoEConfig
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.rows import to_int4, to_int8

ROUNDINGS = {"f32": lambda _, m: m, "int8": lambda _, m: to_int8(m), "int4": lambda _, m: to_int4(m)}


def up(number: int, to: int) -> int:
    return -(-number // to) * to


def matrix_bytes(rows: int, cols: int, precision: str) -> int:
    """Of a matrix in an image, counted from docs/formats.md: rows by 16, int8 by 4 inputs, int4 by 32."""
    rows = up(rows, 16)
    if precision == "f32":
        return rows * cols * 4
    if precision == "int8":
        return rows * up(cols, 4) + rows * 2
    return rows * up(cols, 32) // 2 + rows * up(cols, 32) // 32 * 2


def expected_work(config: ModelConfig, precision: str) -> TokenWork:
    """The same counted from the config, and from no image."""
    shapes, width = weight_shapes(config), config.d_model
    gated, mixture = "blocks.0.mlp.gate.weight" in shapes, isinstance(config, MoEConfig)
    biased = "norm.bias" in shapes
    chosen = config.experts_per_token if mixture else 1
    qkv = (config.n_heads + 2 * config.n_kv_heads) * config.d_head
    hidden = 2 * up(config.d_ff, 16) if gated else config.d_ff
    matrices = [(config.vocab_size, width)]
    for _ in range(config.n_layers):
        matrices += [(qkv, width), (width, config.n_heads * config.d_head)]
        matrices += [(hidden, width), (width, config.d_ff)] * chosen
    size = sum(matrix_bytes(*shape, precision) for shape in matrices)
    operations = 2 * sum(rows * cols for rows, cols in matrices)
    routers = 2 * config.n_layers * config.n_experts * width if mixture else 0
    if mixture:
        size += config.n_layers * matrix_bytes(config.n_experts, width, "f32")
    if not config.tied:
        size += matrix_bytes(16, width, precision) // 16
    norms = 2 * config.n_layers + 1
    vectors = norms * up(width, 16) * (2 if biased else 1)
    if biased:
        vectors += config.n_layers * (2 * up(width, 16) + up(config.d_ff, 16))
    if "blocks.0.attn.q.bias" in shapes:
        vectors += config.n_layers * up(qkv, 16)
    if "blocks.0.attn.q_norm.weight" in shapes:
        vectors += config.n_layers * 2 * config.d_head
    vectors += up(width, 16) if "positions.weight" in shapes else config.d_head
    size += 4 * vectors
    if precision == "f32":
        return TokenWork(size, operations + routers, 0)
    return TokenWork(size, routers, operations)


def table_of(config: ModelConfig, precision: str):
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape, np.float32) for name, shape in weight_shapes(config).items()
    }
    return read_image_table(write_image(config, weights, ROUNDINGS[precision]))


@pytest.mark.parametrize("precision", ROUNDINGS)
def test_the_bytes_and_operations_of_a_token_follow_from_the_config(
    any_config: ModelConfig, precision: str
) -> None:
    assert count_token_work(table_of(any_config, precision)) == expected_work(any_config, precision)


def test_what_is_read_begins_behind_an_embedding_that_is_only_looked_up(any_config: ModelConfig) -> None:
    table = table_of(any_config, "f32")
    offsets = {tensor.name: tensor.offset for tensor in table.tensors}
    assert first_byte_read(table) == (offsets["embed"] if any_config.tied else offsets["norm"])


WORK = TokenWork(bytes=1000, float_operations=400, integer_operations=1200)


@pytest.mark.parametrize(
    ("ceilings", "stories", "tokens_per_second", "bound_by"),
    [
        ((2000.0, inf, inf), 1, 2.0, "reading"),
        ((2000.0, inf, inf), 8, 16.0, "reading"),
        ((inf, 800.0, inf), 1, 2.0, "arithmetic"),
        ((inf, 800.0, 2400.0), 64, 1.0, "arithmetic"),
        ((2000.0, 800.0, 2400.0), 1, 1.0, "arithmetic"),
        ((500.0, 800.0, 2400.0), 1, 0.5, "reading"),
        ((500.0, 800.0, 2400.0), 2, 1.0, "reading"),
        ((500.0, 800.0, 2400.0), 4, 1.0, "arithmetic"),
    ],
)
def test_the_slower_of_reading_and_arithmetic_sets_the_limit(
    ceilings: tuple[float, float, float], stories: int, tokens_per_second: float, bound_by: str
) -> None:
    limit = find_limit(WORK, Ceilings(*ceilings), stories)
    assert limit.tokens_per_second == pytest.approx(tokens_per_second)
    assert limit.bound_by == bound_by
