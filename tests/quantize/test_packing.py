"""Which models may have weights joined two by two, and how rows' scales share 16 bits."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.quantize.packing import joinable, pack_scales


def test_a_model_of_bytes_is_joinable_and_one_of_fewer_bits_or_greater_inputs_is_not(integers):
    config = integers.SHAPES[0]
    assert joinable(integers.quantized(config).model)
    assert not joinable(integers.quantized(config, "embed=int4").model)
    assert not joinable(integers.quantized(config, "down=ternary").model)
    assert not joinable(integers.quantized(config, "activation_bits=9").model)


@pytest.mark.parametrize(
    ("changed", "as_before"),
    [
        ({"multipliers": 4096}, {"multipliers": 4095}),
        ({"shifts": 33}, {"shifts": 32}),
        ({"shifts": 4}, {"shifts": 5}),
    ],
)
def test_scales_that_do_not_fit_a_product_of_32_bits_are_not_joinable(integers, changed, as_before):
    model = integers.draw_model(0)

    def with_head(parts):
        head = {name: np.full_like(getattr(model.head, name), value) for name, value in parts.items()}
        return replace(model, head=replace(model.head, **head))

    assert joinable(with_head(as_before))
    assert not joinable(with_head(changed))


def test_sums_beyond_24_bits_are_not_joinable(integers):
    model = integers.draw_model(0)
    # 520 columns of 127 times inputs of 127 are below 2^23, and 521 are not
    heads = [replace(model.head, values=np.full((61, n), 127, np.int8)) for n in (520, 521)]
    assert [joinable(replace(model, head=head)) for head in heads] == [True, False]


def test_a_rows_scale_tells_how_far_its_shift_is_below_the_greatest(integers):
    matrix = integers.draw_model(0).layers[0].q
    packed = pack_scales(matrix)
    np.testing.assert_array_equal(packed >> 4, matrix.multipliers)
    np.testing.assert_array_equal(matrix.shifts.max() - (packed & 15), matrix.shifts)
