"""The writer in a world of its own: an endpoint that is a function, a clock that sleeping moves on."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lilliput.errors import ConfigError, LilliputError
from lilliput.stories.writing.answers import Outcome, Reply
from lilliput.stories.writing.config import WriteConfig
from lilliput.stories.writing.protocol import Ask, load_asker
from lilliput.stories.writing.write import write
from lilliput.stories.writing.writer import Surroundings

Answer = Callable[[int, int], Reply]  # of a story's number and which attempt it is
STORY = Reply(None, '{"story": "A fox saw a box."}', "stop", (100, 50))


@dataclass
class World:
    """Time, and who was asked when."""

    answer: Answer
    now_s: float = 1000.0
    asked: list[tuple[float, str, int]] = field(default_factory=list)
    closed: int = 0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now_s += seconds

    async def ask(self, ask: Ask, name: str, seed: int) -> Reply:
        self.asked.append((self.now_s, name, seed))
        await asyncio.sleep(0)
        number, attempt = map(int, name.split("-"))
        assert ask.number == number
        return self.answer(number, attempt)

    async def close(self) -> None:
        self.closed += 1


def go(world: World, path: Path, count: int = 10, **settings: Any) -> dict[str, Any]:
    config = WriteConfig(**{"model": "m", "concurrency": 1, **settings})
    asker, api = load_asker("tinystories", "en", None, None)
    around = Surroundings(lambda: world.now_s, world.sleep)
    return write(path, count, config, asker, api, lambda: world, around=around)


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["number"] for line in path.read_text().splitlines()]


def test_the_same_prompts_and_seeds_in_any_order(tmp_path: Path) -> None:
    worlds = [World(lambda *_: STORY) for _ in range(2)]
    for concurrency, world in zip((1, 5), worlds, strict=True):
        go(world, tmp_path / f"{concurrency}.jsonl", 30, concurrency=concurrency)
        assert world.closed == 1
    first, second = ({(name, seed) for _, name, seed in world.asked} for world in worlds)
    assert first == second
    assert len({seed for _, seed in first}) == 30
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "5.jsonl").read_bytes()


def test_a_larger_count_goes_on_and_a_smaller_one_is_refused(tmp_path: Path) -> None:
    world, path = World(lambda *_: STORY), tmp_path / "told.jsonl"
    go(world, path, 4)
    assert go(world, path, 9)["requests"] == 9
    assert numbers(path) == list(range(9))
    with pytest.raises(LilliputError, match="has 9 stories already"):
        go(world, path, 5)


def test_what_is_done_is_left_as_it_is_and_written_again_where_it_is_lost(tmp_path: Path) -> None:
    world, path = World(lambda *_: STORY), tmp_path / "told.jsonl"
    go(world, path, 4)
    whole = path.read_text()
    path.write_text("edited")
    go(world, path, 4)
    assert path.read_text() == "edited"
    path.unlink()
    go(world, path, 4)
    assert path.read_text() == whole
    (tmp_path / "told.jsonl.report").unlink()  # written last: a writer was killed before it was done
    path.write_text("half")
    go(world, path, 4)
    assert path.read_text() == whole
    assert len(world.asked) == 4


def test_a_file_of_somebody_elses_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    path.write_text("mine")
    with pytest.raises(LilliputError, match="exists already"):
        go(World(lambda *_: STORY), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["told.jsonl"]


def test_all_wait_as_long_as_the_endpoint_asks(tmp_path: Path) -> None:
    slow = Reply(Outcome.rate_limited, free=True, retry_after_s=40.0)
    world = World(lambda number, attempt: slow if (number, attempt) == (3, 0) else STORY)
    report = go(world, tmp_path / "told.jsonl", 12, concurrency=3)
    refused_s = next(at_s for at_s, name, _ in world.asked if name == "3-0")
    later = [at_s for at_s, name, _ in world.asked if int(name.split("-")[0]) > 5 or name == "3-1"]
    assert len(later) == 7
    assert min(later) >= refused_s + 40
    assert (report["stories"], report["outcomes"]["rate_limited"]) == (12, 1)


def test_no_minute_holds_more_requests_than_allowed_even_after_a_restart(tmp_path: Path) -> None:
    world = World(lambda *_: STORY)
    go(world, tmp_path / "told.jsonl", 7, requests_per_minute=5)
    go(world, tmp_path / "told.jsonl", 13, requests_per_minute=5)
    times = [at_s for at_s, _, _ in world.asked]
    assert len(times) == 13
    assert all(later - earlier > 60 - 1e-6 for earlier, later in zip(times, times[5:], strict=False))


def test_tokens_of_a_minute_must_allow_one_request(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1,500 tokens a minute do not allow one request"):
        go(World(lambda *_: STORY), tmp_path / "told.jsonl", tokens_per_minute=1500)


def test_the_cap_is_never_passed_and_nearly_reached(tmp_path: Path) -> None:
    world, path = World(lambda *_: STORY), tmp_path / "told.jsonl"
    money = {"price_in": 10.0, "price_out": 30.0}  # a story is 0.0025 dollars, a reservation under 0.012
    report = go(world, path, 100, max_cost=0.1, max_tokens=100, **money)
    assert report["ended"] == "cap"
    assert report["cost_usd"] == pytest.approx(0.0025 * report["stories"])
    assert 0.1 - 0.014 < report["cost_usd"] <= 0.1
    assert numbers(path) == list(range(report["stories"]))
    report = go(world, path, 100, max_cost=0.3, max_tokens=100, **money)
    assert (report["ended"], report["stories"]) == ("done", 100)


def test_lost_answers_count_towards_the_cap(tmp_path: Path) -> None:
    world = World(lambda *_: Reply(Outcome.timeout))
    report = go(
        world, tmp_path / "told.jsonl", 9, max_cost=0.1, price_in=0.0, price_out=100.0, max_tokens=100,
        concurrency=4, retries=100,
    )  # fmt: skip
    assert (report["ended"], report["outcomes"]["timeout"]) == ("cap", 10)
    assert report["perhaps_cost_usd"] == pytest.approx(0.1)


def test_a_story_that_cannot_be_had_is_given_up_and_another_takes_its_place(tmp_path: Path) -> None:
    refusal = Reply(None, "I'm sorry, but I can't.", "stop", (100, 9))
    world, path = World(lambda number, _: refusal if number in (2, 5) else STORY), tmp_path / "told.jsonl"
    report = go(world, path, 6, tries=3, concurrency=2)
    assert numbers(path) == [0, 1, 3, 4, 6, 7]
    assert (report["given_up"], report["outcomes"]["refusal"], report["requests"]) == (2, 6, 12)
    assert len({seed for _, name, seed in world.asked if name.startswith("2-")}) == 3


def test_a_model_that_never_serves_ends_the_run(tmp_path: Path) -> None:
    world = World(lambda *_: Reply(None, "Once upon a time.", "stop", (100, 9)))
    report = go(world, tmp_path / "told.jsonl", 1000, stop_after=20)
    assert "the last 20 answers could not serve, the last one by broken_json" in report["ended"]
    assert not (tmp_path / "told.jsonl").exists()


def test_an_endpoint_that_is_down_ends_the_run_after_doubling_waits(tmp_path: Path) -> None:
    world = World(lambda *_: Reply(Outcome.connection, why="nobody there"))
    report = go(world, tmp_path / "told.jsonl", retries=5)
    assert "failed 6 times in a row (connection: nobody there)" in report["ended"]
    times = [at_s for at_s, _, _ in world.asked]
    waits = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert all(whole / 2 <= wait <= whole for wait, whole in zip(waits, (1, 2, 4, 8, 16), strict=True))


def test_a_request_that_would_fail_again_is_not_repeated(tmp_path: Path) -> None:
    world = World(lambda *_: Reply(Outcome.refused_request, free=True, why="no such model"))
    report = go(world, tmp_path / "told.jsonl")
    assert (report["ended"], len(world.asked)) == ("the endpoint refuses the request: no such model", 1)
    healthy = World(lambda *_: STORY)
    assert go(healthy, tmp_path / "told.jsonl", model="another")["stories"] == 10


def test_too_long_a_wait_ends_the_run(tmp_path: Path) -> None:
    world = World(lambda *_: Reply(Outcome.rate_limited, free=True, retry_after_s=5000.0, why="tomorrow"))
    assert "left alone for 5,000 s" in go(world, tmp_path / "told.jsonl")["ended"]
    assert world.now_s == 1000.0


def test_what_goes_wrong_in_the_endpoint_itself_is_raised_and_nothing_is_lost(tmp_path: Path) -> None:
    def answer(number: int, _: int) -> Reply:
        if number == 3:
            raise ZeroDivisionError("a fault")
        return STORY

    with pytest.raises(ZeroDivisionError):
        go(World(answer), tmp_path / "told.jsonl")
    assert numbers(tmp_path / "told.jsonl") == [0, 1, 2]
    report = go(World(lambda *_: STORY), tmp_path / "told.jsonl")
    assert (report["stories"], report["outcomes"]["interrupted"]) == (10, 1)


def test_ctrl_c_lets_the_answers_under_way_come_in(tmp_path: Path) -> None:
    def answer(number: int, _: int) -> Reply:
        if number == 4:
            signal.raise_signal(signal.SIGINT)
        return STORY

    world, path = World(answer), tmp_path / "told.jsonl"
    report = go(world, path, 40, concurrency=3)
    assert report["ended"] == "interrupted"
    assert report["outcomes"]["interrupted"] == 0
    assert len(numbers(path)) == len(world.asked) < 12
    assert go(world, path, 40)["stories"] == 40
    assert max(Counter(name for _, name, _ in world.asked).values()) == 1
