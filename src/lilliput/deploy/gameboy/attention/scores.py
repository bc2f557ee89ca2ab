"""Keys as code in battery memory, and a query's tables of signed sums that the code looks up.

A key's bits of one plane are an entry of the table. They are turned about, and the sums are 0x8000 more than
they are: the code leaves 0x8000 less the score. (Each plane's entry counts 2 ** plane times, together an odd
number of times.) So the code of a slot is, from the highest plane to the lowest, `ld sp, entry`, `pop de`,
`add hl, de` with `add hl, hl` between, and then `ld sp, behind its score`, `push hl`.
"""

from lilliput.deploy.gameboy.attention.shape import AttendShape
from lilliput.deploy.gameboy.attention.tables import VALUE_PAGE
from lilliput.deploy.gameboy.machine.assembler import assemble

_LD_SP, _POP_HL, _POP_DE, _ADD_HL_DE, _DOUBLE, _PUSH_HL, _JP, _LD_A = (
    0x31,
    0xE1,
    0xD1,
    0x19,
    0x29,
    0xE5,
    0xC3,
    0x3E,
)


def write_query(shape: AttendShape) -> str:
    """Assembly, attend_query: tables of the query at h_query, which then is the next; on to attend_score.

    The sum of a query's magnitudes must be below 2 ** 14. count_query_cycles says how long it takes; all
    registers change.
    """
    return (
        "attend_query:\n"
        + "".join(_write_table(number) for number in range(shape.tables))
        + "jp attend_score\n"
    )


def _write_table(number: int) -> str:
    text = """
        ldh  a, (h_query)
        ld   l, a
        add  a, 16
        ldh  (h_query), a
        ldh  a, (h_query + 1)
        ld   h, a
        adc  a, 0
        ldh  (h_query + 1), a
        ld   sp, hl
        pop  hl             ; HL is twice the sum of those so far, from here on
        add  hl, hl
        ld   a, l
        ldh  (h_total), a
        ld   a, h
        ldh  (h_total + 1), a
        pop  bc
        sla  c
        rl   b
        ld   a, l
        sub  c
        ld   e, a
        ld   a, h
        sbc  a, b
        ld   d, a           ; DE, BC and h_deltas: what is added where a sign changes (see tables.py)
        add  hl, bc
"""
    for j in range(2, 8):
        text += f"""
        pop  bc
        sla  c
        rl   b
        ld   a, l
        sub  c
        ldh  (h_deltas + {2 * j - 4}), a
        ld   a, h
        sbc  a, b
        ldh  (h_deltas + {2 * j - 3}), a
        add  hl, bc
"""
    text += f"""
        sra  h
        rr   l
        {"ld a, h" + chr(10) + "xor 0x80" + chr(10) + "ld h, a" if number == 0 else ""}
        ldh  a, (h_total)
        ld   c, a
        ldh  a, (h_total + 1)
        ld   b, a
        xor  a
        sub  c
        ld   c, a
        ld   a, 0
        sbc  a, b
        ld   b, a
        ld   sp, a_table + {512 * (number + 1)}
"""
    return text + _write_walk()


def _write_walk() -> str:
    """`push hl` for every entry, from the last to the first."""
    steps = ["add hl, bc\n", "add hl, de\n"]
    for j in range(2, 8):
        low, high = f"h_deltas + {2 * j - 4}", f"h_deltas + {2 * j - 3}"
        steps.append(f"ldh a, ({low})\nadd a, l\nld l, a\nldh a, ({high})\nadc a, h\nld h, a\n")
    text = "push hl\n"
    for step in steps:
        text += step + text
    return text


def write_key(shape: AttendShape) -> str:
    """Assembly, attend_key: the new key at h_bits and values at h_value are stored; on to attend_stored.

    Both addresses go on to the next key head's. It is straight code, 443 M-cycles at 6 planes and 8 channels;
    all registers change.
    """
    stride = shape.planes + 1 & ~1
    copies = "ld a, (hl+)\nld (de), a\ninc de\n" * (stride * (shape.tables - 1) + shape.planes)
    return f"""
attend_key: ldh a, (h_bits)
        ld   l, a
        add  a, {2 * shape.d_head}
        ldh  (h_bits), a
        ldh  a, (h_bits + 1)
        ld   h, a
        adc  a, 0
        ldh  (h_bits + 1), a
        ld   de, a_bits
        {copies}
        ldh  a, (h_first)
        ld   b, a
        ld   a, (a_slot)
        cp   b
        jr   c, .first_part
        ldh  a, (h_bank2)
        ld   (rRAMB), a
        ldh  a, (h_base2)
        ld   l, a
        ldh  a, (h_base2 + 1)
        jr   .part
.first_part: ldh a, (h_code_bank)
        ld   (rRAMB), a
        ldh  a, (h_base)
        ld   l, a
        ldh  a, (h_base + 1)
.part:  ld   h, a
        ld   a, (a_offset)
        ld   e, a
        ld   a, (a_offset + 1)
        ld   d, a
        add  hl, de
{_write_slot(shape, stride)}
        ld   a, (a_slot)
        inc  a
        ld   b, a
        ld   a, (a_count)
        cp   b
        jr   nz, .stored    ; the next slot is in use
        ldh  a, (h_first)
        cp   b
        jr   nz, .leave
        {_emit(_LD_A)}
        ldh  a, (h_bank2)
        ld   (hl+), a
        {_emit(_JP, "lo(attend_cross)", "hi(attend_cross)")}
        ldh  a, (h_bank2)
        ld   (rRAMB), a
        ld   hl, 0xA000
.leave: {_emit(_JP, "lo(attend_scored)", "hi(attend_scored)")}
.stored:
{_write_values(shape)}
        jp   attend_stored
"""


def _emit(*values: int | str) -> str:
    return "".join(f"ld a, {value}\nld (hl+), a\n" for value in values)


def _write_slot(shape: AttendShape, stride: int) -> str:
    text = ""
    for plane in reversed(range(shape.planes)):
        top = plane == shape.planes - 1
        text += "" if top else _emit(_DOUBLE)
        for number in range(shape.tables):
            text += f"""
                {_emit(_LD_SP)}
                ld   a, (a_bits + {stride * number + plane})
                cpl
                add  a, a
                ld   (hl+), a
                ld   a, hi(a_table) + {2 * number}
                adc  a, 0
                ld   (hl+), a
            """
            text += _emit(_POP_HL) if top and not number else _emit(_POP_DE, _ADD_HL_DE)
    return f"""{text}{_emit(_LD_SP)}
        ld   a, (a_slot)
        add  a, a
        inc  a
        ld   e, a
        ldh  a, (h_score)
        add  a, e
        ld   (hl+), a
        ldh  a, (h_score + 1)
        adc  a, 0
        ld   (hl+), a
        {_emit(_PUSH_HL)}
"""


def _write_values(shape: AttendShape) -> str:
    one = f"ld a, (de)\ninc de\nadd a, {VALUE_PAGE + shape.value_limit}\nld (hl), a\ninc h\n"
    return f"""
        ldh  a, (h_value_page)
        ld   h, a
        ld   a, (a_slot)
        add  a, a
        dec  a
        ld   l, a
        ldh  a, (h_score)
        add  a, l
        ld   l, a
        ldh  a, (h_value)
        ld   e, a
        ldh  a, (h_value + 1)
        ld   d, a
        ldh  a, (h_value_bank)
        ld   (a_value_bank), a
        {one * shape.d_head}
        ld   a, e
        ldh  (h_value), a
        ld   a, d
        ldh  (h_value + 1), a
"""


def count_query_cycles(shape: AttendShape) -> int:
    """M-cycles from attend_query to attend_score."""
    code = assemble(
        write_query(shape), dict.fromkeys(("h_query", "h_total", "h_deltas"), 0xFF80) | {"a_table": 0xD000}
    )
    return code.cycles(taken=True)


def count_score_cycles(shape: AttendShape, positions: int, crossing: bool) -> int:
    """M-cycles from attend_score to attend_scored; crossing: whether a head's first part is full."""
    return 16 + positions * shape.slot_cycles + 4 + (14 if crossing else 0)
