"""Cartridges in which a test calls a step of a token as often as it likes, memory as it likes, in PyBoy."""

from collections.abc import Iterable, Mapping

from lilliput.deploy.gameboy.machine.assembler import Block, assemble
from lilliput.deploy.gameboy.machine.rom import Rom

STACK = 0xDFFE
"""The stack lies at the end of work memory's bank 1."""
_GO = 0xFFFE
"""The byte of high memory that starts a call; steps must leave it alone."""
_BOOT = 200
_MAIN = """
start:  di
        ld   sp, {stack}
        ld   a, 1
        ldh  (rKEY1), a
        stop
        ld   a, 0x0A
        ld   (rRAMG), a
        ld   a, 1
        ldh  (rSVBK), a
        xor  a
        ldh  ({go}), a
idle:   ldh  a, ({go})
        or   a
        jr   z, idle
        xor  a
        ldh  ({go}), a
step_call: call step
step_done: nop
        jr   idle
"""


class Bench:
    """A machine with the routine `step` of `code`, and `data`, sections by name, in the bank each likes.

    code: Blocks for bank 0. data: (name, block, align) for switched banks; fixed: the same for bank 0.
    banks: (name, block, bank) at the beginnings of banks.
    """

    def __init__(
        self,
        emulators,
        code: Iterable[Block],
        data: Iterable[tuple[str, Block, int]] = (),
        fixed: Iterable[tuple[str, Block, int]] = (),
        banks: Iterable[tuple[str, Block, int]] = (),
    ) -> None:
        rom = Rom(entry="start")
        rom.place("main", assemble(_MAIN.format(stack=STACK, go=_GO)), bank=0)
        for number, block in enumerate(code):
            rom.place(f"code.{number}", block, bank=0)
        for name, block, align in fixed:
            rom.place(name, block, bank=0, align=align)
        for name, block, bank in banks:
            rom.place(name, block, bank=bank, address=0x4000)
        for name, block, align in data:
            rom.place(name, block, align=align)
        self.machine = emulators.open_pyboy(rom.link())
        self.symbols = rom.symbols
        self.machine.run(_BOOT)
        self._seen = self.machine.watch({name: rom.symbols[name] for name in ("step_call", "step_done")})
        self._memory = self.machine._pyboy.memory

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def write(self, memory: Mapping[int, bytes]) -> None:
        """Put bytes at addresses of work memory (bank 1 from 0xD000 on) or high memory."""
        for address, data in memory.items():
            for at, byte in enumerate(bytes(data)):
                self._memory[address + at] = byte

    def read(self, address: int, size: int) -> bytes:
        """Bytes of work memory or high memory."""
        return bytes(self._memory[address + at] for at in range(size))

    def call(self, memory: Mapping[int, bytes], frames: int = 60) -> int:
        """Put bytes into memory, call the step; M-cycles from its first instruction to its return."""
        self.write(memory)
        before = len(self._seen)
        self._memory[_GO] = 1
        for _ in range(frames):
            self.machine.run(1)
            if len(self._seen) == before + 2:
                (_, first), (_, last) = self._seen[before:]
                return last - first - 6
        raise AssertionError(f"{frames} frames were not enough for the step")
