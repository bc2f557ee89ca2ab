"""Cartridges that encode beginnings and tell pieces of ids; tokenizers and texts to try them with."""

import random
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import lilliput
from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.screens.keys import PAGES
from lilliput.deploy.gameboy.words.encode import count_encode_scratch, write_encode
from lilliput.deploy.gameboy.words.piece import make_pieces, measure_longest_piece, write_piece
from lilliput.deploy.gameboy.words.tables import make_encode_tables
from lilliput.stories.world import iter_world
from lilliput.tokens import Tokenizer, train_tokenizer
from lilliput.tokens.layout import build_byte_level

TEXT, ANSWER, IDS, SCRATCH, PIECE = 0xD000, 0xC100, 0xC110, 0xC400, 0xCC00
FIRST = ANSWER + 8
KEYS = "".join(row for page in PAGES for row in page) + " "

# every form that a tokenizer image has, from the tests of the C engine
KINDS: dict[str, Tokenizer] = runpy.run_path(
    str(Path(__file__).parents[2] / "runtime/conftest.py"), run_name="kinds"
)["KINDS"]
REFUSED = {
    "Llama 3's": "looks words up",
    "SentencePiece, words first": "looks words up",
    "Qwen's": "changes characters",
    "SentencePiece, a character table": "changes characters",
    "SentencePiece, a byte missing": "255 bytes",
    "SentencePiece, the space unknown": "no id for a space",
}
"""The kinds that a cartridge cannot have, and what it says of them."""


@cache
def shipped(name: str) -> Tokenizer:
    """The tokenizer of a model that the package has."""
    return Tokenizer.load(Path(lilliput.__path__[0]) / f"shipped/{name}/tokenizer.json")


@cache
def trained(vocab_size: int) -> Tokenizer:
    """A byte-level BPE of stories of the built-in world."""
    return train_tokenizer([story.text for story in iter_world(5, 200)], vocab_size)


@cache
def wide(shuffled: bool) -> Tokenizer:
    """2,963 ids; 3 of them merge with 676 others each, in the order of ids or in another."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = [(first, second) for first in letters for second in letters]
    triples = [(first, "".join(pair)) for first in "AKZ" for pair in pairs]
    merges = [*pairs, *triples]
    pieces = ["".join(merge) for merge in merges]
    if shuffled:
        random.Random(3).shuffle(merges)
    return build_byte_level(pieces, merges)


def draw_keys(seed: int, count: int, longest: int = 80) -> Iterator[str]:
    """Texts of the keyboard's letters: wild ones, and words of stories cut anywhere."""
    draw = random.Random(seed)
    stories = " ".join(story.text for story in iter_world(seed, 40))
    told = "".join(letter for letter in stories if letter in KEYS)
    for number in range(count):
        length = draw.randint(1, longest)
        if number % 2:
            yield "".join(draw.choices(KEYS, [1 + 12 * (letter in "aeths ") for letter in KEYS], k=length))
        else:
            at = draw.randrange(len(told) - length)
            yield told[at : at + length]


class EncodeBench:
    """`encode` on the Game Boy, of up to `longest` bytes."""

    def __init__(self, roms, emulators, tokenizer: Tokenizer, longest: int = 255) -> None:
        tables = make_encode_tables("tokens", tokenizer)
        code = write_encode("encode", tables=tables, ids=IDS, scratch=SCRATCH, longest=longest)
        step = assemble(
            f"step: ld hl, {ANSWER}\nld a, (hl+)\nld c, a\nld b, (hl)\nld hl, {TEXT}\ncall encode\n"
            f"ld hl, {ANSWER}\nld (hl), c\ninc hl\nld (hl), b\nld ({ANSWER + 2}), sp\nret"
        )
        self.tables, self.longest = tables, longest
        self._bench = roms.Bench(emulators, [step, code], [(n, b, 1) for n, b in tables.sections.items()])
        self._stack = (roms.STACK - 2).to_bytes(2, "little")
        self._marks = [IDS + 2 * longest + 2, SCRATCH + count_encode_scratch(longest), IDS - 2, SCRATCH - 2]
        self.cycles = 0

    def __enter__(self) -> "EncodeBench":
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.machine.close()

    def encode(self, text: str | bytes) -> list[int]:
        """The ids; `cycles` is how long they took. Text, and what lies round ids and scratch, must stay."""
        raw = text.encode() if isinstance(text, str) else text
        behind = "▁▁".encode()[1:]  # goes on with a character that the text breaks off
        memory = {TEXT: raw + behind, ANSWER: len(raw).to_bytes(2, "little")}
        memory |= dict.fromkeys(self._marks, b"\x5a\xa5")
        self.cycles = self._bench.call(memory, frames=120)
        assert self._bench.read(TEXT, len(raw)) == raw
        assert all(self._bench.read(mark, 2) == b"\x5a\xa5" for mark in self._marks)
        assert self._bench.read(ANSWER + 2, 2) == self._stack
        count = int.from_bytes(self._bench.read(ANSWER, 2), "little")
        found = self._bench.read(IDS, 2 * count)
        return [int.from_bytes(found[at : at + 2], "little") for at in range(0, 2 * count, 2)]


class PieceBench:
    """`piece` on the Game Boy."""

    def __init__(self, roms, emulators, tokenizer: Tokenizer) -> None:
        self.table = make_pieces("pieces", tokenizer)
        code = write_piece(
            "piece", table=self.table, buffer=PIECE, first=FIRST, drops_space=tokenizer.dummy_prefix
        )
        step = assemble(
            f"step: ld hl, {ANSWER}\nld a, (hl+)\nld e, a\nld d, (hl)\ncall piece\n"
            f"ld ({ANSWER + 2}), a\nld a, l\nld ({ANSWER + 3}), a\nld a, h\nld ({ANSWER + 4}), a\nret"
        )
        sections = [(name, block, 1) for name, block in self.table.sections.items()]
        self._bench = roms.Bench(emulators, [step, code], sections)
        self._behind = PIECE + measure_longest_piece(tokenizer)
        self.cycles = 0

    def __enter__(self) -> "PieceBench":
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.machine.close()

    def begin(self, first: bool) -> None:
        """A story begins, with or without ids before what comes."""
        self._bench.write({FIRST: bytes([first])})

    def piece(self, token: int) -> bytes:
        """Its bytes; `cycles` is how long they took."""
        self.cycles = self._bench.call({ANSWER: token.to_bytes(2, "little"), self._behind: b"\x5a"})
        assert self._bench.read(self._behind, 1) == b"\x5a"
        count, *place = self._bench.read(ANSWER + 2, 3)
        assert int.from_bytes(place, "little") == PIECE
        return self._bench.read(PIECE, count)
