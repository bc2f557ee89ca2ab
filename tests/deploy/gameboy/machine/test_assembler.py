"""Assembly becomes blocks: labels, expressions, what is left to the linker, and errors that name the line."""

import pytest

from lilliput.deploy.gameboy.machine.assembler import AssemblyError, Block, assemble
from lilliput.deploy.gameboy.machine.block import relocate


class Places:
    """A lookup for blocks that are linked by hand."""

    def __init__(self, **labels: int) -> None:
        self.labels = labels

    def address(self, label: str) -> int:
        return self.labels[label]

    def bank(self, label: str) -> int:
        return 7

    def load(self, section: str) -> int:
        return 0x4567

    def size(self, section: str) -> int:
        return 321

    def check(self, kind: str, tree: object) -> None:
        pass


def value_of(expression: str, **constants: int) -> int:
    """What it is, from the bytes of a word."""
    return int.from_bytes(assemble(f".word {expression}", constants).data, "little")


def test_labels_have_offsets_and_local_ones_belong_to_the_last_without_a_dot():
    block = assemble("""
first:  nop
.loop:  nop
        jr .loop
second: third: nop      ; two at one place
.loop:  jr first.loop
    """)
    assert block.labels == {"first": 0, "first.loop": 1, "second": 4, "third": 4, "third.loop": 5}
    assert block.data == bytes([0, 0, 0x18, 0xFD, 0, 0x18, 0xFA])
    assert not block.relocations


def test_jumps_within_reach_go_forward_and_backward_to_the_last_byte():
    far = assemble("back: .fill 126\njr back\njr on\n.fill 127\non: nop")
    assert far.data[126:130] == bytes([0x18, 0x80, 0x18, 0x7F])
    assert assemble("here: jr here + 1").data == bytes([0x18, 0xFF])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0x1F + 0b101 + 31", 67),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("1 << 4 | 3 & 6 ^ 1", 19),
        ("100 - 10 - 1", 89),
        ("-7 / 2 + 10", 6),
        ("7 % 4 << 1", 6),
        ("~0 & 0xFF", 255),
        ("'A' + 1", 66),
        ("lo(0x1234)", 0x34),
        ("hi(0x1234) + lo(-1)", 0x12 + 0xFF),
        ("- -3", 3),
        ("-1", 0xFFFF),
        ("size_of_it * 2", 10),
        ("rSVBK", 0xFF70),
        ("+5", 5),
    ],
)
def test_expressions_have_the_values_that_c_gives_them(expression, value):
    assert value_of(expression, size_of_it=5) == value


def test_the_linker_fills_in_what_only_it_knows():
    block = assemble("""
        ld   hl, table + 2
        ld   b, hi(table)
        call far
        ldh  (flag), a
        jr   near
        .byte lo(far), bank(far)
        .word load(section), size(section), ~table & 0xFFFF
    """)
    data = relocate(block, 0x4000, Places(table=0xC0FE, far=0x1234, flag=0xFF90, near=0x4020))
    expected = "21 00 c1 06 c0 cd 34 12 e0 90 18 14 34 07 67 45 41 01 01 3f"
    assert data == bytes.fromhex(expected)


def test_comments_and_letters_of_operands_are_told_apart():
    assert assemble("ld a, ';' ; a letter\nld b, ','\n; nothing else\n.byte ',', ';'").data == b"\x3e;\x06,,;"


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("and 15", "and a, 15"),
        ("xor a", "xor a, a"),
        ("cp (hl)", "cp a, (hl)"),
        ("sub b", "sub a, b"),
        ("ldh (0x80), a", "ldh (0xFF80), a"),
        ("ldh a, (0x80)", "ldh a, (0xFF80)"),
    ],
)
def test_short_spellings_are_those_of_the_accumulator_and_of_high_memory(short, whole):
    assert assemble(short).data == assemble(whole).data


def test_parentheses_around_a_part_of_an_operand_are_no_memory():
    assert assemble("ld a, (2 + 3) * (1)").data == bytes([0x3E, 5])
    assert assemble("ld a, (0x1234)").data == bytes([0xFA, 0x34, 0x12])
    assert assemble("ld hl, sp - 3\nld hl, sp+4\nadd sp, -1").data == bytes([0xF8, 0xFD, 0xF8, 4, 0xE8, 0xFF])


def test_tabs_and_spaces_are_the_same():
    assert assemble("\tld\ta,b\n\t\tadd\thl , sp\nx:\tret").data == bytes([0x78, 0x39, 0xC9])


def test_fill_repeats_a_byte():
    assert assemble(".fill 3\n.fill 2 * 2, 0xAA\n.fill 0").data == bytes(3) + b"\xaa" * 4


def test_joined_blocks_keep_labels_relocations_and_cycles():
    one, two = assemble("one: ld hl, two\nret"), assemble("two: jr two\n.word one")
    both = one + Block.of(b"\xee", {"byte": 0}) + two
    assert both.labels == {"one": 0, "byte": 4, "two": 5}
    assert both == Block.join([one, Block.of(b"\xee", {"byte": 0}), two])
    assert [item.offset for item in both.instructions] == [0, 3, 5]
    assert relocate(both, 0x100, Places(one=0x100, two=0x105)) == bytes.fromhex("210501 c9 ee 18fe 0001")
    with pytest.raises(AssemblyError, match="both have the label one"):
        one + one


def test_a_block_knows_the_cycles_of_its_parts():
    block = assemble("start: ld b, 100\n.loop: dec b\njr nz, .loop\n.end: call start\nret")
    assert block.cycles("start.loop", "start.end", taken=True) == 4
    assert block.cycles("start.loop", "start.end") == 3
    assert block.cycles() == 2 + 1 + 2 + 6 + 4
    assert block.cycles(last="start.loop") == 2
    assert [(one.offset, one.text, one.cycles, one.not_taken) for one in block.instructions[:3]] == [
        (0, "ld b, 100", 2, 2),
        (2, "dec b", 1, 1),
        (3, "jr nz, .loop", 3, 2),
    ]
    with pytest.raises(AssemblyError, match=r"no label nowhere; it has start, start\.loop, start\.end"):
        block.cycles("nowhere")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mov a, b", "no instruction 'mov'"),
        ("LD a, b", "no instruction 'LD'"),
        ("ld b, (de)", r"no ld with b, \(de\); there are: ld b, n"),
        ("ld (hl), (hl)", "no ld with"),
        ("push sp", "no push with sp; there are: push bc"),
        ("nop 3", "no nop with 3; there are: nop"),
        ("ld a", "no ld with a"),
        ("ld a, (sp)", "sp is a word of the processor"),
        ("ld b, d + 1", "d is a word of the processor"),
        ("ld ,a", "missing beside a comma"),
        ("ld a, 256", "256 does not fit: -128 to 255"),
        ("ld a, -129", "-129 does not fit"),
        ("ld hl, 65536", "65536 does not fit"),
        ("add sp, 128", "128 does not fit: -128 to 127"),
        ("ldh (0x1234), a", "0x1234 is no address of 0xFF00 to 0xFFFF"),
        ("bit 8, a", "bit takes one of 0, 1, 2, 3, 4, 5, 6, 7, not 8"),
        ("rst 9", "rst takes one of 0, 8"),
        ("set unknown, a", "set takes one of"),
        (".fill unknown", "count of bytes that is known here"),
        (".fill -1", "0 or more"),
        (".byte", ".byte needs at least one expression"),
        (".fill 1, 2, 3", ".fill needs one or two"),
        (".bite 3", r"no directive '\.bite'; there are \.byte"),
        ("ld a, 1 +", "ends too early"),
        ("ld a, 1 2", "nothing more expected after the expression, not '2'"),
        ("ld a, (3", "ends too early"),
        ("ld a, @", "no expression: '@'"),
        ("ld a, * 3", r"a number or a name expected, not '\*'"),
        ("ld a, lo 3", r"'\(' expected, not '3'"),
        ("ld a, 3 / 0", "division by zero"),
        ("ld a, 1 << 40", "a shift by 40"),
        ("ld a, bank(3)", "the name of a label"),
        ("ld a, size(3)", "the name of a section"),
        ("jr .loop", "needs a label without a dot before it"),
        (".loop: nop", "needs a label without a dot before it"),
        ("a: nop", "no label can be called a"),
        ("nop: nop", "no label can be called nop"),
        ("rVBK: nop", "that is a constant"),
        ("twice: twice: nop", "the label twice exists already"),
        ("x: .l: .l: nop", r"the label x\.l exists already"),
    ],
)
def test_a_mistake_is_named_with_its_line(line, words):
    with pytest.raises(AssemblyError, match=words) as caught:
        assemble(f"; a kernel\n  nop\n  {line}\n  nop", name="kernel")
    assert str(caught.value).startswith(f"kernel, line 3 ({line}): ")


@pytest.mark.parametrize("text", ["x: .fill 127\njr x", "jr x\n.fill 128\nx:"])
def test_a_relative_jump_out_of_reach_is_named_with_its_line(text):
    with pytest.raises(AssemblyError, match=r"line \d \(jr x\): a relative jump of -?\d+ bytes: .*; use jp"):
        assemble(text)


def test_a_relative_jump_to_another_block_is_measured_by_the_linker():
    block = assemble("jr z, elsewhere", name="kernel")
    assert relocate(block, 0x100, Places(elsewhere=0x181)) == bytes([0x28, 0x7F])
    with pytest.raises(AssemblyError, match=r"kernel, line 1 \(jr z, elsewhere\): a relative jump of 128"):
        relocate(block, 0x100, Places(elsewhere=0x182))
