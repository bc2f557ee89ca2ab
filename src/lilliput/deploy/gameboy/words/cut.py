"""Cutting a text in words by tables of states (tokens/cuts.py)."""


def write_cut(name: str) -> str:
    """NAME_cut, one stage of cutting: bit 7 of the class of each symbol with which a part begins becomes 1.

    HL: the row of the first state. Parts of stages before are cut each for itself: the next part's bit is
    the end. What lies before the first match, or between two, is a part too.
    """
    return f"""{_write_match(f"{name}_match")}
{name}_cut:
        ld   a, l
        ld   (first_row), a
        ld   a, h
        ld   (first_row + 1), a
        ld   hl, class_at
        ld   a, (hl+)
        ld   d, (hl)
        ld   e, a
.part:  call {name}_match
        ld   a, c
        cp   e
        jr   nz, .found
        ld   a, b
        cp   d
        jr   z, .none
.found: ld   d, b
        ld   e, c
.mark:  ld   a, (de)
        or   0x80
        ld   (de), a
        cp   end_class | 0x80
        jr   nz, .part
        ret
.none:  inc  de
        ld   a, (de)
        cp   continues
        jr   z, .none
        add  a, a
        jr   c, .mark           ; the end of the part
        call {name}_match
        ld   a, c
        cp   e
        jr   z, .none           ; it is less than 256 symbols on: one came before
        jr   .mark              ; a match begins here
"""


def _write_match(name: str) -> str:
    """`name`: BC = where the match ends that begins at the symbol DE, or DE itself. It keeps DE."""
    return f"""
{name}: push de
        ld   hl, first_row
        ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        ld   b, d
        ld   c, e
        ld   a, (de)
        and  0x7F
.step:  add  a, a
        add  a, l
        ld   l, a
        jr   nc, .cell
        inc  h
.cell:  ld   a, (hl+)
        ld   h, (hl)
        ld   l, a
        bit  7, h
        jr   z, .next
        res  7, h
        ld   b, d
        ld   c, e
.next:  ld   a, h
        or   a
        jr   z, .over           ; there is no next state
.symbol:
        inc  de
        ld   a, (de)
        cp   continues
        jr   z, .symbol
        cp   0x80
        jr   c, .step
        ld   a, end_class
        jr   .step
.over:  pop  de
        ret
"""
