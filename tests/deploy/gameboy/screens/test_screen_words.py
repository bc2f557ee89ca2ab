"""Words on the screen: wrapped as an independent wrapper does it, however they were cut into tokens."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import AssemblyError
from lilliput.deploy.gameboy.screens.font import LETTERS, SIGNS, TILE_BYTES, TILES, make_font
from lilliput.deploy.gameboy.screens.front import Front
from lilliput.deploy.gameboy.screens.picture import BEGINNING, TEXT, make_picture
from lilliput.deploy.gameboy.screens.shadow import cells_of, write_page

BEGINNING_TEXT = "Once upon a time"
STORIES = {
    "a story": ", there was a little girl. She had a ball.\n“Look!” “It’s a café — and more…”\n\nEnd.",
    "long words": " in Llanfairpwllgwyngyllgogerychwyrndrobwll "
    + "a" * 20
    + " "
    + "b" * 21
    + " "
    + "c" * 45
    + " d",
    "edges": "! 4567 " + "12345678901234567890 " * 3 + "1234567890123456789  x " + "123456789012345678   y",
    "blanks": "   \n\n   a  b   c    d     e      f       g        h         i          j \n  \n k"
    + " " * 50
    + "l",
    "letters that it has not": ". naïve 猫 🐈 🐈‍ €5 ñandú\xa0x ÿ \x7f | ~{}",
    "nothing": "",
    "line feeds": "\n" * 40 + "after them",
}


def make_random_text(seed: int) -> str:
    """Words of 1 to 24 letters, with one blank, two, or a line feed between."""
    random = np.random.default_rng(seed)
    letters = "abcdefghijklmnopqrstuvwxyzéñ’"
    gaps = (" ", " ", " ", " ", "  ", "\n", " \n", "      ")
    words = ("".join(random.choice(list(letters), int(random.integers(1, 25)))) for _ in range(60))
    return "".join(word + str(random.choice(gaps)) for word in words)


@pytest.mark.parametrize(
    "text", [*STORIES.values(), *map(make_random_text, range(3))], ids=lambda text: text[:9]
)
def test_a_story_is_set_in_lines_as_another_wrapper_sets_it(text, load):
    fronts = load("deploy/gameboy/fronts.py")
    cartridge = fronts.make_cartridge(fronts.cut_tokens(text, 1), ticks=1)
    with load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image) as machine:
        fronts.tell(machine, cartridge)
        lines = fronts.wrap(BEGINNING_TEXT + text)
        shown = [*lines[-fronts.ROWS :], *[""] * fronts.ROWS][: fronts.ROWS]
        assert fronts.read_text(machine) == [fronts.cells(line) for line in shown]


def test_words_are_in_place_before_the_story_ends_and_the_beginning_has_its_own_ink(load):
    """The screen is looked at while words come: each shown prefix is what the wrapper makes of a prefix."""
    fronts = load("deploy/gameboy/fronts.py")
    text = ", " + STORIES["a story"] + make_random_text(9)
    cartridge = fronts.make_cartridge(fronts.cut_tokens(text, 2), ticks=40)
    tokens = fronts.cut_tokens(text, 2)
    with load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image) as machine:
        fronts.wait_title(machine)
        fronts.tap(machine, "a")
        machine.press("a")
        seen = machine.watch({"asked": cartridge.symbols["next_token"]})
        counts = set()
        for _ in range(60):
            machine.run(3)
            count = len(seen)
            if count == 0 or count > len(tokens) or machine.memory(0, cartridge.places["flow_row"])[0] > 16:
                continue
            known = BEGINNING_TEXT.encode() + b"".join(tokens[: count - 1])
            end = int.from_bytes(machine.memory(0, cartridge.places["story_end"], 2), "little")
            if end - 0xA010 != len(known):
                continue  # it is at it just now
            before = fronts.read_text(machine)
            if len(seen) == count:
                try:
                    whole = known.decode()
                except UnicodeDecodeError:
                    continue
                lines = fronts.wrap(whole)
                assert before == [fronts.cells(line) for line in [*lines, *[""] * 17][:17]]
                counts.add(count)
        assert len(counts) > 10
        video = machine._pyboy.memory
        inks = [video[1, fronts.TEXT_MAP + at] & 7 for at in range(20)]
        assert inks == [BEGINNING] * len(BEGINNING_TEXT) + [TEXT] * (20 - len(BEGINNING_TEXT))


def test_half_a_letter_is_not_made_whole_by_what_lay_there_before(load):
    fronts = load("deploy/gameboy/fronts.py")
    text = BEGINNING_TEXT.encode() + b" \xe2"
    cartridge = fronts.make_cartridge([b" ", b"\xe2"], ticks=1)
    stale = bytes(16 + len(text)) + "’".encode()[1:]
    with load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image, fronts.make_sram(stale)) as machine:
        fronts.tell(machine, cartridge)
        assert machine.memory(15, 0xA010, len(text)) == text
        assert fronts.read_text(machine, 1) == [fronts.cells(BEGINNING_TEXT + " \x7f")]


def test_a_story_that_is_too_long_ends_where_there_is_no_more_room(load):
    fronts = load("deploy/gameboy/fronts.py")
    front = Front(slot_bytes=512, most_lines=40)
    for text, shown in (("word " * 200, 512 - 18), ("\n" * 100, None)):
        cartridge = fronts.make_cartridge(fronts.cut_tokens(text, 3), front, ticks=1)
        with load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image, bytes(16 * 0x2000)) as machine:
            fronts.tell(machine, cartridge)
            slot = machine.memory(15, 0xA000, 0x200)
            length = int.from_bytes(slot[10:12], "little")
            assert length == (shown or 16 + 40)
            assert slot[16 : 16 + length] == (BEGINNING_TEXT + text).encode()[:length]
            assert machine.memory(15, 0xA200, 16) == bytes(16)


def test_every_letter_of_ascii_has_a_tile_of_its_own():
    font = make_font()
    tiles = [font[tile * TILE_BYTES :][:TILE_BYTES] for tile in range(TILES)]
    shown = [tiles[LETTERS[chr(code)]] for code in range(0x21, 0x7F)]
    assert len(set(shown)) == len(shown)
    assert all(any(tile) for tile in shown)
    assert not any(tiles[LETTERS[" "]])
    assert len(font) == TILES * TILE_BYTES
    assert len(set(SIGNS.values()) | set(LETTERS.values())) == len(SIGNS) + 95 + 8
    picture = make_picture()
    assert TILES + len(picture.tiles) // TILE_BYTES <= 256
    assert max(picture.cells) < TILES + len(picture.tiles) // TILE_BYTES


def test_a_text_too_long_for_its_row_is_refused():
    assert cells_of("a{up}") == [ord("a"), SIGNS["up"]]
    with pytest.raises(AssemblyError, match="a row of the screen has 20 cells"):
        write_page((0, 1, "x" * 20))
