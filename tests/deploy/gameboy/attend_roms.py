"""Cartridges with attention alone, for tests: a token's numbers go in as memory, means come out."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from lilliput.deploy.gameboy.attention.sections import AttendPlaces, make_attention
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.rom import Rom
from lilliput.quantize import reference
from lilliput.quantize.fixed import exact_product, make_exp2_table, make_reciprocal_table
from lilliput.quantize.reference import Reference

PLACES = AttendPlaces(queries=0xC000, key_bits=0xC200, values=0xC300, means=0xC400, high=0xFF80)
PLACES_IN_WORK = replace(PLACES, work=0xC600, value_banks=(3, 4, 5, 6, 7))
"""With values in work memory."""
_GO, _STACK = 0xC500, 0xDFFE
"""The number of the routine that is to be called next."""
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
        ld   ({go}), a
        call attend_setup
        call attend_begin
idle:   ld   a, ({go})
        or   a
        jr   z, idle
        ld   c, a
        xor  a
        ld   ({go}), a
        ld   a, c
        dec  a
        jr   z, token
{choices}
token:  call attend_advance
done:   jr   idle
"""
_CHOICE = """
        dec  a
        jp   nz, next{n}
call{n}: call attend_{n}
done{n}: jr  finished{n}
finished{n}: jp idle
next{n}:
"""


class AttendBench:
    """A console that computes attention of `shape`."""

    def __init__(self, emulators, shape, watch=(), places=PLACES) -> None:
        self.shape = shape
        rom = Rom(entry="start")
        choices = "".join(_CHOICE.format(n=n) for n in range(shape.layers)) + "jp idle\n"
        rom.place("main", assemble(_MAIN.format(stack=_STACK, go=_GO, choices=choices)), bank=0)
        make_attention(shape, places).place(rom, 2)
        self.machine = emulators.open_pyboy(rom.link())
        self.machine.run(300)
        self.symbols = rom.symbols
        self._memory = self.machine._pyboy.memory
        self.seen = self.machine.watch({name: rom.symbols[name] for name in watch})

    def __enter__(self) -> "AttendBench":
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def advance(self) -> None:
        """The next token."""
        self._go(1)

    def attend(self, layer: int, queries, keys, values, frames: int = 40):
        """(heads, d_head) means of queries of that shape; keys and values (kv_heads, d_head) are new."""
        shape = self.shape
        self._write(PLACES.queries, queries.astype("<i2").tobytes())
        stride = shape.planes + 1 & ~1
        for head, key in enumerate(keys):
            bits = (key + 2**shape.planes - 1) >> 1
            for table in range(shape.tables):
                eight = bits[8 * table : 8 * table + 8, None] >> np.arange(shape.planes) & 1
                planes = (eight << np.arange(8)[:, None]).sum(axis=0)
                self._write(
                    PLACES.key_bits + 2 * shape.d_head * head + stride * table, planes.astype("u1").tobytes()
                )
        self._write(PLACES.values, values.astype("i1").tobytes())
        self._go(2 + layer, frames)
        means = self.machine.memory(0, PLACES.means, queries.size)
        return np.frombuffer(means, "i1").reshape(queries.shape).astype(np.int64)

    def _write(self, address: int, data: bytes) -> None:
        for at, byte in enumerate(data):
            self._memory[address + at] = byte

    def _go(self, what: int, frames: int = 2) -> None:
        self._memory[_GO] = what
        idle = range(self.symbols["idle"][1], self.symbols["idle"][1] + 8)
        for _ in range(frames):
            self.machine.run(1)
            if self._memory[_GO] == 0 and self.machine._pyboy.register_file.PC in idle:
                return
        raise AssertionError(
            f"{frames} frames were not enough; PC {self.machine._pyboy.register_file.PC:#06x}"
        )


def define(shape, layer: int, queries, keys, values):
    """(T, heads, d_head) what quantize/reference.py makes of queries (T, heads, d_head), and keys and values
    (T, kv_heads, d_head)."""
    definition = Reference.__new__(Reference)
    definition.model = SimpleNamespace(window=shape.slots, sum_bits=16, reciprocal_bits=8)
    definition._exp2 = make_exp2_table(shape.chance_bits).astype(np.int64)
    definition._reciprocal = make_reciprocal_table().astype(np.int64)
    definition._checked = True
    numbers = SimpleNamespace(
        score_shift=shape.score_shifts[layer],
        v=SimpleNamespace(output_limit=shape.value_limit),
        o_shift=shape.o_shift,
        o=SimpleNamespace(made_limit=127),
    )
    grouped = queries.reshape(len(queries), shape.kv_heads, shape.group, -1).transpose(1, 2, 0, 3)
    by_head = keys.transpose(1, 0, 2)[:, None]
    scores = exact_product(grouped, by_head.astype(np.float64))
    assert abs(scores).max() < 2**15
    means = definition._mix(numbers, scores, values.transpose(1, 0, 2).astype(np.float64), 0)
    return means.transpose(2, 0, 1, 3).reshape(queries.shape)


class Listening(Reference):
    """The definition, which notes what its heads read and make, layer by layer."""

    def __init__(self, model, monkeypatch) -> None:
        super().__init__(model, checked=True)
        self.queries, self.keys, self.values, self.means = [], [], [], []
        monkeypatch.setattr(reference, "exact_product", self._listen)

    def _listen(self, x, weights):
        if x.ndim == 4 and x.shape[-1] == weights.shape[-1] == self.model.config.d_head:
            heads, group, tokens, d_head = x.shape  # queries by kv head, and then keys
            self.queries.append(x.transpose(2, 0, 1, 3).reshape(tokens, heads * group, d_head))
            self.keys.append(weights[:, 0].astype(np.int64).transpose(1, 0, 2))
        return exact_product(x, weights)

    def _attend(self, layer, number, h, cache):
        means = super()._attend(layer, number, h, cache)
        self.means.append(means.reshape(self.queries[-1].shape))
        self.values.append(cache.values[number][:, : len(h)].astype(np.int64).transpose(1, 0, 2))
        return means
