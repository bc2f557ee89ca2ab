"""Writing many stories: every slot is refilled as soon as its story has ended."""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lilliput.generation.batch import BatchEngine, Ending, Request
from lilliput.generation.sample import BrokenModelError

_STEPS = 32
"""Tokens between two looks at the slots."""


@dataclass(frozen=True)
class Written:
    """One story: the new ids, without the one that ended it."""

    ids: tuple[int, ...]
    ending: Ending


def write_stories(engines: Sequence[BatchEngine], requests: Iterable[Request]) -> Iterator[Written]:
    """A story for each request, in their order, each engine on a thread of its own.

    Which engine writes a story, and beside which others, changes nothing in it. Requests are drawn as slots
    become free. Raises what an engine raises, and BrokenModelError when a model does not answer with numbers.
    """
    shared = _Shared(requests)
    threads = [threading.Thread(target=_work, args=(engine, shared), daemon=True) for engine in engines]
    for thread in threads:
        thread.start()
    try:
        yield from _in_order(shared, len(threads))
    finally:
        shared.stop.set()
        for thread in threads:
            thread.join()


class _Shared:
    """What the threads have in common."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = enumerate(requests)
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self.done: queue.SimpleQueue[tuple[int, Written] | BaseException | None] = queue.SimpleQueue()

    def draw(self) -> tuple[int, Request] | None:
        """The next request and its number; None when there is none."""
        with self._lock:
            return None if self.stop.is_set() else next(self._requests, None)


def _in_order(shared: _Shared, working: int) -> Iterator[Written]:
    """Stories by their numbers; a None for each thread that has no more to do."""
    early: dict[int, Written] = {}
    following = 0
    while working:
        item = shared.done.get()
        if item is None:
            working -= 1
        elif isinstance(item, BaseException):
            raise item
        else:
            early[item[0]] = item[1]
        while following in early:
            yield early.pop(following)
            following += 1


def _work(engine: BatchEngine, shared: _Shared) -> None:
    numbers: dict[int, int] = {}  # slot -> the number of its story
    ids: dict[int, list[int]] = {}
    try:
        while True:
            for slot in range(engine.slots):
                if slot not in numbers and (drawn := shared.draw()) is not None:
                    numbers[slot], request = drawn
                    ids[slot] = []
                    engine.begin(slot, request)
            if not numbers or shared.stop.is_set():
                break
            for event in engine.run(_STEPS):
                ids[event.slot] += event.ids
                if event.ending:
                    number = numbers.pop(event.slot)
                    shared.done.put((number, _finish(ids.pop(event.slot), event.ending)))
    except BaseException as error:  # the caller's thread raises it
        shared.done.put(error)
    else:
        shared.done.put(None)
    finally:
        for slot in numbers:
            engine.cancel(slot)


def _finish(ids: list[int], ending: Ending) -> Written:
    if ending == "broken":
        raise BrokenModelError
    return Written(tuple(ids), ending)
