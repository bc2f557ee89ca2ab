"""Room in memory is handed out without overlap, and refused when there is no more."""

import pytest

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, assemble
from lilliput.deploy.gameboy.machine.memory import Area, make_hram, make_sram, make_wram


def test_names_get_addresses_that_assembly_knows():
    area = make_wram(2)
    assert area.take("count", 1) == 0xD000
    assert area.take("table", 512, align=256) == 0xD100
    assert area.take("rest", 0xD00) == 0xD300
    assert assemble("ld hl, table\nld a, (count)", area.constants).data == bytes.fromhex("2100d1 fa00d0")


@pytest.mark.parametrize(
    ("area", "first", "last"),
    [
        (make_hram(), 0xFF80, 0xFFFE),
        (make_wram(0), 0xC000, 0xCFFF),
        (make_wram(7), 0xD000, 0xDFFF),
        (make_sram(15), 0xA000, 0xBFFF),
    ],
    ids=lambda value: value.name if isinstance(value, Area) else hex(value),
)
def test_an_area_has_all_of_its_bytes_and_none_more(area, first, last):
    assert area.take("all but one", last - first) == first
    assert area.take("one", 1) == last
    with pytest.raises(AssemblyError, match=f"{area.name} has no room for more: 1 bytes wanted, 0 left"):
        area.take("more", 1)


def test_a_name_is_given_once():
    area = make_hram()
    area.take("once", 1)
    with pytest.raises(AssemblyError, match="high memory has room for once already"):
        area.take("once", 1)


def test_banks_that_do_not_exist_are_refused():
    with pytest.raises(AssemblyError, match="banks 0 to 7, not 8"):
        make_wram(8)
    with pytest.raises(AssemblyError, match="banks 0 to 15, not -1"):
        make_sram(-1)
