"""Buttons lead through every screen, and what they chose is what the model is asked."""

import pytest

from lilliput.deploy.gameboy.machine.assembler import AssemblyError
from lilliput.deploy.gameboy.machine.memory import make_wram
from lilliput.deploy.gameboy.screens.flow import VARIABLES
from lilliput.deploy.gameboy.screens.font import MOON, SIGNS
from lilliput.deploy.gameboy.screens.front import Front, make_front
from lilliput.deploy.gameboy.screens.keys import MOST_LETTERS, PAGES
from lilliput.deploy.gameboy.screens.screen import PLAIN, WITH_BAR
from lilliput.deploy.gameboy.screens.slots import most_story_bytes

EMPTY = bytes(16 * 0x2000)
FRONT = Front(
    openings=("Once", "Two cats and a dog that were friends", ""),
    temperatures=("0", "0.5", "1.0"),
    temperature=1,
)


@pytest.fixture
def start(load, fronts):
    """A function: the cartridge and PyBoy with it, at the title; switched off behind the test."""
    machines = []

    def begin(tokens=(b" word",), front=FRONT, ticks=1, sram=EMPTY):
        cartridge = fronts.make_cartridge(tokens, front, ticks=ticks)
        machines.append(load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image, sram))
        fronts.wait_title(machines[-1])
        return cartridge, machines[-1]

    yield begin
    for machine in machines:
        machine.close()


def read_asked(machine, cartridge) -> tuple[int, int, int, bytes]:
    """What the model was asked last: how often so far, the temperature, the seed, the beginning."""
    count = machine.memory(0, cartridge.places["asked_count"])[0]
    length, temperature, low, high = machine.memory(0, cartridge.places["asked"], 4)
    beginning = machine.memory(0, cartridge.places["asked"] + 4, length) if length else b""
    return count, temperature, low + 256 * high, beginning


def test_every_opening_can_be_chosen(fronts, start):
    cartridge, machine = start()
    for number, opening in enumerate(FRONT.openings):
        fronts.tap(machine, "a")
        fronts.wait_row(machine, 0, " How does it begin?")
        assert fronts.read_rows(machine, 4, 1)[0] == fronts.cells("  Two cats and a do…")
        assert fronts.read_rows(machine, 6, 1)[0] == fronts.cells("  (surprise me)")
        fronts.tap(machine, *["down"] * number, "a")
        fronts.wait_end(machine, cartridge, told=number + 1)
        assert read_asked(machine, cartridge) == (number + 1, 1, number + 1, opening.encode())
        lines = fronts.wrap(opening + " word")
        assert fronts.read_text(machine, len(lines)) == [fronts.cells(line) for line in lines]
        fronts.tap(machine, "b")
        fronts.wait_title(machine)


def test_a_list_goes_round_and_b_goes_back(fronts, start):
    cartridge, machine = start()
    places = cartridge.places

    def read_pointer() -> list[int]:
        return [at for at, row in enumerate(fronts.read_rows(machine)) if row[0] == SIGNS["pointer"]]

    assert read_pointer() == [12]
    fronts.tap(machine, "up")
    assert read_pointer() == [13]
    fronts.tap(machine, "down")
    assert read_pointer() == [12]
    fronts.tap(machine, "a")
    rows = []
    for _ in range(4):
        rows += read_pointer()
        fronts.tap(machine, "down")
    assert rows == [2, 4, 6, 2]
    fronts.tap(machine, "b")
    fronts.wait_title(machine)
    fronts.tap(machine, "b", "left", "right")
    fronts.wait_title(machine)
    fronts.tap(machine, "down", "a")
    fronts.wait_row(machine, 0, " Your own beginning")
    fronts.tap(machine, "b")
    fronts.wait_title(machine)
    fronts.tap(machine, "select")
    fronts.wait_row(machine, 0, " Settings")
    fronts.tap(machine, "b")
    fronts.wait_title(machine)
    assert machine.memory(0, places["asked_count"])[0] == 0


def find_presses(text: str, page: int = 1) -> list[str]:
    """Buttons that type `text` on the keyboard, from its first key on page `page`; words of it in braces."""
    row = column = 0
    presses = []

    def go(to_row: int, to_column: int) -> None:
        nonlocal row, column
        presses.extend(["down" if to_row > row else "up"] * abs(to_row - row))
        presses.extend(["right" if to_column > column else "left"] * abs(to_column - column))
        row, column = to_row, to_column

    for at, letter in enumerate(text):
        if letter == " ":
            go(3, column)  # to the words by way of the key above "space"
            go(3, 2)
            presses.extend(["down", "a", "up"])
            continue
        if not any(letter in keys for keys in PAGES[page]):
            presses.append("select")
            page ^= 1
        to_row = next(number for number, keys in enumerate(PAGES[page]) if letter in keys)
        go(to_row, PAGES[page][to_row].index(letter))
        presses.append("a")
        if at == 0:
            page = 0
    return presses


def test_a_beginning_is_typed_shown_and_told(fronts, start):
    cartridge, machine = start()
    text = 'Tom\'s 3 dogs (not 7) said: "No!"'
    fronts.tap(machine, "down", "a")
    fronts.wait_row(machine, 0, " Your own beginning")
    fronts.tap(machine, *find_presses(text))
    typed = [row[1:19] for row in fronts.read_rows(machine, 2, 4)]
    assert typed[0] == text[:18].encode()
    assert typed[1] == text[18:].encode() + bytes([SIGNS["block"]]) + b" " * (35 - len(text))
    fronts.tap(machine, "start")
    fronts.wait_end(machine, cartridge)
    assert read_asked(machine, cartridge) == (1, 1, 1, text.encode())
    lines = fronts.wrap(text + " word")
    assert fronts.read_text(machine, len(lines)) == [fronts.cells(line) for line in lines]


def test_the_keys_of_the_last_row_and_the_end_of_the_room(fronts, start):
    cartridge, machine = start()
    fronts.tap(machine, "down", "a", "up")  # the last row, its first word
    fronts.tap(machine, "right", "a", "right", "a", "left", "a", "a")  # space, delete, space, space
    length = cartridge.places["beginning_length"]
    assert machine.memory(0, length)[0] == 2
    fronts.tap(machine, "left", "a", "up")  # the other page
    assert machine.memory(0, cartridge.places["key_page"])[0] == 0
    for _ in range(MOST_LETTERS):
        fronts.tap(machine, "a", frames=3)
    assert machine.memory(0, length)[0] == MOST_LETTERS
    shown = fronts.read_rows(machine, 2, 4)
    assert shown == [b"   " + b"'" * 16 + b" "] + [b" " + b"'" * 18 + b" "] * 3
    fronts.tap(machine, "b")
    assert fronts.read_rows(machine, 5, 1)[0] == b" " + b"'" * 17 + bytes([SIGNS["block"]]) + b" "
    fronts.tap(machine, "down", "left", "a")  # "go", left of the first word
    fronts.wait_end(machine, cartridge)
    assert read_asked(machine, cartridge)[3] == b"  " + b"'" * (MOST_LETTERS - 3)


def test_a_story_from_no_beginning(fronts, start):
    cartridge, machine = start([b"All", b" alone."])
    fronts.tap(machine, "down", "a", "start")
    fronts.wait_end(machine, cartridge)
    assert read_asked(machine, cartridge) == (1, 1, 1, b"")
    assert fronts.read_text(machine, 1) == [fronts.cells("All alone.")]


def test_settings_are_changed_shown_and_reach_the_model(fronts, start):
    cartridge, machine = start()
    fronts.tap(machine, "select")
    fronts.wait_row(machine, 0, " Settings")
    shown = []
    for button in ("right", "right", "left", "left", "left", "a", "a", "a", "right"):
        shown.append(fronts.read_rows(machine, 4, 1)[0][16:].decode().strip())
        fronts.tap(machine, button)
    assert shown == ["0.5", "1.0", "1.0", "0.5", "0", "0", "0.5", "1.0", "0"]
    fronts.tap(machine, "down")
    seeds = []
    for button in ("right", "left", "left", "left", "right", "a", "a"):
        seeds.append(int(fronts.read_rows(machine, 10, 1)[0][14:19]))
        fronts.tap(machine, button)
    assert seeds[:6] == [1, 2, 1, 0, 65535, 0]
    seed = int(fronts.read_rows(machine, 10, 1)[0][14:19])
    assert len({0, seeds[6], seed}) == 3
    fronts.tap(machine, "b")
    fronts.wait_title(machine)
    fronts.tap(machine, "a", "a")
    fronts.wait_end(machine, cartridge)
    assert read_asked(machine, cartridge) == (1, 1, seed, b"Once")
    shown = machine.memory(0, fronts.BAR_MAP, 20)
    assert shown == fronts.cells(f"   seed {seed:5} at 0.5")


def test_b_stops_a_story_and_what_was_told_stays(fronts, start):
    cartridge, machine = start([b" on"] * 2000, ticks=60)
    fronts.tap(machine, "a", "a")
    machine.run(200)
    machine.press("b")  # between two tokens, for less than one takes
    machine.run(2)
    machine.press()
    fronts.wait_end(machine, cartridge, 60)
    slot = machine.memory(15, 0xA000, 0x1000)
    length = int.from_bytes(slot[10:12], "little")
    assert 4 + 3 * 5 < length < 4 + 3 * 1000
    assert slot[16 : 16 + length] == b"Once" + b" on" * ((length - 4) // 3)


@pytest.mark.parametrize("button", ["b", "start"])
def test_the_button_that_stops_a_story_may_be_held(button, fronts, start):
    """It does nothing more until it is pressed again."""
    cartridge, machine = start([b" on"] * 2000, ticks=60)
    fronts.tap(machine, "a", "a")
    machine.run(100)
    machine.press(button)
    machine.run(120)
    fronts.wait_end(machine, cartridge, 1)
    assert machine.memory(0, 0xFF40)[0] == WITH_BAR  # the title has no bar that stays
    machine.press()
    machine.run(10)
    assert machine.memory(0, 0xFF40)[0] == WITH_BAR
    fronts.tap(machine, button)
    fronts.wait_title(machine)
    assert machine.memory(0, 0xFF40)[0] == PLAIN


def test_the_moon_moves_while_the_model_thinks(fronts, start):
    _, machine = start([b"a"], ticks=255)
    fronts.tap(machine, "a")
    machine.press("a")
    phases = []
    for _ in range(40):
        machine.run(1)
        phases.append(machine.memory(0, fronts.BAR_MAP + 1)[0])
    assert set(range(MOON, MOON + 8)) <= set(phases)


def test_a_tick_takes_few_instructions_and_leaves_all_but_the_accumulator(fronts, start):
    cartridge, machine = start([b"a"] * 20, ticks=10)
    fronts.tap(machine, "a")
    machine.press("a")
    places = {"in": cartridge.symbols["tick"], "out": cartridge.symbols["next_token.wait"]}
    assert machine.cycles_between(*places.values()) < 140
    files = machine._pyboy.register_file
    seen = []
    machine._pyboy.hook_register(
        *cartridge.symbols["tick"], lambda _: seen.append((files.B, files.HL, files.SP)), None
    )
    back = (0, cartridge.symbols["next_token.wait"][1] - 2)  # behind the call
    machine._pyboy.hook_register(*back, lambda _: seen.append((files.B, files.HL, files.SP - 2)), None)
    machine.run(30)
    assert len(seen) > 20
    assert seen[0:20:2] == seen[1:21:2]


@pytest.mark.parametrize(
    "held", [("a", "b", "select", "start", "right", "left", "up", "down"), ("a", "start"), ("b",)]
)
def test_every_button_held_from_power_on_does_no_harm(held, fronts, start, load):
    cartridge = fronts.make_cartridge([b" word"] * 30, FRONT, ticks=1)
    with load("deploy/gameboy/emulators.py").open_pyboy(cartridge.image, EMPTY) as machine:
        machine.press(*held)
        machine.run(1200)
        machine.press()
        for _ in range(3):
            fronts.tap(machine, "b", frames=30)  # from wherever that has led
        fronts.wait_title(machine)
        fronts.tap(machine, "up", "up", "up")
        while not fronts.read_rows(machine, 12, 1)[0].startswith(bytes([SIGNS["pointer"]])):
            fronts.tap(machine, "down")
        count = read_asked(machine, cartridge)[0]
        fronts.tap(machine, "a", "a")
        fronts.wait_end(machine, cartridge, told=count + 1)
        assert read_asked(machine, cartridge)[3] == b"Once"


@pytest.mark.parametrize(
    ("front", "words"),
    [
        (Front(openings=()), "0 openings"),
        (Front(openings=("a",) * 8), "8 openings"),
        (Front(openings=("a" * 81,)), "longer than 80 bytes"),
        (Front(temperatures=("1.25",)), "1 to 3 letters"),
        (Front(temperature=4), "no temperature 4"),
        (Front(seed=65536), "the seed 65536"),
        (Front(longest_token=256), "1 to 255"),
        (Front(longest_beginning=60), "60 bytes are too few"),
        (Front(slot_bytes=300), "multiples of 256"),
        (Front(save_at=0xA100), "two slots of 4096 bytes from 0xa100 do not lie in a bank"),
        (Front(most_lines=2000), "no room for lines"),
    ],
)
def test_what_no_cartridge_can_have_is_refused(front, words):
    with pytest.raises(AssemblyError, match=words):
        make_front(front, make_wram(0), make_wram(7))


def test_variables_take_little_of_the_memory_that_the_model_needs():
    area = make_wram(0)
    blocks = make_front(Front(), area, make_wram(7))
    assert area.next_free - area.first < 256
    assert set(VARIABLES) <= set(blocks.places)
    assert len(blocks.bridge) < 256
    assert len(blocks.screens) < 0x4000
    assert most_story_bytes(0x1000) == 4078
