"""Fingers for a cartridge of ours: they press what a person would, and look whether it was noticed."""

from collections.abc import Callable
from dataclasses import dataclass

from lilliput.deploy.gameboy.info_block import Info
from lilliput.deploy.gameboy.play.console import Console
from lilliput.deploy.gameboy.screens.buttons import BUTTONS
from lilliput.errors import ConfigError, LilliputError

_PATIENCE = 1200
"""Frames within which a cartridge that works has noticed a button."""
_SPACE_COLUMNS = range(2, 5)
"""Columns of keys that lie above the space."""


@dataclass
class Fingers:
    """`look` is called whenever there may be something new on the screen."""

    console: Console
    info: Info
    look: Callable[[], None] = lambda: None
    draws: bool = False
    """Whether frames are drawn, so that `look` sees them."""

    def wait_title(self) -> None:
        """Run from power-on until the title waits for a button."""
        seen: list[bool] = []
        self.console.watch(self.info.ready, lambda: seen.append(True))
        self._run_until(lambda: bool(seen), "it never comes to its title")
        self.console.run(2, self.draws)  # until the screen shows it
        self.look()

    def tap(self, button: str) -> None:
        """Press a button, and let it go once the cartridge has noticed, which it must notice too."""
        self.console.press(button)
        self._run_until(lambda: self._pad() == 1 << BUTTONS[button], f"it does not notice {button}")
        self.console.press()
        self._run_until(lambda: self._pad() == 0, f"it does not notice that {button} was let go")
        self.look()

    def set_temperature(self, number: int) -> None:
        """Choose a temperature by its number; from the title to the title."""
        if self._byte("setting_temperature") == number:
            return
        self.tap("select")
        while (present := self._byte("setting_temperature")) != number:
            self.tap("right" if present < number else "left")
        self.tap("b")

    def set_seed(self, seed: int) -> None:
        """Write the seed to where the settings keep it: presses would take up to half an hour."""
        self.console.write(0, self.info.places["setting_seed"], seed.to_bytes(2, "little"))

    def choose_opening(self, number: int) -> str:
        """From the title to the opening of that number; the button that then begins its story."""
        self.tap("a")
        for _ in range(number):
            self.tap("down")
        return "a"

    def type_beginning(self, text: str) -> str:
        """From the title to a beginning on the keyboard; the button that then begins its story.

        Raises ConfigError for letters that the keyboard has not, and for more than can be typed.
        """
        check_beginning(self.info, text)
        self.tap("down")
        self.tap("a")
        for letter in text:
            self._type(letter)
        length = self._byte("beginning_length")
        typed = self.console.read(0, self.info.places["beginning"], length)
        if typed != text.encode():
            raise LilliputError(f"the cartridge has {typed!r} where {text!r} was typed: export it again")
        return "start"

    def _type(self, letter: str) -> None:
        if letter == " ":
            rows = len(self.info.keys[0])
            while self._byte("key_column") not in _SPACE_COLUMNS:
                self.tap("right" if self._byte("key_column") < _SPACE_COLUMNS[0] else "left")
            self._go("key_row", rows, rows + 1, "down", "up")
        else:
            page, row, column = self._find(letter)
            if page != self._byte("key_page"):
                self.tap("select")
            self._go("key_row", row, len(self.info.keys[page]) + 1, "down", "up")
            self._go("key_column", column, len(self.info.keys[page][row]), "right", "left")
        self.tap("a")

    def _find(self, letter: str) -> tuple[int, int, int]:
        """Page, row and column of a key; on the page that is shown, if it has it."""
        shown = self._byte("key_page")
        pages = sorted(range(len(self.info.keys)), key=lambda page: page != shown)
        return next(
            (page, row, keys.index(letter))
            for page in pages
            for row, keys in enumerate(self.info.keys[page])
            if letter in keys
        )

    def _go(self, variable: str, wanted: int, count: int, more: str, less: str) -> None:
        """Move until the variable, of `count` values in a circle, is `wanted`, the shorter way round."""
        while (present := self._byte(variable)) != wanted:
            self.tap(more if (wanted - present) % count <= count // 2 else less)

    def _byte(self, variable: str) -> int:
        return self.console.read(0, self.info.places[variable])[0]

    def _pad(self) -> int:
        return self._byte("pad_held")

    def _run_until(self, done: Callable[[], bool], otherwise: str) -> None:
        for _ in range(_PATIENCE):
            if done():
                return
            self.console.run(1, self.draws)
        raise LilliputError(f"the cartridge does not work: {otherwise}; export it again")


def check_beginning(info: Info, text: str) -> None:
    """Raise ConfigError for a beginning that cannot be typed on the cartridge."""
    letters = {" ", *(letter for page in info.keys for row in page for letter in row)}
    if foreign := "".join(dict.fromkeys(letter for letter in text if letter not in letters)):
        raise ConfigError(f"the cartridge's keyboard has no {foreign!r}: begin with other letters")
    if len(text) > info.most_letters:
        raise ConfigError(
            f"the beginning has {len(text)} letters, and the cartridge takes {info.most_letters}: shorten it"
        )
