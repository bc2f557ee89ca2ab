"""What a console's screen shows, as a PNG, and as a GIF with the console's own times."""

import io
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.rundir import atomic_write

_SHORTEST, _LONGEST, _LAST = 2, 200, 400
"""Hundredths of a second that a screen of a GIF stays: viewers slow down below 2, people leave above 200."""
_DENSE, _MOST = 1500, 6000
"""Frames up to which every change is kept, and at all."""
_SPARSE_CYCLES = CYCLES_A_SECOND
_MOST_COLORS = 256


def import_pillow() -> Any:
    """The module PIL.Image. Raises MissingExtraError where Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("a picture of the screen", "gameboy") from None
    return Image


def write_png(path: Path, picture: np.ndarray, scale: int) -> None:
    """Write a screen, (144, 160, 3), every dot a square of scale x scale."""
    image = import_pillow().fromarray(_enlarge(picture, scale))
    with atomic_write(path) as file:
        image.save(file, "PNG", optimize=True)


@dataclass
class Film:
    """Screens one after another, each with the time at which it appeared."""

    _pictures: list[np.ndarray] = field(default_factory=list)  # (144, 160) of colours as 24 bits
    _times: list[int] = field(default_factory=list)  # M-cycles

    def add(self, picture: np.ndarray, cycles: int) -> None:
        """The screen as it is at that time, in M-cycles of double speed; one that was there before is none.

        A film that grows very long keeps one a second from then on, and at last no more.
        """
        if self._times and len(self._times) >= _DENSE and cycles - self._times[-1] < _SPARSE_CYCLES:
            return
        red, green, blue = np.moveaxis(picture.astype(np.uint32), 2, 0)
        packed = red << 16 | green << 8 | blue
        if len(self._times) < _MOST and not (self._pictures and np.array_equal(packed, self._pictures[-1])):
            self._pictures.append(packed)
            self._times.append(cycles)

    def __len__(self) -> int:
        return len(self._pictures)

    def write_gif(self, path: Path, scale: int, speed: float = 1.0) -> None:
        """Write what was filmed, `speed` times as fast as it was; no screen stays for more than 2 seconds.

        Raises ConfigError for a film of more colours than a GIF holds.
        """
        colors = np.unique(np.stack(self._pictures))
        if len(colors) > _MOST_COLORS:
            raise ConfigError(f"the film has {len(colors)} colours, and a GIF holds {_MOST_COLORS}")
        kept, lengths = self._cut(speed)
        module = import_pillow()
        palette = colors[:, None] >> np.array([16, 8, 0], np.uint32) & 0xFF
        images = []
        for number in kept:
            shown = np.searchsorted(colors, self._pictures[number]).astype(np.uint8)
            image = module.fromarray(_enlarge(shown, scale))
            image.putpalette(palette.astype(np.uint8).tobytes())
            images.append(image)
        data = io.BytesIO()
        images[0].save(
            data,
            "GIF",
            save_all=True,
            append_images=images[1:],
            duration=[10 * length for length in lengths],
            loop=0,
            optimize=False,
            disposal=1,
        )
        with atomic_write(path) as file:
            file.write(data.getvalue())

    def _cut(self, speed: float) -> tuple[list[int], list[int]]:
        """Numbers of the screens that are shown, and for how many hundredths of a second each."""
        times = [round(100 * cycles / CYCLES_A_SECOND / speed) for cycles in self._times]
        kept, starts = [0], times[:1]
        for number, time in enumerate(times):
            if time - starts[-1] < _SHORTEST:
                kept[-1] = number  # nobody would have seen the one before
            else:
                kept.append(number)
                starts.append(time)
        lengths = [min(last - first, _LONGEST) for first, last in pairwise(starts)]
        return kept, [*lengths, _LAST]


def _enlarge(picture: np.ndarray, scale: int) -> np.ndarray:
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)
