"""The thread that owns an engine: takes stories from a bounded queue, hands back pieces of text.

Jobs take turns: a free slot goes to a story of the job that has waited longest, and a job with more
stories goes to the end of the queue, so that one request for many stories does not shut out the others.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from lilliput.app.server.refusals import Refusal, busy, closing
from lilliput.app.server.text import Piece, StoryText
from lilliput.errors import LilliputError
from lilliput.generation.batch import BatchEngine, Event, Request

_log = logging.getLogger("lilliput.server")
_LONGEST_RUN_S = 0.05  # how long a cancelled story or a new one may have to wait for the engine
_MOST_STEPS = 64

Deliver = Callable[[Piece | Refusal], None]
"""Told each piece, or, once, why there will be no more. Called in the worker's thread: it must not block."""


class Job:
    """The stories of one request."""

    def __init__(self, stories: list[tuple[Request, StoryText]], deliver: Deliver) -> None:
        self.waiting = deque(stories)
        self.deliver = deliver


class Worker:
    """Runs jobs on an engine, in a thread of its own, until it is closed."""

    def __init__(self, engine: BatchEngine, queue: int, name: str = "") -> None:
        """`queue` is how many jobs may wait beside those that have a slot."""
        self.engine = engine
        self._queue = queue
        self._change = threading.Condition()  # guards everything below
        self._waiting: deque[Job] = deque()
        self._running: dict[int, tuple[Job, StoryText]] = {}
        self._left: set[Job] = set()  # cancelled, and perhaps still in a slot
        self._closed = self._draining = False
        self._steps = 1
        self._thread = threading.Thread(target=self._work, name=f"stories of {name}", daemon=True)
        self._thread.start()

    @property
    def load(self) -> tuple[int, int]:
        """Stories in slots, and jobs that wait."""
        with self._change:
            return len(self._running), len(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether it takes jobs."""
        return self._thread.is_alive() and not self._draining

    def submit(self, job: Job) -> None:
        """Put a job in the queue; raises a Refusal if that is full or the worker is closing."""
        with self._change:
            if not self.alive:
                raise closing()
            if len(self._waiting) >= self._queue + self.engine.slots - len(self._running):
                raise busy(f"{len(self._waiting)} requests are waiting already; try again soon")
            self._waiting.append(job)
            self._change.notify()

    def cancel(self, job: Job) -> None:
        """Forget a job, finished or not; its slots are freed before the engine's next run."""
        with self._change:
            if job in self._waiting:
                self._waiting.remove(job)
            if any(running is job for running, _ in self._running.values()):
                self._left.add(job)
                self._change.notify()

    def drain(self) -> None:
        """Refuse new jobs and those that wait; let the stories in slots finish."""
        with self._change:
            self._draining = True
            refused, self._waiting = self._waiting, deque()
            self._left.update(refused)  # those may have other stories in slots
            self._change.notify()
        for job in refused:
            job.deliver(closing())

    def close(self) -> None:
        """Refuse everything, stop the thread and wait for it."""
        self.drain()
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._wait_for_work():
                self._empty_left_slots()
                self._fill_free_slots()
                if self._running:
                    self._advance()
            self._fail(self._jobs_in_slots(), closing())
        except Exception as error:  # not the engine's: those are caught where they arise
            self.drain()
            with self._change:
                jobs, self._running = self._jobs_in_slots(), {}
            refusal = _refusal_for(error)
            for job in jobs:
                job.deliver(refusal)

    def _wait_for_work(self) -> bool:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._waiting or self._running or self._left)
            return not self._closed

    def _empty_left_slots(self) -> None:
        with self._change:
            left, self._left = self._left, set()
            slots = [slot for slot, (job, _) in self._running.items() if job in left]
            for slot in slots:
                del self._running[slot]
        for slot in slots:
            self.engine.cancel(slot)

    def _fill_free_slots(self) -> None:
        for slot in range(self.engine.slots):
            with self._change:
                if slot in self._running:
                    continue
                if not self._waiting:
                    return
                job = self._waiting.popleft()
                request, text = job.waiting.popleft()
                if job.waiting:
                    self._waiting.append(job)
                self._running[slot] = (job, text)
            try:
                self.engine.begin(slot, request)
            except Exception as error:
                self._fail({job}, error)

    def _advance(self) -> None:
        began = time.monotonic()
        try:
            events = self.engine.run(self._steps)
        except Exception as error:
            self._fail(self._jobs_in_slots(), error)
            return
        self._pace(time.monotonic() - began)
        for event in events:
            if event.slot in self._running:
                self._tell(event)

    def _pace(self, seconds: float) -> None:
        """Longer runs waste less between them; shorter ones are sooner told. No id depends on it."""
        if seconds > _LONGEST_RUN_S:
            self._steps = max(1, self._steps // 2)
        elif seconds < _LONGEST_RUN_S / 4:
            self._steps = min(_MOST_STEPS, self._steps * 2)

    def _tell(self, event: Event) -> None:
        job, text = self._running[event.slot]
        try:
            piece = text.take(event)
        except Exception as error:
            self._fail({job}, error)
            return
        if piece.finish:
            with self._change:
                del self._running[event.slot]
            if not event.ending:
                self.engine.cancel(event.slot)
        if piece.text or piece.tokens or piece.finish:
            job.deliver(piece)

    def _fail(self, jobs: set[Job], error: Exception) -> None:
        """Tell jobs why they are not served, and free their slots."""
        with self._change:
            self._left |= jobs
            self._waiting = deque(job for job in self._waiting if job not in jobs)
        refusal = _refusal_for(error)
        for job in jobs:  # first, as an engine that has failed may not be able to free a slot either
            job.deliver(refusal)
        self._empty_left_slots()

    def _jobs_in_slots(self) -> set[Job]:
        return {job for job, _ in self._running.values()}


def _refusal_for(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    known = isinstance(error, LilliputError)
    _log.error("a story failed: %s", error, exc_info=None if known else error)
    message = str(error) if known else "the engine failed; the server's log says why"
    return Refusal(500, message, code="engine_failed")
