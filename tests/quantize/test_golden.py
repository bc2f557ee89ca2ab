"""A model whose every number follows from a seed: fingerprint and logits stay within version 1."""

import numpy as np

from lilliput.models.config import Qwen3Config
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.fixed import XorShift32, make_exp2_table, make_reciprocal_table, make_rsqrt_table
from lilliput.quantize.intmodel import IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.intmodel_file import fingerprint
from lilliput.quantize.reference import IntCache, Reference

CONFIG = Qwen3Config(
    vocab_size=11, d_model=6, n_layers=2, d_ff=10, context=12, n_heads=2, n_kv_heads=1, d_head=4, tied=True
)

FINGERPRINT = "224580e07e03b4f3"
FIRST = [-230, -3687, 132, -2881, 97, 1820, 368, -527, -1129, 395, 1871]
LAST = [911, 861, 447, -1725, 712, -2921, 2535, 3023, -754, 222, 498]


def fixed_model() -> IntModel:
    random = XorShift32(2024)

    def draws(low: int, high: int, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.array([low + random.draw_below(high - low + 1) for _ in range(count)]).reshape(shape)

    def matrix(rows: int, columns: int, shift: int, made: int, output: int = 32767) -> IntMatrix:
        values = draws(-127, 127, rows, columns).astype(np.int8)
        shifts = draws(shift, shift + 2, rows).astype(np.uint8)
        return IntMatrix(
            "int8", values, draws(2**14, 2**15 - 1, rows).astype(np.int16), shifts, 127, made, output
        )

    def norm(*shape: int, shift: int, output: int) -> IntNorm:
        return IntNorm(draws(-9000, 9000, *shape).astype(np.int16), shift, 77, 12, output)

    def layer() -> IntLayer:
        return IntLayer(
            norm1=norm(6, shift=20, output=127),
            q=matrix(8, 6, 18, 127),
            k=matrix(4, 6, 18, 127),
            v=matrix(4, 6, 20, 127, 127),
            q_norm=norm(2, 4, shift=13, output=32767),
            k_norm=norm(1, 4, shift=15, output=32767),
            q_shift=1,
            q_limit=16383,
            k_shift=6,
            k_limit=127,
            k_offset=draws(-3000, 3000, 1, 4).astype(np.int16),
            score_shift=10,
            o_shift=7,
            o=matrix(6, 8, 25, 32767),
            norm2=norm(6, shift=20, output=127),
            gate=matrix(10, 6, 20, 127, 255),
            up=matrix(10, 6, 18, 127),
            hidden_shift=12,
            down=matrix(6, 10, 25, 32767),
        )

    embed = matrix(11, 6, 17, 1)
    embed = IntMatrix("int8", embed.values, embed.multipliers, embed.shifts - 9, 1, 1, 32767)
    head = matrix(11, 6, 17, 127)
    angles = draws(-16384, 16384, 2, 12, 2).astype(np.int16)
    return IntModel(
        config=CONFIG,
        source={},
        embed=embed,
        layers=(layer(), layer()),
        norm=norm(6, shift=20, output=127),
        head=IntMatrix("int8", embed.values, head.multipliers, head.shifts, 127, 127, 32767),
        cosines=angles[0],
        sines=angles[1],
        exp2=make_exp2_table(13),
        rsqrt=make_rsqrt_table(),
        reciprocal=make_reciprocal_table(),
        activation=(np.maximum(np.arange(-255, 256), 0) * 100).astype(np.int16),
        chance_bits=13,
        logit_bits=9,
    )


def test_a_fixed_model_has_its_fingerprint_and_its_logits(plain):
    model = fixed_model()
    check_bounds(model)
    assert fingerprint(model) == FINGERPRINT
    ids = np.array([0, 7, 3, 3, 10, 1, 5])
    logits = Reference(model, checked=True).read(ids, IntCache(model))
    assert logits[0].tolist() == FIRST
    assert logits[-1].tolist() == LAST
    page = plain.Page(model)
    assert [page.step(int(token)) for token in ids] == logits.tolist()
