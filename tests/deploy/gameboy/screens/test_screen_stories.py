"""Stories that stay: read again line by line, after power-off, and not where battery memory is wrong."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.screens.front import Front

EMPTY = bytes(16 * 0x2000)
TEXT = "".join(
    f"Chapter {number}. The cat sat on the mat, and then it went home to have {number * 7} naps.\n"
    for number in range(1, 24)
)
BEGINNING = "Once upon a time"


@pytest.fixture
def parts(load):
    """The modules fronts.py and emulators.py."""
    return load("deploy/gameboy/fronts.py"), load("deploy/gameboy/emulators.py")


def expect_screen(fronts, text: str, top: int) -> list[bytes]:
    """Rows of the screen when line `top` is the first."""
    lines = [*fronts.wrap(text), *[""] * fronts.ROWS]
    return [fronts.cells(line) for line in lines[top : top + fronts.ROWS]]


def test_a_story_of_1500_bytes_is_read_again_from_end_to_beginning_and_back(parts):
    fronts, emulators = parts
    text = BEGINNING + TEXT
    assert len(text) > 1500
    last = len(fronts.wrap(text)) - fronts.ROWS
    assert last > 70, "the map of 32 rows is gone through more than twice"
    cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT, 1), ticks=1)
    with emulators.open_pyboy(cartridge.image, EMPTY) as machine:
        fronts.tell(machine, cartridge)
        for top in range(last, -1, -1):
            assert fronts.read_text(machine) == expect_screen(fronts, text, top)
            fronts.tap(machine, "up")
        assert fronts.read_text(machine) == expect_screen(fronts, text, 0)
        assert machine.memory(0, fronts.BAR_MAP, 2) == bytes([0x20, 6])  # there is nothing above, but below
        tops = [*range(0, last, 16), last, last]
        for top in tops:
            assert fronts.read_text(machine) == expect_screen(fronts, text, top)
            fronts.tap(machine, "right")
        assert machine.memory(0, fronts.BAR_MAP, 2) == bytes([5, 0x20])
        for top in [*range(last, 0, -16), 0, 0]:
            assert fronts.read_text(machine) == expect_screen(fronts, text, top)
            fronts.tap(machine, "left")
        machine.press("down")  # held
        machine.run(60 * 12)
        machine.press()
        machine.run(10)
        assert fronts.read_text(machine) == expect_screen(fronts, text, last)
        fronts.tap(machine, "b")
        fronts.wait_row(machine, 14, "  Read the last one")


def test_the_last_story_survives_power_off_and_the_next_goes_into_the_other_slot(parts):
    fronts, emulators = parts
    sram, text, stories = EMPTY, BEGINNING + TEXT, []
    for number in range(3):
        cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT[number * 30 :], 1), ticks=1)
        with emulators.open_pyboy(cartridge.image, sram) as machine:
            fronts.tell(machine, cartridge)
            assert machine.memory(0, cartridge.places["asked"] + 2, 2) == bytes([number + 1, 0])
            sram = machine.sram()
        text = BEGINNING + TEXT[number * 30 :]
        stories.append(fronts.make_slot(text.encode(), len(BEGINNING), 2, number + 1, number))
        slots = [sram[15 * 0x2000 :][:0x1000], sram[15 * 0x2000 + 0x1000 :][:0x1000]]
        used = 16 + len(text)
        assert slots[number % 2][:used] == stories[number][:used]
        if number:
            assert slots[1 - number % 2][:400] == stories[number - 1][:400]
    with emulators.open_pyboy(cartridge.image, sram) as machine:
        fronts.wait_row(machine, 14, "  Read the last one")
        fronts.tap(machine, "down", "down", "a", frames=20)
        assert fronts.read_text(machine) == expect_screen(fronts, text, 0)
        assert machine.memory(0, fronts.BAR_MAP, 20)[3:] == fronts.cells("   seed     3 at 0.8")[3:]


def test_the_newer_of_two_good_slots_is_the_last_story_wherever_it_lies_and_when_numbers_begin_anew(parts):
    fronts, emulators = parts
    cartridge = fronts.make_cartridge([])
    for first, second, found in ((0, 1, 1), (1, 0, 0), (255, 0, 1), (0, 255, 0), (100, 227, 1), (127, 0, 0)):
        slots = [fronts.make_slot(b"word " * 9, 4, 1, at, at) for at in (first, second)]
        with emulators.open_pyboy(cartridge.image, fronts.make_sram(*slots)) as machine:
            fronts.wait_row(machine, 14, "  Read the last one")
            assert machine.memory(0, cartridge.places["story_seed"])[0] == (first, second)[found]
            wanted = ((first, second)[found] + 1).to_bytes(2, "little")
            assert machine.memory(0, cartridge.places["setting_seed"], 2) == wanted
            assert machine.memory(0, cartridge.places["setting_temperature"])[0] == 1


def expect_no_story(parts, cartridge, sram: bytes) -> None:
    """The title, without the story's line, and the settings that the cartridge came with."""
    fronts, emulators = parts
    with emulators.open_pyboy(cartridge.image, sram) as machine:
        fronts.wait_title(machine)
        machine.run(4)
        assert fronts.read_rows(machine, 14, 1)[0] == fronts.cells("")
        assert machine.memory(0, cartridge.places["setting_seed"], 2) == bytes([1, 0])
        assert machine.memory(0, cartridge.places["setting_temperature"])[0] == 2


def test_a_slot_with_any_byte_wrong_is_no_story(parts):
    fronts, _ = parts
    cartridge = fronts.make_cartridge([])
    good = fronts.make_slot(b"A story of some words.", 7, 1, 0x1234, 9)
    used = 16 + len(b"A story of some words.")
    random = np.random.default_rng(4)
    for at in [*range(14), *random.choice(range(16, used), 6, replace=False)]:
        bad = bytearray(good)
        bad[at] ^= 1 << int(random.integers(0, 8))
        expect_no_story(parts, cartridge, fronts.make_sram(bytes(bad)))


def test_noise_and_lengths_that_cannot_be_are_no_story(parts):
    fronts, _ = parts
    cartridge = fronts.make_cartridge([])
    random = np.random.default_rng(5)
    for sram in (EMPTY, b"\xff" * len(EMPTY), random.bytes(len(EMPTY)), random.bytes(len(EMPTY))):
        expect_no_story(parts, cartridge, sram)
    noise = bytearray(random.bytes(0x2000))
    noise[:4] = noise[0x1000:0x1004] = b"LPT1"
    expect_no_story(parts, cartridge, fronts.make_sram(bytes(noise)))
    for text, beginning, temperature in ((b"word", 5, 1), (b"word", 4, 4), (b"w" * 4079, 4, 1)):
        slot = fronts.make_slot(text, beginning, temperature, 1, 1)
        expect_no_story(parts, cartridge, fronts.make_sram(slot))


def test_the_longest_story_that_a_slot_holds_is_read(parts):
    fronts, emulators = parts
    text = ("word " * 900)[:4078]
    cartridge = fronts.make_cartridge([])
    sram = bytes(15 * 0x2000 + 0x1000) + fronts.make_slot(text.encode(), 4, 1, 1, 1)
    with emulators.open_pyboy(cartridge.image, sram) as machine:
        fronts.wait_row(machine, 14, "  Read the last one")
        fronts.tap(machine, "up", "a", frames=30)
        lines = fronts.wrap(text)
        for top in [*range(0, len(lines) - 17, 16), len(lines) - 17]:
            assert fronts.read_text(machine) == expect_screen(fronts, text, top)
            fronts.tap(machine, "right")


def test_power_off_in_the_midst_of_a_story_keeps_what_was_told_and_the_story_before(parts):
    """Switched off at many moments, also while a header is being written: something good is always found."""
    fronts, emulators = parts
    before = fronts.make_slot(b"The story before.", 3, 0, 40, 7)
    cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT, 1), Front(needs_color=True), ticks=1)
    whole = (BEGINNING + TEXT).encode()
    found = set()
    with emulators.open_pyboy(cartridge.image, fronts.make_sram(before)) as machine:
        fronts.wait_row(machine, 14, "  Read the last one")
        fronts.tap(machine, "a")
        machine.press("a")
        seen = machine.watch({"saving": cartridge.symbols["save_story.copy"]})
        states = []
        for frame in range(90):
            machine.run(1)
            if frame % 9 == 0:
                states.append((len(seen), machine.sram()))
    assert len({count for count, _ in states}) > 5
    for _, sram in states:
        with emulators.open_pyboy(cartridge.image, sram) as machine:
            fronts.wait_row(machine, 14, "  Read the last one")
            ends = [machine.memory(0, cartridge.places[name], 2) for name in ("story_text", "story_end")]
            first, last = (int.from_bytes(end, "little") for end in ends)
            text = machine.memory(15, first, last - first)
            assert text == b"The story before." or whole.startswith(text)
            found.add(text)
    assert len(found) > 5


@pytest.mark.parametrize("at", ["save_story.copy", "save_story.length", "save_story.magic", "save_story"])
def test_a_header_torn_while_it_is_written_leaves_the_story_before(at, parts):
    fronts, emulators = parts
    before = fronts.make_slot(b"The story before.", 3, 0, 40, 7)
    cartridge = fronts.make_cartridge(fronts.cut_tokens(TEXT, 1), ticks=1)
    torn = []
    with emulators.open_pyboy(cartridge.image, fronts.make_sram(before)) as machine:
        fronts.wait_row(machine, 14, "  Read the last one")
        place = cartridge.symbols[at]
        memory = machine._pyboy.memory
        take = lambda _: torn.append(bytes(memory[15, 0xA000:0xBFFF]) + b"\0")  # noqa: E731
        machine._pyboy.hook_register(*place, take, None)
        fronts.tap(machine, "a", "a")
        machine.run(40)
    assert len(torn) > 20
    for number, bank in enumerate(torn[:24:5]):
        with emulators.open_pyboy(cartridge.image, EMPTY[: 15 * 0x2000] + bank) as machine:
            fronts.wait_row(machine, 14, "  Read the last one")
            first = int.from_bytes(machine.memory(0, cartridge.places["slot"], 2), "little")
            whole = at == "save_story" and number > 0  # nothing of the header has been touched yet
            assert first == (0xB000 if whole else 0xA000)
