"""Cartridges with a whole model and no screens: a test gives tokens, and reads what the console computed."""

from collections.abc import Sequence

import numpy as np

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.memory import make_wram
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.deploy.gameboy.model.loop import Ids
from lilliput.deploy.gameboy.model.places import plan_places
from lilliput.deploy.gameboy.model.sections import ModelParts, place_model
from lilliput.quantize.draw import DrawPlan
from lilliput.quantize.intmodel import IntModel

_MAIN = """
start:  di
        ld   sp, stack
        ld   a, 1
        ldh  (rKEY1), a
        stop
        ld   a, 0x0A
        ld   (rRAMG), a
        xor  a
        ld   (go), a
idle:   ld   a, (go)
        or   a
        jr   z, idle
        ld   b, a
        xor  a
        ld   (go), a
        dec  b
        jr   z, begin
next:   call next_token
told:   ld   a, 0
        rla
        ld   (ended), a
        jr   finished
begin:  ld   bc, 0
        call begin_story
finished: ld a, 1
        ld   (done), a
        jr   idle
encode: ld   a, (given)
        ld   c, a
        ld   b, 0
        ret
find_piece: ld hl, drawn
        ld   a, e
        ld   (hl+), a
        ld   (hl), d
        xor  a
        ret
tick:   xor  a
        ret
"""
_VARIABLES = {
    "go": 1,
    "done": 1,
    "ended": 1,
    "given": 1,
    "drawn": 2,
    "setting_seed": 2,
    "setting_temperature": 1,
    "story_full": 1,
}


class ModelBench:
    """A console that computes `model`, one token after another."""

    def __init__(self, emulators, model: IntModel, plans: Sequence[DrawPlan], ends=(2,), **how) -> None:
        wram = make_wram(0)
        self.at = {name: wram.take(name, size) for name, size in _VARIABLES.items()}
        self.at["ids"] = wram.take("ids", 200)
        self.model = model
        self.places = plan_places(model, wram)
        rom = Rom("start")
        names = {**self.at, "stack": self.places.stack}
        rom.place("main", assemble(_MAIN, names, "main"), bank=0)
        ids = Ids(bos=1, ends=ends, buffer=self.at["ids"], settings=names)
        self.parts: ModelParts = place_model(rom, model, self.places, ids, plans, **how)
        self.image = rom.link()
        self.symbols = rom.symbols
        self.machine = emulators.open_pyboy(self.image)
        self.machine.run(100)

    def __enter__(self) -> "ModelBench":
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def begin(self, beginning: Sequence[int], temperature: int = 0, seed: int = 1) -> None:
        """A new story from these tokens behind BOS."""
        self._write("given", bytes([len(beginning)]))
        self._write("ids", b"\0\0" + np.array(beginning, "<u2").tobytes())
        self._write("setting_temperature", bytes([temperature]))
        self._write("setting_seed", seed.to_bytes(2, "little"))
        self._go(1)

    def next(self) -> int | None:
        """The next token; None where the story ends."""
        self._go(2)
        if self._read("ended", 1)[0]:
            return None
        return int.from_bytes(self._read("drawn", 2), "little")

    def logits(self) -> np.ndarray:
        """(V,) behind the last token that was read."""
        at = self.places.logits
        bank = self.places.logits_bank if at >= 0xD000 else 0
        raw = self.machine.memory(bank, at, 2 * self.model.config.vocab_size)
        return np.frombuffer(raw, "<i2").astype(np.int64)

    def _write(self, name: str, data: bytes) -> None:
        for at, byte in enumerate(data):
            self.machine._pyboy.memory[self.at[name] + at] = byte

    def _read(self, name: str, size: int) -> bytes:
        return self.machine.memory(0, self.at[name], size)

    def _go(self, what: int, frames: int = 6000) -> None:
        self._write("done", b"\0")
        self._write("go", bytes([what]))
        self.machine.run_until(0, self.at["done"], 1, frames)
