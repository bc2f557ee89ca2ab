"""The loop that turns pairs of channels, of queries and of keys alike.

A product of a magnitude's lower 8 bits with a cosine's is one word of a row of the ROM; its sign chooses
between two pages of the row. A sum of two has 17 bits, the uppermost in the carry. A magnitude of 9 bits is
seldom: 256 times a cosine is 2 of it when 7 bits have been shifted away, so results are corrected afterwards.
"""

from lilliput.errors import ConfigError

BYTES_OF_ANGLE = 11
"""Of high memory, for each pair of channels: bank and page of the row of the cosine, of the sine, and the
page of minus the sine; then words: -2 sin, 2 cos, 2 sin."""
HIGH_BYTES = 12
TURN_LIMITS = (255, 511)
MOST_TURNED = 361
"""Greatest result in 128ths where magnitudes have 8 bits: |cos| + |sin| is below 182 / 128."""


def turn_all(
    heads: int,
    pairs: int,
    first: int,
    ending: str,
    angles: int,
    high: int,
    limit: int,
    up: int = 0,
    down: int = 0,
    most: int = 0,
) -> str:
    """All heads; `ending` makes the word A:H of the 17 bits carry, A, L; it may change L, and what stands
    for FREE.

    up: by how many places what it makes is finer than a 128th; down: by how many that is shifted then.
    most: where it saturates, if only results of magnitudes of 9 bits can be greater.
    """
    if limit not in TURN_LIMITS:
        raise ConfigError(
            f"queries and keys of up to {limit} before they are turned: set turn_bits to 9 or 10"
        )
    clear = "".join(f"ldh ({high + at}), a\n" for at in range(7, 12))
    text = f"""
        ld   sp, {first}
        xor  a
        {clear}
        ld   a, {heads}
        ldh  ({high + 2}), a
.head:
"""
    for pair in range(pairs):
        text += _turn_pair(pair, angles + BYTES_OF_ANGLE * pair, high, ending, down)
    text += f"""
        ldh  a, ({high + 2})
        dec  a
        ldh  ({high + 2}), a
        jp   nz, .head
        jp   .turned
"""
    for pair in range(pairs):
        text += _take_sign(pair, angles + BYTES_OF_ANGLE * pair + 5)
    return (
        text
        + (_CLIP if limit == TURN_LIMITS[0] else _take_far(high))
        + _correct(high, up, most)
        + ".turned:\n"
    )


def _turn_pair(pair: int, angle: int, high: int, ending: str, down: int) -> str:
    first, second, shift = high + 3, high + 5, "sra b\nrr c\nsra d\nrr e\n"
    return f"""
        pop  de             ; a
        pop  bc             ; b
        ld   a, d
        or   a
        jp   nz, .a{pair}
.a{pair}_known: ld a, b
        or   a
        jp   nz, .b{pair}
.b{pair}_known: ldh a, ({angle})
        ld   (rROMB0), a
        {_point(angle + 1, "d", "e")}
        {_keep(first)}      ; a cos
        {_point(angle + 1, "b", "c")}
        {_keep(second)}     ; b cos
        ldh  a, ({angle + 2})
        ld   (rROMB0), a
        {_point(angle + 4, "b", "c")}
        {_add(first, "c")}  ; - b sin
        {ending.replace("FREE", "bc")}
        ld   b, a
        ld   c, h
        {_point(angle + 3, "d", "e")}
        {_add(second, "e")} ; a sin
        {ending.replace("FREE", "de")}
        ld   d, a
        ld   e, h
        ldh  a, ({high + 11})
        or   a
        call nz, .correct
        {shift * down}
        push de
        push bc
        add  sp, 4
"""


def _point(page: int, sign: str, magnitude: str) -> str:
    """HL at the low byte of a product with the row that lies in `page`."""
    return f"ldh a, ({page})\nxor {sign}\nld h, a\nld l, {magnitude}"


def _keep(product: int) -> str:
    return f"ld a, (hl)\nldh ({product}), a\ninc h\ninc h\nld a, (hl)\nldh ({product + 1}), a"


def _add(product: int, free: str) -> str:
    """The carry, A and L: the sum with a product that was kept."""
    low = f"ldh a, ({product})\nadd a, (hl)\nld {free}, a\n"
    return f"{low}inc h\ninc h\nldh a, ({product + 1})\nadc a, (hl)\nld l, {free}"


def _take_sign(pair: int, words: int) -> str:
    """Of words whose high byte, in A, is not 0: 1 for a negative one in the high byte, the magnitude in the
    low.

    The stack is where the pair was read: there is room for two words.
    """
    return f"""
.a{pair}: inc a
        jr   nz, .a{pair}_far
        sub  e
        jr   z, .a{pair}_far
        ld   e, a
        ld   d, 1
        jp   .a{pair}_known
.a{pair}_far: ld a, {words + 2 & 0xFF}
        call .far
        jp   .a{pair}_known
.b{pair}: inc a
        jr   nz, .b{pair}_far
        sub  c
        jr   z, .b{pair}_far
        ld   c, a
        ld   b, 1
        jp   .b{pair}_known
.b{pair}_far: push de
        ld   d, b
        ld   e, c
        ld   a, {words & 0xFF}
        call .far
        ld   b, d
        ld   c, e
        pop  de
        jp   .b{pair}_known
"""


_CLIP = """
.far:   ld   a, d
        rlca
        and  1
        ld   d, a
        ld   e, 255
        ret
"""
"""What is beyond ±255."""


def _take_far(high: int) -> str:
    """DE beyond ±255: its sign in D, the lower byte in E, and 256 times its turned pair's words to the
    correction."""
    words = ""
    for at in (high + 7, high + 9):
        words += f"""
        ld   a, (hl+)
        ld   c, a
        ld   a, (hl+)
        ld   b, a
        bit  0, d
        jr   z, .add{at}
        xor  a
        sub  c
        ld   c, a
        sbc  a, a
        sub  b
        ld   b, a
.add{at}: ldh a, ({at})
        add  a, c
        ldh  ({at}), a
        ldh  a, ({at + 1})
        adc  a, b
        ldh  ({at + 1}), a
"""
    return f"""
.far:   ld   l, a
        ld   h, 0xFF
        ld   a, b
        ldh  ({high + 3}), a
        ld   a, c
        ldh  ({high + 4}), a
        ld   a, d
        rlca
        jr   c, .below
        ld   b, d
        ld   c, e
        ld   d, 0
        jr   .magnitude
.below: xor  a
        sub  e
        ld   c, a
        sbc  a, a
        sub  d
        ld   b, a
        ld   d, 1
.magnitude: ld a, b
        cp   2
        jr   c, .held
        ld   c, 255
.held:  ld   e, c
        {words}
        ld   a, 1
        ldh  ({high + 11}), a
        ldh  a, ({high + 3})
        ld   b, a
        ldh  a, ({high + 4})
        ld   c, a
        ret
"""


def _correct(high: int, up: int, most: int) -> str:
    """BC and DE and their corrections, which are cleared; within `most` where it is not 0."""
    shift = "add hl, hl\n" * up
    text = ".correct:\n"
    for at, upper, lower in ((high + 7, "b", "c"), (high + 9, "d", "e")):
        text += f"""
        ldh  a, ({at})
        ld   l, a
        ldh  a, ({at + 1})
        ld   h, a
        {shift}
        add  hl, {upper}{lower}
        {_saturate(most, upper) if most else ""}
        ld   {upper}, h
        ld   {lower}, l
"""
    clear = "".join(f"ldh ({high + at}), a\n" for at in range(7, 12))
    return f"{text}\nxor a\n{clear}ret\n"


def _saturate(limit: int, name: str) -> str:
    """HL within the limit."""
    return f"""
        bit  7, h
        jr   nz, .less_{name}
        ld   a, {limit & 0xFF}
        sub  l
        ld   a, {limit >> 8}
        sbc  a, h
        jr   nc, .within_{name}
        ld   hl, {limit}
        jr   .within_{name}
.less_{name}: ld a, l
        sub  {-limit & 0xFF}
        ld   a, h
        sbc  a, {-limit >> 8 & 0xFF}
        jr   nc, .within_{name}
        ld   hl, {-limit}
.within_{name}:
"""


EIGHTH = "rra\nrr l\n" + 2 * "srl a\nrr l\n" + "ld h, l"
"""A:H = an eighth of the 17 bits carry, A, L, rounded down."""
