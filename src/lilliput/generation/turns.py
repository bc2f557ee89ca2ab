"""Many stories at once with engines that read one story each: a token for each in turn."""

from collections.abc import Callable

from lilliput.errors import LilliputError
from lilliput.generation.batch import Ending, Event, Logprob, Request, logprob_of, most_new_tokens
from lilliput.generation.engines import Engine
from lilliput.generation.sample import BrokenModelError, Sampler

OpenStory = Callable[[Request], tuple[Engine, Sampler]]
"""An engine that has read nothing, and what chooses the tokens of one story."""


class TurnsBatch:
    """See BatchEngine. Stories share nothing, so none can change another's rounding."""

    def __init__(self, context: int, slots: int, open_story: OpenStory) -> None:
        self.context, self.slots = context, slots
        self._open_story = open_story
        self._stories: dict[int, _Story] = {}

    def begin(self, slot: int, request: Request) -> None:
        """See BatchEngine.begin."""
        if not 0 <= slot < self.slots or slot in self._stories:
            raise LilliputError(f"slot {slot} is not free; there are {self.slots}")
        most = most_new_tokens(request, self.context)
        self._stories[slot] = _Story(request, *self._open_story(request), *most)

    def run(self, steps: int) -> list[Event]:
        """See BatchEngine.run."""
        for _ in range(steps):
            for story in self._stories.values():
                story.step()
            if any(story.ending for story in self._stories.values()):
                break
        events = [story.take_event(slot) for slot, story in self._stories.items()]
        self._stories = {slot: story for slot, story in self._stories.items() if not story.ending}
        return [event for event in events if event.ids or event.ending]

    def cancel(self, slot: int) -> None:
        """See BatchEngine.cancel."""
        self._stories.pop(slot, None)


class _Story:
    """One story: what it has read, and what it has not told yet."""

    def __init__(
        self, request: Request, engine: Engine, sampler: Sampler, most: int, at_most: Ending
    ) -> None:
        self._request, self._engine, self._sampler = request, engine, sampler
        self._most, self._at_most = most, at_most
        self._read = list(request.ids)
        self._unread = list(request.ids)  # what the engine reads in the next step
        self._written = 0
        self._ids: list[int] = []
        self._logprobs: list[Logprob] = []
        self.ending: Ending | None = None

    def step(self) -> None:
        """One token more, or the story's end."""
        logits = self._engine.read(self._unread)
        try:
            token = self._sampler(logits, self._read)
        except BrokenModelError:
            self.ending = "broken"
            return
        if token in self._request.ends:
            self.ending = "end"
            return
        self._ids.append(token)
        if self._request.logprobs:
            self._logprobs.append(logprob_of(token, logits, self._request.logprobs))
        self._read.append(token)
        self._unread = [token]
        self._written += 1
        if self._written == self._most:
            self.ending = self._at_most

    def take_event(self, slot: int) -> Event:
        """What happened since this was last called."""
        event = Event(slot, tuple(self._ids), tuple(self._logprobs), self.ending)
        self._ids, self._logprobs = [], []
        return event
