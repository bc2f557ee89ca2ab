"""A story told by a cartridge's own program in an emulator: its words as they come, its time as it would be.

    with Console(image) as console:
        telling = Telling(console, info, Wish(prompt="Once upon"))
        for piece in telling: print(piece, end="")
        telling.cycles_per_token

A wish is fulfilled through buttons, as a person would; only the seed is written into memory.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from lilliput.deploy.gameboy.info_block import Info
from lilliput.deploy.gameboy.play.console import FRAMES_A_SECOND, Console
from lilliput.deploy.gameboy.play.press import Fingers, check_beginning
from lilliput.errors import ConfigError, LilliputError

Ending = Literal["end", "length", "full"]
"""The model's own end, the most tokens that were asked for, or no more room in battery memory or context."""
_STEP = 4
"""Frames between two looks: a story can be stopped, and is filmed, only so finely."""
_LOOK = 12
"""Frames between two looks at a screen on which no word is new: the moon may have moved."""
_REST = 75
_LONGEST_THOUGHT_S = 900
"""After so much of the console's time without a token it is not thinking, it hangs."""


@dataclass(frozen=True)
class Wish:
    """What is to be told. What is None is left as the cartridge has it when it is switched on."""

    prompt: str | None = None
    """The beginning; None is the first of the openings."""
    temperature: str | None = None
    """What the cartridge calls it."""
    seed: int | None = None
    max_tokens: int | None = None

    def find_temperature(self, info: Info) -> int | None:
        """Its number. Raises ConfigError for one that the cartridge has not."""
        if self.temperature is None:
            return None
        for number, label in enumerate(info.temperatures):
            if self.temperature == label or _same_number(self.temperature, label):
                return number
        raise ConfigError(
            f"the cartridge has no temperature {self.temperature}: it has {', '.join(info.temperatures)}"
        )

    def check(self, info: Info) -> None:
        """Raise ConfigError for what this cartridge cannot tell."""
        self.find_temperature(info)
        if self.seed is not None and not 0 <= self.seed <= 0xFFFF:
            raise ConfigError(f"the seed {self.seed}: a cartridge has 0 to 65535")
        if self.prompt is not None and self.prompt not in info.openings:
            check_beginning(info, self.prompt)


@dataclass
class Telling:
    """One story as it is told: iterate over it for pieces of text, then read what it took."""

    console: Console
    info: Info
    wish: Wish
    look: Callable[[], None] = lambda: None
    """Called when there may be something new on the screen."""
    draws: bool = False
    """Whether frames are drawn, so that `look` can see them."""
    ending: Ending | None = None
    temperature: str = ""
    seed: int = 0
    _begun: int = 0  # M-cycles
    _asked: list[tuple[int, int]] = field(default_factory=list)  # M-cycles, and where the text ended then
    _ended: tuple[int, int, bool] | None = None  # the same, and whether it was the model that ended it

    def __iter__(self) -> Iterator[str]:
        """Pieces of text, the beginning first; none splits a letter. Can be run once.

        Raises ConfigError for a wish that the cartridge cannot fulfil, LilliputError for one that hangs.
        """
        self.wish.check(self.info)
        button = self._prepare()
        self._start(button)
        first = self._word("story_text")
        decoder, at = codecs.getincrementaldecoder("utf-8")("replace"), first
        for end in self._run():
            piece = decoder.decode(self.console.read(self.info.save_bank, at, end - at))
            at = end
            if piece:
                yield piece
        if piece := decoder.decode(b"", final=True):
            yield piece

    @property
    def tokens(self) -> int:
        """How many the model has told so far, the end not among them."""
        finished = len(self._asked) - 1 + (self._ended is not None and not self._ended[2])
        return min(max(finished, 0), self.wish.max_tokens or finished)

    @property
    def cycles(self) -> list[int]:
        """M-cycles of each token, from the question to the word on the screen."""
        times = [at for at, _ in self._asked]
        if self._ended is not None and not self._ended[2]:
            times.append(self._ended[0])
        return [last - first for first, last in pairwise(times)][: self.tokens]

    @property
    def cycles_per_token(self) -> float | None:
        """Their mean; None for a story without tokens."""
        return sum(self.cycles) / self.tokens if self.tokens else None

    @property
    def beginning_cycles(self) -> int:
        """M-cycles in which the model takes in the beginning."""
        return self._asked[0][0] - self._begun if self._asked else 0

    def _prepare(self) -> str:
        """From power-on to all but the last button, which is returned."""
        fingers = Fingers(self.console, self.info, self.look, self.draws)
        fingers.wait_title()
        self._rest()
        temperature = self.wish.find_temperature(self.info)
        if temperature is not None:
            fingers.set_temperature(temperature)
        if self.wish.seed is not None:
            fingers.set_seed(self.wish.seed)
        self.seed = self._word("setting_seed")
        self.temperature = self.info.temperatures[self._byte("setting_temperature")]
        prompt = self.info.openings[0] if self.wish.prompt is None else self.wish.prompt
        if prompt in self.info.openings:
            return fingers.choose_opening(self.info.openings.index(prompt))
        return fingers.type_beginning(prompt)

    def _start(self, button: str) -> None:
        begun: list[int] = []
        console, info = self.console, self.info
        console.watch(info.begun, lambda: begun.append(console.cycles))
        console.watch(info.asked, lambda: self._asked.append((console.cycles, self._word("story_end"))))
        console.watch(info.ended, self._note_end)
        self._rest()
        console.press(button)
        for _ in range(600):
            if begun:
                self._begun = begun[0]
                console.press()
                return
            console.run(1, self.draws)
        raise LilliputError("the cartridge does not begin a story: export it again")

    def _rest(self) -> None:
        """Leave people who will see the film time to read."""
        if self.draws:
            self.console.run(_REST, draw=True)

    def _note_end(self) -> None:
        self._ended = self.console.cycles, self._word("story_end"), self.console.carry

    def _run(self) -> Iterator[int]:
        """Where the text ends, as it grows."""
        most, asked, waited = self.wish.max_tokens, 0, 0
        while self._ended is None:
            self.console.run(_STEP, self.draws)
            waited += _STEP
            news = len(self._asked) > asked
            if news or waited % _LOOK == 0:
                self.look()
            if waited > _LONGEST_THOUGHT_S * FRAMES_A_SECOND:
                raise LilliputError(f"the cartridge hangs: no word in {_LONGEST_THOUGHT_S} s of its time")
            if most is not None and len(self._asked) >= most:
                self.console.press("b")
            if news:
                asked, waited = len(self._asked), 0
                yield self._asked[min(asked - 1, asked if most is None else most)][1]
        self.console.press()
        yield self._last_end()
        self.console.run(6 * _STEP, draw=True)  # until the story stands there to be read
        self.look()

    def _last_end(self) -> int:
        """Where the text ends, now that the story has; and how it has."""
        assert self._ended is not None
        _, end, own = self._ended
        most = self.wish.max_tokens
        if most is not None and self.tokens >= most and not (own and len(self._asked) - 1 == most):
            self.ending = "length"
            return self._asked[most][1] if len(self._asked) > most else end
        self.ending = "end" if own and not self._byte("story_full") else "full"
        return end

    def _word(self, variable: str) -> int:
        return int.from_bytes(self.console.read(0, self.info.places[variable], 2), "little")

    def _byte(self, variable: str) -> int:
        return self.console.read(0, self.info.places[variable])[0]


def _same_number(text: str, label: str) -> bool:
    try:
        return float(text) == float(label)
    except ValueError:
        return False
