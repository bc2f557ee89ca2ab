"""The rates over a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.training.plan import TeacherPlan, TrainPlan
from lilliput.training.schedule import progress_of, rate_factor_at, teaching_at


@given(
    progress=st.floats(0, 1),
    warmup=st.floats(0, 1),
    schedule=st.sampled_from(["cosine", "linear", "constant", "wsd"]),
    cooldown=st.floats(0, 1),
    final=st.floats(0, 1),
)
def test_the_factor_stays_between_zero_and_one(
    progress: float, warmup: float, schedule: str, cooldown: float, final: float
) -> None:
    plan = TrainPlan(minutes=1, warmup=warmup, schedule=schedule, cooldown=cooldown, final_share=final)
    factor = rate_factor_at(plan, progress)
    assert 0 <= factor <= 1 + 1e-12
    if progress < 1:
        assert factor > 0 or progress > 0.999


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_it_rises_to_one_and_falls_to_its_final_share(schedule: str) -> None:
    plan = TrainPlan(minutes=1, warmup=0.1, schedule=schedule, final_share=0.25)
    factors = [rate_factor_at(plan, step / 100) for step in range(101)]
    assert factors[10] == max(factors) == 1.0
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] == pytest.approx(0.25)
    assert factors[55] == pytest.approx(0.625)


def test_wsd_stays_at_its_peak_and_falls_in_a_straight_line_at_the_end() -> None:
    plan = TrainPlan(minutes=1, warmup=0.1, schedule="wsd", cooldown=0.4, final_share=0.2)
    factors = [rate_factor_at(plan, step / 100) for step in range(101)]
    assert factors[5] == pytest.approx(0.5)
    assert set(factors[10:61]) == {1.0}
    assert [factors[70], factors[80], factors[100]] == pytest.approx([0.8, 0.6, 0.2])


def test_a_cooldown_longer_than_what_follows_the_warmup_begins_behind_it() -> None:
    plan = TrainPlan(minutes=1, warmup=0.5, schedule="wsd", cooldown=1.0)
    assert rate_factor_at(plan, 0.5) == 1.0
    assert rate_factor_at(plan, 0.75) == pytest.approx(0.5)


def test_progress_is_by_the_budget_that_ends_first() -> None:
    both = TrainPlan(minutes=1, tokens=1000)
    assert progress_of(both, 500, 15) == 0.5
    assert progress_of(both, 500, 45) == 0.75
    assert progress_of(both, 5000, 0) == 1
    assert progress_of(TrainPlan(tokens=1000), 100, 1e9) == 0.1
    assert progress_of(TrainPlan(minutes=1), 10**9, 6) == pytest.approx(0.1)


def test_a_teacher_speaks_until_its_time_is_over_and_only_where_there_is_one() -> None:
    plan = TeacherPlan(ngrams=3, weight=0.7, until=0.1)
    assert [teaching_at(plan, progress) for progress in (0.0, 0.05, 0.1, 0.9)] == [0.7, 0.7, 0.0, 0.0]
    assert teaching_at(TeacherPlan(), 0.0) == 0
    assert teaching_at(TeacherPlan(folder="x"), 1 - 1e-9) == 0.5
