"""Keys' code in battery memory: no two heads share a byte, and none needs a third bank."""

import pytest

from lilliput.deploy.gameboy.attention.room import NEVER, plan_room
from lilliput.deploy.gameboy.attention.shape import AttendShape
from lilliput.deploy.gameboy.machine.memory import SRAM_BANK_BYTES


@pytest.mark.parametrize(
    ("layers", "kv_heads", "d_head", "planes"),
    [(4, 2, 16, 7), (4, 2, 16, 6), (3, 3, 16, 7), (5, 4, 8, 6), (2, 2, 16, 5), (5, 2, 8, 7)],
)
def test_each_heads_slots_have_room_of_their_own_in_two_banks(layers, kv_heads, d_head, planes):
    shape = AttendShape(
        layers=layers,
        kv_heads=kv_heads,
        group=2,
        d_head=d_head,
        slots=128,
        planes=planes,
        value_limit=15,
        chance_bits=7,
        o_shift=3,
        score_shifts=(0,) * layers,
    )
    taken = set()
    for head in (head for heads in plan_room(shape) for head in heads):
        banks = set()
        for slot in range(shape.slots):
            bank, address = head.find_slot(slot, shape)
            banks.add(bank)
            bytes_of = {(bank, address + at) for at in range(shape.slot_bytes)}
            assert 0xA000 <= address <= 0xA000 + SRAM_BANK_BYTES - shape.slot_bytes
            assert not bytes_of & taken
            taken |= bytes_of
        assert banks == ({head.bank} if head.split == NEVER else {head.bank, head.bank + 1})
