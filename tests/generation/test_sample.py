"""Drawing tokens: the cuts keep what they must, and the draws follow the chances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lilliput.errors import ConfigError, LilliputError
from lilliput.generation.sample import Sampling, kept_chances, log_chances, make_sampler, penalised

LOGITS = np.log(np.array([0.05, 0.4, 0.1, 0.3, 0.15], dtype=np.float32))
some_logits = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-50, 50, width=32))


def softmax(logits: np.ndarray) -> np.ndarray:
    chances = np.exp(logits.astype(np.float64) - logits.max())
    return chances / chances.sum()


@pytest.mark.parametrize(
    ("sampling", "ids"),
    [
        (Sampling(temperature=1), [1, 3, 4, 2, 0]),
        (Sampling(temperature=1, top_k=2), [1, 3]),
        (Sampling(temperature=1, top_p=0.4), [1]),
        (Sampling(temperature=1, top_p=0.69), [1, 3]),
        (Sampling(temperature=1, top_p=0.71), [1, 3, 4]),
        (Sampling(temperature=1, min_p=0.3), [1, 3, 4]),
        (Sampling(temperature=1, top_k=4, top_p=0.9, min_p=0.5), [1, 3]),
    ],
    ids=str,
)
def test_each_cut_keeps_the_tokens_that_it_says(sampling: Sampling, ids: list[int]) -> None:
    assert kept_chances(LOGITS, sampling)[0].tolist() == ids


@settings(deadline=None, max_examples=200)
@given(
    logits=some_logits,
    temperature=st.floats(0.01, 10),
    top_k=st.integers(0, 50),
    top_p=st.floats(0.001, 1),
    min_p=st.floats(0, 1),
)
def test_some_token_is_always_left_and_chances_sum_to_one(
    logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    ids, chances = kept_chances(logits, sampling)
    assert len(ids) >= 1
    assert logits[ids[0]] == logits.max()
    assert chances.sum() == pytest.approx(1)
    assert (np.diff(chances) <= 1e-12).all()


def test_draws_follow_the_chances() -> None:
    sample = make_sampler(Sampling(temperature=2.0), seed=3)
    counts = np.bincount([sample(LOGITS, []) for _ in range(20_000)], minlength=5)
    np.testing.assert_allclose(counts / 20_000, softmax(LOGITS / 2), atol=0.015)


def test_temperature_zero_takes_the_likeliest() -> None:
    assert make_sampler(Sampling(temperature=0), seed=1)(LOGITS, []) == 1


def test_a_seed_repeats_its_draws_and_another_does_not() -> None:
    def draws(seed: int) -> list[int]:
        sample = make_sampler(Sampling(temperature=1), seed)
        return [sample(LOGITS, []) for _ in range(50)]

    assert draws(5) == draws(5)
    assert draws(5) != draws(6)


def test_the_least_temperature_takes_the_likeliest_and_does_not_overflow() -> None:
    sample = make_sampler(Sampling(temperature=5e-324), seed=1)
    assert {sample(LOGITS, []) for _ in range(20)} == {1}


@settings(deadline=None, max_examples=50)
@given(
    logits=hnp.arrays(np.float32, 12, elements=st.floats(-50, 50, width=32)),
    read=st.lists(st.integers(0, 11), min_size=1, max_size=30),
    penalty=st.floats(1, 5),
)
def test_the_repetition_penalty_is_that_of_transformers(
    logits: np.ndarray, read: list[int], penalty: float
) -> None:
    import torch
    from transformers import RepetitionPenaltyLogitsProcessor

    theirs = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([read]), torch.tensor(logits)[None])
    np.testing.assert_allclose(penalised(logits, read, penalty), theirs[0].numpy(), rtol=1e-6)


def test_a_penalised_id_gives_way_in_greedy_choice_too() -> None:
    logits = np.array([2.0, 1.9, -1.0], dtype=np.float32)
    sample = make_sampler(Sampling(temperature=0, repetition_penalty=1.5), seed=0)
    assert [sample(logits, []), sample(logits, [0]), sample(logits, [0, 1, 0])] == [0, 1, 0]
    assert logits.tolist() == pytest.approx([2.0, 1.9, -1.0])  # what the engine gave is left as it was


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("temperature", [0, 1])
def test_logits_that_are_no_numbers_are_an_error(broken: float, temperature: float) -> None:
    logits = LOGITS.copy()
    logits[2] = broken
    with pytest.raises(LilliputError, match="NaN or infinity"):
        make_sampler(Sampling(temperature=temperature), seed=1)(logits, [])


def test_log_chances_are_those_of_the_model_itself() -> None:
    np.testing.assert_allclose(np.exp(log_chances(LOGITS)), softmax(LOGITS))
    assert log_chances(LOGITS * np.float32(1e30)).max() == 0


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -1}, {"top_p": 0}, {"min_p": 2}, {"top_k": -1}, {"repetition_penalty": 0.9}],
)
def test_a_setting_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Sampling.from_dict(wrong, "tell")
