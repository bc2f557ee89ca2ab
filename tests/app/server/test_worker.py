"""The thread before an engine: a bound, turns, slots that come back, and no job left without an answer."""

import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from lilliput.app.server.refusals import Refusal
from lilliput.app.server.text import Piece, StoryText
from lilliput.app.server.worker import Job, Worker
from lilliput.generation.batch import Request
from lilliput.generation.sample import Sampling


class Heard:
    """A job, and what was delivered to it."""

    def __init__(self, tokenizer, stories: int = 1, tokens: int = 5, seed: int = 0) -> None:
        wanted = [
            Request((1, 50), Sampling(), seed + place, tokens, frozenset({2})) for place in range(stories)
        ]
        texts = [StoryText(tokenizer, (1, 50), place) for place in range(stories)]
        self.texts = [""] * stories
        self.finished: list[int] = []
        self.refusal: Refusal | None = None
        self.done = threading.Event()
        self.order: list[str] | None = None
        self.job = Job(list(zip(wanted, texts, strict=True)), self._hear)

    def _hear(self, piece: Piece | Refusal) -> None:
        if isinstance(piece, Refusal):
            self.refusal = piece
            self.done.set()
            return
        self.texts[piece.index] += piece.text
        if piece.finish:
            self.finished.append(piece.index)
            if len(self.finished) == len(self.texts):
                self.done.set()

    def wait(self) -> "Heard":
        assert self.done.wait(30)
        return self


Start = Callable[..., Worker]


@pytest.fixture
def start(fake: ModuleType) -> Iterator[Start]:
    workers = []

    def start(queue: int = 64, **engine: object) -> Worker:
        workers.append(Worker(fake.FakeEngine(**engine), queue))
        return workers[-1]

    yield start
    for worker in workers:
        worker.engine.open.set()
        worker.close()


@pytest.fixture
def heard(fake: ModuleType) -> Callable[..., Heard]:
    tokenizer = fake.make_tokenizer()
    return lambda **options: Heard(tokenizer, **options)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come to this")


def test_every_story_of_every_job_is_told_and_is_what_it_is_alone(start: Start, heard) -> None:
    alone = [heard(seed=seed, stories=3, tokens=20) for seed in range(30)]
    for one in alone:
        lone = start(slots=1)
        lone.submit(one.job)
        one.wait()
    together = [heard(seed=seed, stories=3, tokens=20) for seed in range(30)]
    worker = start(slots=5)
    for one in together:
        worker.submit(one.job)
    assert [one.wait().texts for one in together] == [one.texts for one in alone]
    assert all(len(text) == 20 for one in together for text in one.texts)
    until(lambda: worker.load == (0, 0))


def test_more_than_the_queue_holds_is_refused_and_the_rest_is_served(start: Start, heard) -> None:
    worker = start(slots=2, queue=3)
    worker.engine.open.clear()
    jobs = [heard() for _ in range(5)]
    for one in jobs:
        worker.submit(one.job)
    with pytest.raises(Refusal) as refused:
        worker.submit(heard().job)
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"]
    worker.engine.open.set()
    for one in jobs:
        assert one.wait().finished == [0]


def test_a_request_for_many_stories_does_not_shut_out_one_that_comes_later(start: Start, heard) -> None:
    worker = start(slots=1)
    worker.engine.open.clear()
    many, one = heard(stories=20), heard()
    worker.submit(many.job)
    until(lambda: worker.load == (1, 1))
    worker.submit(one.job)
    worker.engine.open.set()
    one.wait()
    assert len(many.finished) < 20
    many.wait()


def test_a_cancelled_jobs_slots_and_place_are_free_again(start: Start, heard) -> None:
    worker = start(slots=2, queue=1)
    worker.engine.open.clear()
    running, waiting = heard(stories=2), heard()
    worker.submit(running.job)
    until(lambda: worker.load[0] == 2)
    worker.submit(waiting.job)
    worker.cancel(waiting.job)
    assert worker.load[1] == 0
    worker.cancel(running.job)
    until(lambda: worker.load == (0, 0) and not worker.engine.stories)
    worker.cancel(running.job)
    worker.engine.open.set()
    again = heard(stories=2)
    worker.submit(again.job)
    again.wait()
    assert not running.finished
    assert not waiting.finished


def test_a_cancelled_jobs_other_stories_do_not_begin(start: Start, heard) -> None:
    worker = start(slots=1)
    worker.engine.open.clear()
    job = heard(stories=5)
    worker.submit(job.job)
    until(lambda: worker.load == (1, 1))
    worker.cancel(job.job)
    until(lambda: worker.load == (0, 0))


def test_a_stop_text_frees_the_slot_though_the_engine_would_go_on(start: Start, fake: ModuleType) -> None:
    tokenizer = fake.make_tokenizer()
    worker = start(slots=1, context=100_000)
    pieces, done = [], threading.Event()

    def hear(piece: Piece | Refusal) -> None:
        pieces.append(piece)
        if piece.finish:
            done.set()

    request = Request((1,), Sampling(), 0, 90_000, frozenset({2}))
    worker.submit(Job([(request, StoryText(tokenizer, (1,), 0, ["abc"]))], hear))
    assert done.wait(30)
    until(lambda: worker.load == (0, 0) and not worker.engine.stories)
    assert "abc" not in "".join(piece.text for piece in pieces)
    assert len([piece for piece in pieces if piece.finish]) == 1


def test_an_engine_that_fails_is_told_to_each_and_serves_the_next(start: Start, heard) -> None:
    worker = start(slots=2)
    worker.engine.fails = True
    jobs = [heard(stories=2) for _ in range(3)]
    for one in jobs:
        worker.submit(one.job)
    for one in jobs:
        assert one.wait().refusal.status == 500
    worker.engine.fails = False
    again = heard(stories=4)
    worker.submit(again.job)
    assert len(again.wait().finished) == 4


def test_a_request_that_the_engine_does_not_take_costs_no_one_else(start: Start, heard, fake) -> None:
    worker = start(slots=2, context=10)
    worker.engine.open.clear()
    good = heard(tokens=5)
    worker.submit(good.job)
    bad = heard()
    bad.job.waiting.clear()
    long = Request((1,) * 10, Sampling(), 0, 1, frozenset())
    bad.job.waiting.append((long, StoryText(fake.make_tokenizer(), (1,))))
    worker.submit(bad.job)
    assert "shorten it" in bad.wait().refusal.message
    worker.engine.open.set()
    assert good.wait().finished == [0]


def test_a_story_that_the_model_breaks_costs_no_other_job(start: Start, heard) -> None:
    worker = start(slots=3, broken_seed=11)
    worker.engine.open.clear()
    good, bad = heard(tokens=200), heard(seed=10, stories=3, tokens=200)
    worker.submit(good.job)
    worker.submit(bad.job)
    until(lambda: worker.load == (3, 1))
    worker.engine.open.set()
    refusal = bad.wait().refusal
    assert refusal.status == 500
    assert "NaN or infinity" in refusal.message
    assert good.wait().finished == [0]
    assert not good.refusal
    until(lambda: worker.load == (0, 0) and not worker.engine.stories)
    again = heard(stories=3)
    worker.submit(again.job)
    assert len(again.wait().finished) == 3


def test_draining_lets_slots_finish_and_refuses_the_rest(start: Start, heard) -> None:
    worker = start(slots=1)
    worker.engine.open.clear()
    running, waiting = heard(), heard()
    worker.submit(running.job)
    until(lambda: worker.load[0] == 1)
    worker.submit(waiting.job)
    worker.drain()
    assert waiting.wait().refusal.status == 503
    with pytest.raises(Refusal) as refused:
        worker.submit(heard().job)
    assert refused.value.status == 503
    worker.engine.open.set()
    assert running.wait().finished == [0]


def test_closing_answers_what_still_runs_and_ends_the_thread(start: Start, heard) -> None:
    worker = start(slots=1)
    worker.engine.open.clear()
    running = heard()
    worker.submit(running.job)
    until(lambda: worker.load[0] == 1)
    before = threading.active_count()
    worker.close()
    worker.close()
    assert running.wait().refusal.status == 503
    assert threading.active_count() == before - 1
    assert not worker.alive


def test_a_worker_whose_thread_dies_leaves_no_job_without_an_answer(start: Start, heard) -> None:
    worker = start(slots=1)

    def cancel(slot: int) -> None:
        raise RuntimeError("it cannot even free a slot")

    worker.engine.cancel = cancel
    worker.engine.fails = True
    job = heard()
    worker.submit(job.job)
    assert job.wait().refusal.status == 500
    until(lambda: not worker.alive)
    with pytest.raises(Refusal):
        worker.submit(heard().job)
