"""Pictures of the screen, read back by Pillow."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND
from lilliput.deploy.gameboy.play.film import Film, write_png
from lilliput.errors import ConfigError

Image = pytest.importorskip("PIL.Image", reason="needs Pillow: pip install 'lilliput[gameboy]'")


def make_screens(count: int, colors: int = 8) -> list[np.ndarray]:
    random = np.random.default_rng(count)
    palette = random.integers(0, 256, (colors, 3), dtype=np.uint8)
    return [palette[random.integers(0, colors, (144, 160))] for _ in range(count)]


def read_gif(path) -> tuple[list[np.ndarray], list[int]]:
    """Screens, and how many milliseconds each stays."""
    screens, lengths = [], []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            screens.append(np.asarray(image.convert("RGB")))
            lengths.append(image.info["duration"])
    return screens, lengths


def test_a_png_holds_every_dot_as_a_square(tmp_path):
    (screen,) = make_screens(1)
    write_png(tmp_path / "a.png", screen, 3)
    with Image.open(tmp_path / "a.png") as image:
        shown = np.asarray(image.convert("RGB"))
    assert shown.shape == (432, 480, 3)
    for at in (0, 1, 2):
        assert np.array_equal(shown[at::3, 2 - at :: 3], screen)


def test_a_gif_has_each_screen_for_as_long_as_it_was_seen(tmp_path):
    screens, film = make_screens(4), Film()
    for screen, time_s in zip((*screens[:3], screens[2], screens[3]), (1, 1.05, 2.123, 3, 10), strict=True):
        film.add(screen, round(time_s * CYCLES_A_SECOND))
    film.write_gif(tmp_path / "a.gif", 2)
    shown, lengths = read_gif(tmp_path / "a.gif")
    assert [np.array_equal(one[::2, 1::2], screen) for one, screen in zip(shown, screens, strict=True)] == [
        True
    ] * 4
    assert lengths == [50, 1070, 2000, 4000], "the third stays for 2 s at the most, the last for 4"
    film.write_gif(tmp_path / "b.gif", 1, speed=10)
    assert read_gif(tmp_path / "b.gif")[1] == [110, 790, 4000], "the first was too short to be seen"


def test_a_film_grows_sparse_and_then_no_more(tmp_path):
    film = Film()
    white, black = np.full((144, 160, 3), 255, np.uint8), np.zeros((144, 160, 3), np.uint8)
    for number in range(2000):
        film.add((white, black)[number % 2], number * CYCLES_A_SECOND // 4)
    dense = len(film)
    assert 1500 <= dense < 2000
    for number in range(9000):
        film.add((white, black)[number % 2], (number + 600) * CYCLES_A_SECOND)
    assert len(film) == 6000


def test_a_film_of_too_many_colours_is_refused(tmp_path):
    film = Film()
    film.add(make_screens(1, 300)[0], 0)
    with pytest.raises(ConfigError, match="300 colours"):
        film.write_gif(tmp_path / "a.gif", 1)
    assert not list(tmp_path.iterdir())
