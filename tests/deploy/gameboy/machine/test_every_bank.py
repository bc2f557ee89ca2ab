"""A cartridge of 8 MB at double speed reaches all banks of ROM, battery and work memory: three emulators."""

import numpy as np
import pytest

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.machine.rom import Rom

EVERY_BANK = """
start:
        di
        ld   sp, 0xFFFE
        xor  a
        ldh  (rIE), a
        ld   a, 1
        ldh  (rKEY1), a
        stop                    ; to double speed
        ld   a, 0x0A
        ld   (rRAMG), a         ; the cartridge's RAM is to be seen

        ld   b, 0               ; battery memory: (bank * 16 ^ low) + high
.sram:  ld   a, b
        ld   (rRAMB), a
        ld   hl, 0xA000
.byte:  ld   a, b
        swap a
        xor  l
        add  h
        ld   (hl+), a
        ld   a, h
        cp   0xC0
        jr   nz, .byte
        inc  b
        ld   a, b
        cp   16
        jr   nz, .sram

        ld   b, 0               ; work memory: (bank * 16 + low) ^ high of 0x0000 to 0x0FFF
.wram:  call choose
.fill:  ld   a, h
        and  0x0F
        ld   c, a
        ld   a, b
        swap a
        add  l
        xor  c
        ld   (hl+), a
        ld   a, h
        and  0x0F
        or   l
        jr   nz, .fill
        inc  b
        bit  3, b
        jr   z, .wram

        ld   b, 0               ; work memory onto the first 4 banks of battery memory
.onto:  call choose
        ld   a, b
        srl  a
        ld   (rRAMB), a
        ld   de, 0xA000
        jr   nc, .even
        ld   d, 0xB0
.even:  ld   a, (de)
        xor  (hl)
        ld   (de), a
        inc  de
        inc  hl
        ld   a, h
        and  0x0F
        or   l
        jr   nz, .even
        inc  b
        bit  3, b
        jr   z, .onto

        ld   a, 4               ; of banks 1 to 511 of the ROM: three bytes onto bank 4 of battery memory
        ld   (rRAMB), a
        ld   de, 0xA000
        ld   bc, 1
.rom:   ld   a, c
        ld   (rROMB0), a
        ld   a, b
        ld   (rROMB1), a
        ld   hl, 0x4000
        call onto
        call onto
        ld   hl, 0x7FFF
        call onto
        inc  bc
        bit  1, b
        jr   z, .rom

        ld   a, 5
        ld   (rRAMB), a
        ldh  a, (rKEY1)
        and  0x80
        ld   (0xA000), a
        ld   a, 0x5A
        ld   (0xA001), a        ; done
stay:   jr   stay

choose: ld   hl, 0xC000         ; hl: the first byte of bank b of work memory
        ld   a, b
        ldh  (rSVBK), a
        or   a
        ret  z
        ld   h, 0xD0
        ret

onto:   ld   a, (de)            ; the byte at hl onto that at de, and both one further
        xor  (hl)
        inc  hl
        ld   (de), a
        inc  de
        ret
"""


def expect_every_bank() -> np.ndarray:
    """Battery memory as EVERY_BANK leaves it: (16, 8192)."""
    banks, at = np.indices((16, 0x2000))
    sram = (banks * 16 ^ at & 0xFF) + (0xA0 + (at >> 8)) & 0xFF
    banks, at = np.indices((8, 0x1000))
    sram[:4] ^= (((banks * 16 + (at & 0xFF)) & 0xFF) ^ at >> 8).reshape(4, 0x2000)
    number = np.arange(1, 512)
    sram[4, : 3 * 511] ^= np.stack([number & 0xFF, number >> 8, number * 37 & 0xFF], axis=1).ravel()
    sram[5, :2] = 0x80, 0x5A
    return sram


@pytest.mark.parametrize("name", ["pyboy", "gambatte", "mgba"])
def test_a_cartridge_of_8_megabytes_reaches_every_bank_at_double_speed(name, load):
    rom = Rom("start")
    rom.place("main", assemble(EVERY_BANK), bank=0)
    for bank in range(1, 512):
        rom.place(f"first {bank}", Block.of(bank.to_bytes(2, "little")), bank=bank)
        rom.place(f"last {bank}", Block.of(bytes([bank * 37 & 0xFF])), bank=bank, address=0x7FFF)
    image = rom.link()
    assert len(image) == 8 << 20
    noise = np.random.default_rng(1).integers(0, 256, 16 * 0x2000, np.uint8).tobytes()
    with load("deploy/gameboy/emulators.py").open_emulator(name, image, noise) as machine:
        machine.run_until(5, 0xA001, 0x5A, frames=600)
        left = np.frombuffer(machine.sram(), np.uint8).reshape(16, 0x2000)
    assert np.array_equal(left, expect_every_bank())
