"""Many stories: in order, each as if it were alone, and nothing left behind when something fails."""

import threading

import pytest

from lilliput.errors import LilliputError
from lilliput.generation.batch import Event, Request
from lilliput.generation.many import write_stories
from lilliput.generation.sample import Sampling


class Counter:
    """A batch engine whose story of seed n is n % 7 + 1 times the id n, a few a step."""

    context = 100

    def __init__(self, slots, fails_at=None):
        self.slots, self.fails_at = slots, fails_at
        self.stories, self.most, self.cancelled = {}, 0, []

    def begin(self, slot, request):
        assert slot not in self.stories
        self.stories[slot] = [request.seed] * (request.seed % 7 + 1)
        self.most = max(self.most, len(self.stories))

    def run(self, steps):
        events = []
        for slot, left in list(self.stories.items()):
            if left[0] == self.fails_at:
                raise LilliputError("broken")
            told, self.stories[slot] = left[:3], left[3:]
            events.append(Event(slot, tuple(told), (), None if left[3:] else "end"))
            if not left[3:]:
                del self.stories[slot]
        return events

    def cancel(self, slot):
        self.cancelled.append(slot)
        self.stories.pop(slot)


def requests(count):
    return (Request((1,), Sampling(), seed, 10, frozenset()) for seed in range(count))


@pytest.mark.parametrize("slots", [(1,), (3,), (2, 5), (1, 1, 1)])
def test_every_request_is_answered_in_order(slots):
    engines = [Counter(n) for n in slots]
    written = list(write_stories(engines, requests(100)))
    assert [story.ids for story in written] == [(n,) * (n % 7 + 1) for n in range(100)]
    assert {story.ending for story in written} == {"end"}
    assert len(slots) > 1 or engines[0].most == slots[0]


def test_no_request_means_no_story():
    assert list(write_stories([Counter(2)], requests(0))) == []


def test_what_an_engine_raises_is_raised_and_all_threads_end():
    before = threading.active_count()
    engines = [Counter(2, fails_at=30), Counter(2, fails_at=30)]
    with pytest.raises(LilliputError, match="broken"):
        list(write_stories(engines, requests(1000)))
    assert threading.active_count() == before
    assert not any(engine.stories for engine in engines)


def test_one_may_stop_listening():
    before = threading.active_count()
    engine = Counter(4)
    stories = write_stories([engine], requests(10**9))
    assert next(stories).ids == (0,)
    stories.close()
    assert threading.active_count() == before
    assert not engine.stories
