"""Integer models in C beside their definition."""

import numpy as np
import pytest

from lilliput.generation.int_native import NativeReader, open_reader
from lilliput.quantize.reference import Reference
from lilliput.runtime.native import library_path

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built")


@pytest.mark.parametrize("number", range(10))
def test_every_logit_is_the_references(integers, number):
    model = integers.draw_model(number)
    ids = np.random.default_rng(number).integers(0, model.config.vocab_size, model.config.context)
    reader, reference = open_reader(model), Reference(model, checked=True)
    assert isinstance(reader, NativeReader)
    expected = reference.read(ids, reference.start())
    assert np.array_equal(reader.read(ids, reader.start()), expected)
    cache = reader.start()
    parts = [reader.read(part, cache, last_only=True)[0] for part in np.split(ids, [1, 5, len(ids) - 3])]
    assert np.array_equal(parts, expected[[0, 4, len(ids) - 4, len(ids) - 1]])


def test_what_does_not_fit_is_refused_and_nothing_read(integers):
    model = integers.draw_model(0)
    reader = open_reader(model)
    cache = reader.start()
    first = reader.read(np.array([3]), cache)
    for ids in ([-1], [model.config.vocab_size], [1] * model.config.context):
        with pytest.raises(ValueError, match="ids"):
            reader.read(np.array(ids), cache)
    assert np.array_equal(reader.read(np.array([3]), reader.start()), first)
    assert cache.story.length == 1
