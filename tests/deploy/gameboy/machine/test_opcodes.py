"""Every instruction of the SM83: its bytes as sdasgb writes them, its M-cycles as PyBoy counts them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.opcodes import CONDITIONS, IMMEDIATES, INSTRUCTIONS, Instruction
from lilliput.deploy.gameboy.machine.rom import Rom

VALUES = {
    "byte": (0, 0x5A, 0xFF),
    "word": (0, 0x1234, 0xFFFF),
    "page": (0, 0x85, 0xFF),
    "jump": (0x150, 0x7FFF),
    "signed": (-128, -1, 0, 127),
    "relative": (0, 1, 127),
}
"""What stands for an expression, by kind; of relative jumps, bytes between the jump and its target."""


@pytest.fixture(scope="module")
def sdasgb(tmp_path_factory):
    """A function from the text of a program for sdasgb to its bytes."""
    if not shutil.which("sdasgb") or not shutil.which("sdldgb"):
        pytest.skip("needs sdasgb and sdldgb (Debian: apt install sdcc)")

    def run(text: str) -> bytes:
        folder = tmp_path_factory.mktemp("sdasgb")
        (folder / "all.s").write_text(f"\t.area _CODE\n{text}\n")
        for command in ("sdasgb -o all.rel all.s", "sdldgb -n -i all.ihx all.rel"):
            done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[:4000]
        return read_intel_hex(folder / "all.ihx")

    return run


def read_intel_hex(path: Path) -> bytes:
    """The bytes of a file of `:LLAAAATT…CC` lines that begins at address 0."""
    data = bytearray()
    for line in path.read_text().split():
        record = bytes.fromhex(line[1:])
        if record[3] == 0:
            at = int.from_bytes(record[1:3], "big")
            data[at:] = bytes(max(0, at - len(data)))
            data[at:] = record[4:-1]
    return bytes(data)


def spell(form: Instruction, expression: str) -> str:
    """The instruction with `expression` as its immediate operand, as we write it."""
    written = []
    for operand in form.operands:
        if operand in ("(n)", "(nn)"):
            written.append(f"({expression})")
        elif operand == "sp+s":
            written.append(f"sp{expression}" if expression.startswith("-") else f"sp+{expression}")
        else:
            written.append(expression if operand in IMMEDIATES else operand)
    return f"{form.mnemonic} {', '.join(written)}".rstrip()


def spell_for_sdasgb(form: Instruction, expression: str) -> str:
    """The same, as Debian's assembler wants it."""
    if "sp+s" in form.operands:
        return f"ldhl sp, #{expression}"
    return (
        re.sub(r"\b(n|nn|s)\b", f"#{expression}", str(form))
        if set(form.operands) & {"n", "nn", "s"}
        else (spell(form, expression))
    )


def iter_cases():
    """Every instruction with every value it may have: our text and sdasgb's."""
    for form in INSTRUCTIONS:
        kind = "" if form.immediate is None else IMMEDIATES[form.operands[form.immediate]][0]
        for value in VALUES.get(kind, (0,)):
            if kind == "relative":
                label = f"to_{form.opcode.hex()}_{value}"
                yield (
                    f"{spell(form, label)}\n.fill {value}\n{label}:",
                    f"{spell(form, label)}\n.ds {value}\n{label}:",
                )
            else:
                yield spell(form, str(value)), spell_for_sdasgb(form, str(value))


def test_there_are_244_and_256_instructions_with_as_many_codes():
    assert len({form.opcode for form in INSTRUCTIONS}) == len(INSTRUCTIONS) == 500
    assert sum(form.opcode[0] == 0xCB for form in INSTRUCTIONS) == 256
    unused = set(range(256)) - {form.opcode[0] for form in INSTRUCTIONS}
    assert unused == {0xD3, 0xDB, 0xDD, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xF4, 0xFC, 0xFD}


def test_every_instruction_has_the_bytes_that_sdasgb_gives_it(sdasgb):
    cases = [(ours, theirs) for ours, theirs in iter_cases()]
    block = assemble("\n".join(ours for ours, _ in cases))
    assert not block.relocations
    theirs = sdasgb("\n".join(f"\t{text}".replace(":", ":\n") for _, text in cases))
    ends = [*(one.offset for one in block.instructions[1:]), len(block)]
    wrong = [
        f"{one.text}: {block.data[one.offset : end].hex(' ')}, sdasgb {theirs[one.offset : end].hex(' ')}"
        for one, end in zip(block.instructions, ends, strict=True)
        if block.data[one.offset : end] != theirs[one.offset : end]
    ]
    assert not wrong
    assert block.data == theirs


def test_a_form_is_as_long_as_it_says():
    for form in INSTRUCTIONS:
        block = assemble(spell(form, "5"))
        assert len(block) == form.length, str(form)


SETUP = """
    ld sp, 0xDF00
    ld bc, 0xC8{carry:02x}
    push bc
    pop af
    ld bc, 0xC810
    ld de, 0xC820
    ld hl, 0xC830
"""
CARRY, ZERO = 0x10, 0x80
JUMPS = ("jr", "jp", "call", "ret", "reti")


def flags_for(form: Instruction, taken: bool) -> int:
    """Flags under which a conditional jump is taken or not."""
    condition = next((word for word in form.operands if word in CONDITIONS and form.mnemonic in JUMPS), "")
    flag = ZERO if condition.endswith("z") else CARRY
    return flag if taken is not condition.startswith("n") else 0


def make_case(form: Instruction, number: int, taken: bool) -> tuple[str, str]:
    """Assembly that runs it between two labels, and the second of them."""
    first, last = f"first_{number}", f"last_{number}"
    text = SETUP.format(carry=flags_for(form, taken))
    if form.mnemonic in ("ret", "reti"):
        text += f"    ld hl, {last}\n    push hl\n"
    if str(form) == "jp (hl)":
        text += f"    ld hl, {last}\n"
    if form.mnemonic == "ldh":
        text += "    ld c, 0x90\n"
    if str(form).startswith("ld") and form.immediate is not None and "(nn)" in form.operands:
        expression = "0xC840"
    else:
        expression = {"far": last, "near": last, "(n)": "0x90", "nn": "0xC850"}.get(
            form.operands[form.immediate] if form.immediate is not None else "", "3"
        )
    text += f"{first}: {spell(form, expression)}\n{last}: di\n"
    if form.mnemonic == "rst":
        text += "    pop hl\n"
        return text, f"vector_{form.operands[0]}"
    return text, last


def count_cycles(cases: list[tuple[Instruction, bool]], load) -> list[int]:
    """M-cycles of each, by PyBoy, in a program of all of them at double speed."""
    emulators = load("deploy/gameboy/emulators.py")
    rom, watched = Rom("start"), []
    texts = ["start: di\n ld a, 1\n ldh (rKEY1), a\n stop\n xor a\n ldh (rIE), a\n ldh (rIF), a\n"]
    for number, (form, taken) in enumerate(cases):
        text, last = make_case(form, number, taken)
        texts.append(text)
        watched.append((f"first_{number}", last))
    rom.place("main", assemble("\n".join(texts) + "\nstop_here: di\n.stay: jr .stay"), bank=0)
    for vector in range(0, 64, 8):
        rom.place(f"vector_{vector}", assemble("ret"), bank=0, address=vector)
    image = rom.link()
    with emulators.open_pyboy(image) as machine:
        names = {name for pair in watched for name in pair} | {"stop_here"}
        seen = machine.watch({name: rom.symbols[name] for name in names})
        for _ in range(600):
            machine.run(1)
            if seen and seen[-1][0] == "stop_here":
                break
    counted, at = [], 0
    for first, last in watched:
        while seen[at][0] != first:
            at += 1
        behind = next(one for one in range(at + 1, len(seen)) if seen[one][0] == last)
        counted.append(seen[behind][1] - seen[at][1])
    return counted


def test_every_instruction_takes_the_cycles_that_pyboy_counts(load):
    # halt waits for an interrupt and stop for the change of speed: they have no time of their own
    forms = [form for form in INSTRUCTIONS if form.mnemonic not in ("halt", "stop")]
    cases = [(form, True) for form in forms] + [
        (form, False) for form in forms if form.cycles != form.not_taken
    ]
    assert len(cases) == 498 + 16
    expected = [form.cycles if taken else form.not_taken for form, taken in cases]
    counted = count_cycles(cases, load)
    wrong = [
        f"{form}: {count} counted, {cycles} said"
        for (form, _), count, cycles in zip(cases, counted, expected, strict=True)
        if count != cycles
    ]
    assert not wrong
