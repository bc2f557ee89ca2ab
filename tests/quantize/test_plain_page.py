"""The reference against the page written out in plain integers: logit for logit, token for token."""

import numpy as np
import pytest

from lilliput.quantize.draw import make_int_sampler, plan_draws
from lilliput.quantize.fixed import make_exp2_table
from lilliput.quantize.reference import IntCache, Reference

FORMATS = [
    (),
    ("weights=int4", "embed=int8", "blocks=all"),
    ("weights=ternary", "blocks=static", "scales=shift", "key_bits=5", "value_bits=4"),
    ("activation_bits=12", "query_bits=11", "chance_bits=7", "residual_bits=12"),
]


@pytest.mark.parametrize("settings", FORMATS, ids=lambda settings: ",".join(settings) or "int8")
def test_the_reference_computes_what_the_page_says(config, make, stories_of, plain, settings):
    model = make(config, *settings).model
    page, ids = plain.Page(model), stories_of(config, 1, seed=8)[0][:9]
    wanted = [page.step(int(token)) for token in ids]
    assert Reference(model).read(ids, IntCache(model)).tolist() == wanted
    assert any(wanted[-1])


@pytest.mark.parametrize("temperature", [0, 0.001, 0.4, 1.0, 3.0, 1e6])
@pytest.mark.parametrize(
    "cuts", [(0, 1.0, 0.0), (7, 1.0, 0.0), (0, 0.8, 0.0), (0, 1.0, 0.05), (9, 0.5, 0.01), (1, 1e-6, 1.0)]
)
def test_tokens_are_drawn_as_the_page_says_without_sorting(plain, temperature, cuts):
    draws, table = np.random.default_rng(3), make_exp2_table(14).tolist()
    plan = plan_draws(temperature, *cuts, 10)
    sample, random = make_int_sampler(plan, 2**40 + 5), plain.Xorshift(2**40 + 5)
    for number in range(12):
        logits = np.rint(draws.normal(0, 2000, 40)).astype(np.int64)
        if number % 3 == 0:  # many equals, so that the order among them decides
            logits = logits // 1500 * 3
        assert sample(logits) == plain.draw(logits.tolist(), plan, table, random)
