"""The speed test measures what it says it measures; how quick that is no test can know."""

from collections.abc import Callable

import numpy as np
import pytest

from lilliput.errors import LilliputError
from lilliput.evaluation import speed
from lilliput.evaluation.limits import find_limit
from lilliput.evaluation.speed import ROUNDS, SpeedTest
from lilliput.evaluation.speed_picture import draw_speeds
from lilliput.generation.batch import Request
from lilliput.generation.sample import Sampling
from lilliput.models.config import LlamaConfig, ModelConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import library_path

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built (no compiler)")
TINY = LlamaConfig(vocab_size=40, d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=20, context=9)
SECONDS = 0.05


def make_weights(config: ModelConfig) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = weight_shapes(config).items()
    return {name: random.standard_normal(shape, np.float32) * np.float32(0.1) for name, shape in shapes}


def open_test(config: ModelConfig, *precisions: str, threads: int = 1) -> SpeedTest:
    return SpeedTest(config, make_weights(config), 1, precisions, threads, SECONDS)


@pytest.fixture(scope="module")
def measured() -> SpeedTest:
    found = open_test(TINY, "f32", "int4", threads=2)
    for _ in range(ROUNDS):
        found.measure_round()
    return found


def test_every_precision_is_measured_alone_together_and_side_by_side(measured: SpeedTest) -> None:
    ways = [(s.precision, s.stories, s.threads, s.stories_together) for s in measured.speeds()]
    assert ways == [
        (precision, stories, threads, together)
        for precision in ("f32", "int4")
        for stories, threads, together in ((1, 1, 1), (1, 2, 1), (16, 2, 8))
    ]


def test_ceilings_are_measured_for_what_the_precisions_use_and_for_each_number_of_threads(
    measured: SpeedTest,
) -> None:
    found = {(c.what, c.kind, c.threads) for c in measured.ceilings()}
    kinds = [("arithmetic", "f32"), ("arithmetic", "int8"), ("reading", "f32"), ("reading", "int4")]
    assert found == {(*kind, threads) for kind in kinds for threads in (1, 2)}
    of_int8 = open_test(TINY, "int8")
    of_int8.measure_round()
    assert [(c.what, c.kind) for c in of_int8.ceilings()] == [("arithmetic", "int8"), ("reading", "int8")]


def test_a_limit_is_that_of_the_measured_ceilings_and_a_share_is_not_clipped(measured: SpeedTest) -> None:
    ceilings = {(c.what, c.kind, c.threads): c.per_second.max for c in measured.ceilings()}
    for found in measured.speeds():
        arithmetic = "f32" if found.precision == "f32" else "int8"
        assert found.ceilings.bytes_per_second == ceilings["reading", found.precision, found.threads]
        per_second = (
            found.ceilings.float_operations_per_second
            if found.precision == "f32"
            else found.ceilings.integer_operations_per_second
        )
        assert per_second == ceilings["arithmetic", arithmetic, found.threads]
        assert found.limit == find_limit(found.work, found.ceilings, found.stories_together)
        share = found.tokens_per_second.median / found.limit.tokens_per_second
        assert found.share_of_limit == pytest.approx(share)


def test_medians_lie_between_the_slowest_round_and_the_quickest(measured: SpeedTest) -> None:
    spreads = [found.tokens_per_second for found in measured.speeds()]
    for spread in [*spreads, *(ceiling.per_second for ceiling in measured.ceilings())]:
        assert 0 < spread.min <= spread.median <= spread.max


@pytest.mark.parametrize(("slots", "engines"), [(1, 1), (3, 1), (3, 2)])
def test_a_writer_writes_as_many_tokens_as_asked_over_the_end_of_stories(slots: int, engines: int) -> None:
    image = speed.engine_image(TINY, make_weights(TINY), "f32")
    writer = speed._Writer([speed.CBatch(image, slots) for _ in range(engines)], 1)
    for steps in (1, 5, 9, 10, 31):  # a story has 9 tokens: the context's, behind BOS
        assert writer.write(steps) == steps * slots * engines
    assert (writer.stories, writer.stories_together) == (slots * engines, slots)


def test_stories_are_at_places_spread_over_the_context() -> None:
    image = speed.engine_image(TINY, make_weights(TINY), "f32")
    for slots, left in ((1, [5]), (3, [1, 6, 8])):  # slot 0 wrote a token, so that the others can copy
        assert speed._Stories(speed.CBatch(image, slots).native, 1)._left == left


def test_stories_are_those_that_the_engine_tells_otherwise() -> None:
    image = speed.engine_image(TINY, make_weights(TINY), "f32")
    stories = speed._Stories(speed.CBatch(image, 3).native, 1)
    alone = speed.CBatch(image, 1)
    alone.begin(0, Request((1,), Sampling(temperature=0.0), 0, TINY.context, frozenset()))
    (event,) = alone.run(TINY.context)
    stories.write(17)  # every slot is in its second or third story
    told = [stories._native.take(slot)[0] for slot in range(3)]
    for ids, left in zip(told, stories._left, strict=True):
        assert tuple(ids) == event.ids[: TINY.context - left]


def test_a_model_that_computes_no_numbers_is_refused() -> None:
    weights = make_weights(TINY)
    weights["norm.weight"][:] = 3e38
    with pytest.raises(LilliputError, match="NaN or infinity"):
        SpeedTest(TINY, weights, 1, ["f32"], 1, SECONDS)


def test_every_family_is_measured(any_config: ModelConfig) -> None:
    found = open_test(any_config, "int8")
    found.measure_round()
    assert all(row.tokens_per_second.median > 0 and row.share_of_limit > 0 for row in found.speeds())


def make_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that stands still until it is told to go on."""
    time = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: time[0])

    def go_on(seconds: float) -> None:
        time[0] += seconds

    return go_on


def test_a_gauge_finds_an_amount_that_takes_its_time_and_keeps_the_best_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, amounts, per_item = make_clock(monkeypatch), list[int](), [0.001]

    def work(amount: int) -> float:
        amounts.append(amount)
        go_on(amount * (per_item[0] if len(amounts) % 3 else 3 * per_item[0]))
        return 2.0 * amount

    gauge = speed._Gauge(work, 4.25, looks=4)
    amounts.clear()
    per_item[0] = 0.002
    gauge.measure()
    assert amounts == [250, 1000, 1000, 1000, 1000]
    assert gauge.spread().median == pytest.approx(2.0 / 0.002)


def test_a_picture_is_a_png(measured: SpeedTest) -> None:
    assert draw_speeds(measured.speeds(), "a title").startswith(b"\x89PNG\r\n\x1a\n")
