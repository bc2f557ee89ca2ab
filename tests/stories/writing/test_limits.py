"""Limits a minute, back-off, and the ledger: never over, and not far under."""

import random

import pytest

from lilliput.stories.writing.endpoint import read_retry_after
from lilliput.stories.writing.ledger import Ledger, Prices, bound_prompt, guess_prompt
from lilliput.stories.writing.limits import Window, backoff_s


@pytest.mark.parametrize(("requests", "tokens"), [(7, None), (None, 900), (5, 700)])
def test_no_sixty_seconds_hold_more_than_the_limits(requests: int | None, tokens: int | None) -> None:
    window, dice, now_s = Window(requests, tokens), random.Random(0), 1000.0
    sent: list[tuple[float, int]] = []
    for number in range(200):
        wanted = dice.randint(1, 300)
        while (wait_s := window.wait_s(now_s, wanted)) > 0:
            now_s += wait_s
        window.send(f"{number}-0", now_s, wanted)
        used = dice.randint(1, wanted)
        window.settle(f"{number}-0", used)
        sent.append((now_s, used))
        now_s += dice.choice([0.0, 0.1, 3.0])
    for at_s, _ in sent:
        inside = [used for other_s, used in sent if at_s - 60 + 1e-6 < other_s <= at_s]
        assert requests is None or len(inside) <= requests
        assert tokens is None or sum(inside) <= tokens
    if requests == 7:
        assert sent[-1][0] - sent[0][0] < 60 * 200 / 7 + 60, "and the limit is used up"


def test_all_are_quiet_until_the_endpoint_may_be_asked_again() -> None:
    window = Window(None, None)
    assert window.wait_s(5.0, 10) == 0
    window.be_quiet(9.0)
    window.be_quiet(7.0)
    assert window.wait_s(5.0, 10) == 4.0
    assert window.wait_s(9.0, 10) == 0


def test_waits_double_with_jitter_up_to_the_longest() -> None:
    waits = [backoff_s(1, 2, failures, first_s=1.0, longest_s=20.0) for failures in range(1, 9)]
    for wait, whole in zip(waits, [1, 2, 4, 8, 16, 20, 20, 20], strict=True):
        assert whole / 2 <= wait <= whole
    assert len({wait / round(wait + 1) for wait in waits}) == len(waits)
    assert waits == [backoff_s(1, 2, failures, first_s=1.0, longest_s=20.0) for failures in range(1, 9)]
    assert backoff_s(1, 2, 10_000, first_s=1.0, longest_s=20.0) <= 20


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], wait_s: float | None) -> None:
    assert read_retry_after(headers, now_s=100.0) == wait_s


def test_the_cap_counts_what_is_under_way_and_what_may_have_been_charged() -> None:
    ledger = Ledger(Prices(1.0, 2.0), max_cost=0.001)  # 1,000 tokens of prompts, or 500 of answers
    assert ledger.reserve("0-0", (200, 200))
    assert not ledger.reserve("1-0", (201, 100))
    assert ledger.reserve("1-0", (200, 100))
    ledger.settle("0-0", (150, 20), free=False)
    assert ledger.known_cost == pytest.approx(0.00019)
    ledger.settle("1-0", None, free=False)
    assert ledger.perhaps == (200, 100)
    assert not ledger.reserve("2-0", (200, 106))
    assert ledger.reserve("2-0", (200, 105))
    ledger.settle("2-0", None, free=True)
    assert ledger.reserve("3-0", (200, 105))


def test_an_endpoint_that_takes_more_than_was_reserved_is_reckoned_with() -> None:
    ledger = Ledger(Prices(1.0, 1.0), max_cost=0.001)
    assert ledger.reserve("0-0", (10, 10))
    ledger.settle("0-0", (10, 500), free=False)
    assert not ledger.reserve("1-0", (10, 10))


@pytest.mark.parametrize(
    "text", ["A fox saw a box. " * 9, "एक लोमड़ी ने डिब्बा देखा। " * 9, "きつねがはこを見た。" * 9]
)
def test_a_prompt_has_no_more_tokens_than_its_bound(text: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    byte_level = tokenizers.ByteLevelBPETokenizer()
    byte_level.train_from_iterator([], vocab_size=256)
    assert len(byte_level.encode(text).ids) <= bound_prompt([text], 0)
    assert 0 < guess_prompt([text]) < bound_prompt([text], 0)
