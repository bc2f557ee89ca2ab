"""The learning rate over a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.training.plan import TrainPlan
from lilliput.training.schedule import learning_rate_at, progress_of


@given(
    progress=st.floats(0, 1),
    warmup=st.floats(0, 1),
    schedule=st.sampled_from(["cosine", "linear", "constant"]),
    final=st.floats(0, 1),
)
def test_the_rate_stays_between_zero_and_its_peak(
    progress: float, warmup: float, schedule: str, final: float
) -> None:
    plan = TrainPlan(minutes=1, warmup=warmup, schedule=schedule, final_share=final)
    rate = learning_rate_at(plan, progress)
    assert 0 <= rate <= plan.learning_rate * (1 + 1e-12)
    if progress < 1:
        assert rate > 0 or progress > 0.999


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_it_rises_to_the_peak_and_falls_to_its_final_share(schedule: str) -> None:
    plan = TrainPlan(minutes=1, warmup=0.1, schedule=schedule, final_share=0.25, learning_rate=1.0)
    rates = [learning_rate_at(plan, step / 100) for step in range(101)]
    assert rates[10] == max(rates) == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.25)
    assert rates[55] == pytest.approx(0.625)


def test_progress_is_by_the_budget_that_ends_first() -> None:
    both = TrainPlan(minutes=1, tokens=1000)
    assert progress_of(both, 500, 15) == 0.5
    assert progress_of(both, 500, 45) == 0.75
    assert progress_of(both, 5000, 0) == 1
    assert progress_of(TrainPlan(tokens=1000), 100, 1e9) == 0.1
    assert progress_of(TrainPlan(minutes=1), 10**9, 6) == pytest.approx(0.1)
