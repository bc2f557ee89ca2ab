"""Stories told by a cartridge's own buttons: what is typed and chosen, the words, and whose time it was."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.info_block import MAGIC, read_info
from lilliput.deploy.gameboy.play.console import Console
from lilliput.deploy.gameboy.play.player import Telling, Wish
from lilliput.deploy.gameboy.screens.front import Front
from lilliput.errors import ConfigError, FormatError, LilliputError

pytest.importorskip("pyboy", reason="needs PyBoy: pip install 'lilliput[gameboy]'")

TEXT = ", there was “a cat” — and a dog.\nThe end."
OPENING = "Once upon a time"


@pytest.fixture
def tell(fronts):
    """A function: a cartridge of these tokens tells by a wish; the telling, its text, and what was asked."""

    def tell(tokens, wish, front=None, ticks=2):
        cartridge = fronts.make_cartridge(tokens, front, ticks)
        with Console(cartridge.image) as console:
            telling = Telling(console, read_info(cartridge.image), wish)
            text = "".join(telling)
            at = cartridge.places["asked"]
            length, temperature, low, high = console.read(0, at, 4)
            asked = (temperature, low + 256 * high, console.read(0, at + 4, length).decode())
        return telling, text, asked

    return tell


def test_without_a_wish_the_first_opening_is_told_as_the_cartridge_was_set(tell, fronts):
    tokens = fronts.cut_tokens(TEXT, 3)
    assert b"" in tokens, "a token without bytes counts"
    assert any(token.decode(errors="replace").count("\ufffd") for token in tokens), "a cut letter"
    telling, text, asked = tell(tokens, Wish())
    assert text == OPENING + TEXT
    assert asked == (2, 1, OPENING)
    assert (telling.tokens, telling.ending) == (len(tokens), "end")
    assert (telling.temperature, telling.seed) == ("0.8", 1)


@pytest.mark.parametrize(
    ("prompt", "temperature", "seed", "number"),
    [
        ("There was a dragon", "0", 0, 0),
        ("", "0.50", 65535, 1),
        ("Hi", "1.0", 300, 3),
        ('"No!" (she said), 9 Z and z; 0', "1", 7, 3),
        ("  a " + "x" * 68, "0.8", 2, 2),
    ],
)
def test_a_wish_is_what_the_model_is_asked(tell, prompt, temperature, seed, number):
    telling, text, asked = tell([b" word"], Wish(prompt, temperature, seed))
    assert asked == (number, seed, prompt)
    assert text == prompt + " word"
    assert telling.temperature == Front().temperatures[number]
    assert telling.seed == seed


@pytest.mark.parametrize(
    "wish",
    [
        Wish(prompt="café"),
        Wish(prompt="two\nlines"),
        Wish(prompt="x" * 73),
        Wish(temperature="0.7"),
        Wish(temperature="hot"),
        Wish(seed=65536),
        Wish(seed=-1),
    ],
    ids=str,
)
def test_what_the_cartridge_cannot_tell_is_refused(fronts, wish):
    with pytest.raises(ConfigError):
        wish.check(read_info(fronts.make_cartridge([]).image))


def test_no_beginning_is_typed_where_there_is_no_such_opening(tell):
    _, text, asked = tell([b"Word"], Wish(prompt=""), Front(openings=("Once",)))
    assert text == "Word"
    assert asked == (2, 1, "")


@pytest.mark.parametrize("ticks", [1, 200])
def test_a_story_is_cut_at_so_many_tokens_however_quick_they_are(tell, ticks):
    tokens = [f" {number}".encode() for number in range(12)]
    telling, text, _ = tell(tokens, Wish(max_tokens=5), ticks=ticks)
    assert text == OPENING + " 0 1 2 3 4"
    assert (telling.tokens, telling.ending, len(telling.cycles)) == (5, "length", 5)
    for most in (13, 100):
        telling, text, _ = tell(tokens, Wish(max_tokens=most), ticks=ticks)
        assert (telling.tokens, telling.ending) == (12, "end")
        assert text.endswith(" 11")


def test_a_story_without_tokens_has_no_time_for_one(tell):
    telling, text, _ = tell([], Wish())
    assert text == OPENING
    assert (telling.tokens, telling.cycles, telling.cycles_per_token) == (0, [], None)


def test_a_story_that_no_longer_fits_says_so(tell):
    telling, text, _ = tell([b"word "] * 200, Wish(), Front(slot_bytes=512))
    assert telling.ending == "full"
    assert text == (OPENING + "word " * 200)[: 512 - 18]
    assert telling.tokens == len(telling.cycles) == -(-(512 - 18 + 1 - len(OPENING)) // 5)


def test_cycles_are_those_between_questions_to_the_model(fronts, emulators):
    """Counted once more, at another instruction, the buttons pressed by the screens' tests."""
    tokens = fronts.cut_tokens(TEXT * 3, 5)
    cartridge = fronts.make_cartridge(tokens, ticks=40)
    with Console(cartridge.image) as console:
        telling = Telling(console, read_info(cartridge.image), Wish())
        "".join(telling)
    with emulators.open_pyboy(cartridge.image) as machine:
        seen = machine.watch({"asked": cartridge.symbols["next_token"]})
        fronts.tell(machine, cartridge)
    times = [at for _, at in seen]
    assert telling.cycles == pytest.approx(
        np.diff(times), abs=40_000
    )  # a line that scrolls waits for a frame
    assert sum(telling.cycles) == pytest.approx(times[-1] - times[0], abs=40_000)
    assert telling.cycles_per_token == sum(telling.cycles) / len(tokens)
    assert telling.beginning_cycles > 0


def test_a_cartridge_that_does_not_notice_buttons_is_told_of(fronts):
    image = fronts.make_cartridge([]).image
    info = read_info(image)
    deaf = info.model_copy(update={"places": {**info.places, "pad_held": 0xCFF0}})
    with Console(image) as console, pytest.raises(LilliputError, match="does not notice a"):
        "".join(Telling(console, deaf, Wish()))


def test_what_a_cartridge_says_of_itself_is_read_back(fronts):
    front = Front(openings=("Ünder", ""), temperatures=("0", "0.7"), temperature=0, save_bank=3)
    cartridge = fronts.make_cartridge([b"x"], front)
    info = read_info(cartridge.image)
    assert (info.name, info.facts) == (fronts.NAME, {"parameters": 0})
    assert (info.openings, info.temperatures, info.save_bank) == (front.openings, front.temperatures, 3)
    assert info.asked == cartridge.symbols["ask_token"]
    assert info.ended == cartridge.symbols["write_story.ended"]
    assert info.places.items() <= cartridge.places.items()


def test_a_description_that_is_damaged_or_of_another_version_is_refused(fronts):
    image = fronts.make_cartridge([]).image
    at = image.index(MAGIC)
    for place, message in ((16, "version"), (40, "damaged"), (60, "damaged")):
        bad = bytearray(image)
        bad[at + place] ^= 1
        with pytest.raises(FormatError, match=message):
            read_info(bytes(bad))
    for cut in (at + 20, at + 100):
        with pytest.raises(FormatError, match="damaged"):
            read_info(image[:cut])
    assert read_info(image[:at]) is None
