"""The picture of a run is drawn from its rows, however few there are."""

import math

import pytest

from lilliput.evaluation.run_picture import draw_run, held_back_losses, smooth

pytest.importorskip("matplotlib", reason="needs the extra `picture`")

STEPS = [
    {"tokens": 100 * n, "nats_per_token": 6 / n, "gradient_norm": 1.0, "learning_rate": 1e-3}
    for n in range(1, 400)
]
LOOKS = [
    {"tokens": 0, "story": "", "nats_per_token": 6.0},
    {"tokens": 25_000, "story": "", "nats_per_token": 3.0},
    {"tokens": 30_000, "held_back_nats_per_token": 2.5},
    {"tokens": 30_000, "story": "", "nats_per_token": 2.5},
]


@pytest.mark.parametrize("rows", [[], STEPS[:1], STEPS, LOOKS, [*STEPS, *LOOKS]])
def test_a_picture_is_a_png(rows: list[dict]) -> None:
    assert draw_run(rows, "a $run$").startswith(b"\x89PNG")


def test_held_back_losses_are_in_order_and_once_each() -> None:
    assert held_back_losses([*LOOKS[::-1], *STEPS]) == [(25_000, 3.0), (30_000, 2.5)]


def test_the_curve_is_made_of_means() -> None:
    tokens, losses = smooth([row["tokens"] for row in STEPS], [row["nats_per_token"] for row in STEPS])
    assert 20 < len(tokens) <= 61
    assert losses == sorted(losses, reverse=True)
    assert smooth([5, 5], [1.0, 3.0]) == (pytest.approx([5.0]), [2.0])
    assert smooth([], []) == ([], [])
    assert math.isclose(tokens[0], 100)
