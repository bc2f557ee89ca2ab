"""Sections become a cartridge: where they lie, what is refused, and the header."""

import shutil
import subprocess

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.machine.rom import Rom

LOOP = "start: di\nstay: jr stay"


def make_rom(**settings) -> Rom:
    """One that does nothing."""
    rom = Rom("start", **settings)
    rom.place("main", assemble(LOOP), bank=0)
    return rom


def test_sections_lie_in_the_banks_that_they_name_and_others_where_room_is():
    rom = make_rom()
    rom.place("third", Block.of(b"third"), bank=3)
    rom.place("large", Block.of(bytes(16384)))
    rom.place("small", Block.of(b"small"))
    rom.place("smaller", Block.of(b"smal"), align=256)
    image = rom.link()
    assert [rom.symbols[name] for name in ("third", "large")] == [(3, 0x4000), (1, 0x4000)]
    assert rom.symbols["small"] == (2, 0x4000)
    assert rom.symbols["smaller"] == (2, 0x4100)
    assert image[0x8000:0x8005] == b"small"
    assert image[0x8100:0x8104] == b"smal"
    assert image[0xC000:0xC005] == b"third"
    assert set(image[0xC005:]) == {0xFF}
    assert len(image) == 4 * 0x4000
    assert rom.free_bytes()[1] == 0
    assert rom.free_bytes()[3] == 16384 - 5


def test_labels_are_found_in_other_sections():
    rom = make_rom()
    rom.place("table", Block.of(bytes(40), {"middle": 20}), bank=2)
    text = "ld hl, middle + 1\n.word middle\n.byte bank(middle), lo(middle), hi(middle)"
    rom.place("user", assemble(text), bank=1)
    image = rom.link()
    assert rom.symbols["middle"] == (2, 0x4014)
    assert image[0x4000:0x4008] == bytes([0x21, 0x15, 0x40, 0x14, 0x40, 2, 0x14, 0x40])


def test_code_for_ram_knows_its_place_there_and_the_rest_where_to_copy_it_from():
    rom = make_rom()
    rom.place("moved", assemble("moved: jp .end\n.end: ret"), bank=3, run_at=0xC123)
    rom.place("mover", assemble(".word load(moved), size(moved)\n.byte bank(moved)\ncall moved"), bank=1)
    image = rom.link()
    assert image[0xC000:0xC004] == bytes([0xC3, 0x26, 0xC1, 0xC9])
    assert image[0x4000:0x4008] == bytes([0x00, 0x40, 4, 0, 3, 0xCD, 0x23, 0xC1])


def test_fixed_addresses_are_kept_and_nothing_else_is_put_below_them():
    rom = make_rom()
    rom.place("vblank", assemble("reti"), bank=0, address=0x40)
    rom.place("other", Block.of(b"other"), bank=0)
    image = rom.link()
    assert image[0x40] == 0xD9
    assert rom.symbols["start"][1] >= 0x68
    assert rom.symbols["other"][1] >= 0x68


def test_the_header_has_the_checksums_that_the_console_computes():
    rom = make_rom(title="A STORY", sram_banks=4)
    rom.place("far", Block.of(b"far"), bank=200)
    image = rom.link()
    assert image[0x100:0x102] == bytes([0x00, 0xC3])
    assert int.from_bytes(image[0x102:0x104], "little") == rom.symbols["start"][1]
    assert image[0x134:0x13F] == b"A STORY\0\0\0\0"
    assert image[0x143] == 0x80
    assert list(image[0x147:0x14A]) == [0x1B, 7, 3]
    assert len(image) == 0x8000 << image[0x148]
    total = np.frombuffer(image, np.uint8).astype(np.int64)
    assert -int(total[0x134:0x14D].sum() + 25) & 0xFF == image[0x14D]
    assert int(total.sum() - total[0x14E:0x150].sum()) & 0xFFFF == int.from_bytes(image[0x14E:0x150], "big")
    assert make_rom(color="only").link()[0x143] == 0xC0


def write_intel_hex(image: bytes, first: int, last: int) -> str:
    """Records of bytes first to last - 1."""
    lines = []
    for at in range(first, last, 16):
        record = bytes([len(image[at : min(at + 16, last)]), *at.to_bytes(2, "big"), 0])
        record += image[at : min(at + 16, last)]
        lines.append(f":{record.hex()}{-sum(record) & 0xFF:02x}".upper())
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("color", ["both", "only"])
def test_the_header_is_the_one_that_sdcc_writes(color, tmp_path):
    if not shutil.which("makebin"):
        pytest.skip("needs makebin (Debian: apt install sdcc)")
    rom = make_rom(title="A STORY", color=color)
    rom.place("noise", Block.of(np.random.default_rng(3).bytes(16384)), bank=1)
    image = rom.link()
    left_to_us = [(0, 0x104), (0x146, 0x147), (0x14C, 0x14D), (0x150, len(image))]
    without = "".join(write_intel_hex(image, first, last) for first, last in left_to_us)
    (tmp_path / "rom.ihx").write_text(without + ":00000001FF\n")
    kind = ["-yc" if color == "both" else "-yC", "-yt", "0x1B", "-yo", "2", "-ya", "16", "-yj"]
    subprocess.run(["makebin", "-Z", *kind, "-yn", "A STORY", "rom.ihx", "rom.gbc"], cwd=tmp_path, check=True)
    assert (tmp_path / "rom.gbc").read_bytes() == image


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"title": "TWELVE CHARS"}, "title 'TWELVE CHARS': 1 to 11"),
        ({"title": ""}, "title ''"),
        ({"title": "É"}, "letters of ASCII"),
        ({"sram_banks": 3}, r"3 banks of battery memory: \[1, 4, 8, 16\]"),
    ],
)
def test_a_header_that_cannot_be_is_refused(settings, words):
    with pytest.raises(AssemblyError, match=words):
        make_rom(**settings).link()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"name": "main"}, "a section main already"),
        ({"bank": 512}, "section more: banks are 0 to 511, not 512"),
        ({"bank": -1}, "banks are 0 to 511, not -1"),
        ({"address": 0x4000}, "an address needs a bank"),
        ({"align": 3}, "aligned to 3"),
        ({"block": Block.of(bytes(16385))}, "section more: 16385 bytes, and a bank has 16384"),
    ],
)
def test_a_section_that_can_lie_nowhere_is_refused(wanted, words):
    with pytest.raises(AssemblyError, match=words):
        make_rom().place(**{"name": "more", "block": Block.of(b"more"), **wanted})


def test_what_does_not_fit_is_refused_with_bytes_wanted_and_left():
    rom = make_rom()
    rom.place("first", Block.of(bytes(16000)), bank=1)
    rom.place("second", Block.of(bytes(400)), bank=1)
    with pytest.raises(AssemblyError, match=r"section second .* bank 1: 400 bytes wanted, 384 left"):
        rom.link()
    rom = make_rom()
    rom.place("twice", Block.of(b"twice"), bank=0, address=0x50)
    rom.place("over", Block.of(b"over"), bank=0, address=0x53)
    with pytest.raises(AssemblyError, match="section over does not fit into bank 0 at 0x0053"):
        rom.link()
    rom = make_rom()
    rom.place("header", Block.of(b"header"), bank=0, address=0x140)
    with pytest.raises(AssemblyError, match="section header does not fit"):
        rom.link()
    rom = make_rom()
    for number in range(512):
        rom.place(f"large{number}", Block.of(bytes(10000)))
    with pytest.raises(AssemblyError, match=r"large511 fits into no bank: 10000 bytes wanted, \d+ left"):
        rom.link()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jp nowhere", r"more, line 1 \(jp nowhere\): there is no label nowhere"),
        ("ld a, size(nothing)", "there is no section nothing"),
        ("start: nop", "section more: the label start exists already"),
        ("ld a, there", "16384 does not fit"),
        ("jp there", "a jump from bank 1 to there in bank 2: go by way of bank 0"),
        ("jr there", "a jump from bank 1 to there in bank 2"),
        ("jr start", r"a relative jump of -\d+ bytes"),
    ],
)
def test_what_cannot_be_linked_is_refused_with_its_line(text, words):
    rom = make_rom()
    rom.place("there", Block.of(b"there"), bank=2)
    rom.place("more", assemble(text, name="more"), bank=1)
    with pytest.raises(AssemblyError, match=words):
        rom.link()


def test_the_entry_must_lie_where_the_processor_begins():
    rom = Rom("start")
    rom.place("main", assemble(LOOP), bank=1)
    with pytest.raises(AssemblyError, match="the entry start lies in bank 1"):
        rom.link()
