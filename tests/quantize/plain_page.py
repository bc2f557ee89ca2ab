"""docs/integer-arithmetic.md in plain Python integers, one number at a time, as a device would do it.

Written from the page and not from lilliput's code; of lilliput it takes only the numbers of a model. Every
intermediate is held to 32 bits, signed or (where the page says so) unsigned.
"""

from typing import Any


def i32(a: int) -> int:
    assert -(2**31) <= a < 2**31, f"{a} leaves 32 signed bits"
    return a


def u32(a: int) -> int:
    assert 0 <= a < 2**32, f"{a} leaves 32 unsigned bits"
    return a


def bits(a: int) -> int:
    n = 0
    while a:
        a, n = a >> 1, n + 1
    return n


def sat(a: int, limit: int) -> int:
    return -limit if a < -limit else min(a, limit)


def shift_down(a: int, s: int) -> int:
    assert 0 <= s <= 31
    return ~(~a >> s) if a < 0 else a >> s


def rsh(a: int, s: int, width: Any = i32) -> int:
    return shift_down(width(width(a) + ((1 << s) >> 1)), s)


def scale(a: int, m: int, s: int, width: Any = i32) -> int:
    assert 0 <= m <= 2**15
    assert 1 <= s <= 46
    if s < 17:
        return rsh(width(a * m), s, width)
    high, low = shift_down(a, 16), a & 65535
    t = width(width(high * m) + (u32(low * m) >> 16))
    return shift_down(width(t + (1 << (s - 17))), s - 16)


def narrow(v: list[int], limit: int) -> tuple[list[int], int]:
    e = max(0, bits(max(abs(a) for a in v)) - bits(limit))
    return [sat(rsh(a, e), limit) for a in v], e


def between(table: list[int], j: int, f: int) -> int:
    return table[j] - ((u32((table[j] - table[j + 1]) * f + 128)) >> 8)


def rsqrt(a: int, table: list[int]) -> tuple[int, int]:
    k = (bits(u32(a)) - 15) >> 1
    m = a >> (2 * k) if k >= 0 else u32(a << (-2 * k))
    assert 2**14 <= m < 2**16
    return between(table, (m >> 8) - 64, m & 255), k


def recip(a: int, table: list[int]) -> tuple[int, int]:
    k = bits(i32(a)) - 16
    m = a >> k if k >= 0 else a << -k
    assert 2**15 <= m < 2**16
    return between(table, (m >> 8) - 128, m & 255), k


def pow2(z: int, table: list[int]) -> int:
    return ((table[z & 255] >> min(u32(z) >> 8, 31)) + 1) >> 1


class Page:
    """A model as the page computes it, a token at a time."""

    def __init__(self, model: Any) -> None:
        self.model, self.config = model, model.config
        self.R, self.C, self.E, self.A, self.cos, self.sin = (
            getattr(model, name).tolist()
            for name in ("rsqrt", "reciprocal", "exp2", "activation", "cosines", "sines")
        )
        self.rows = {id(m): m.values.tolist() for _, m in [*model.iter_matrices(), ("head", model.head)]}
        self.keys: list[list[list[int]]] = [[] for _ in model.layers]  # layer, position, all heads in a row
        self.values: list[list[list[int]]] = [[] for _ in model.layers]

    def mat(self, matrix: Any, v: list[int]) -> list[int]:
        e = 0
        if matrix.made_limit > matrix.input_limit:
            v, e = narrow(v, matrix.input_limit)
        assert max(abs(a) for a in v) <= matrix.input_limit
        out = []
        for row, m, s in zip(
            self.rows[id(matrix)], matrix.multipliers.tolist(), matrix.shifts.tolist(), strict=True
        ):
            total = 0
            for w, x in zip(row, v, strict=True):
                total = i32(total + i32(w * x))
            out.append(sat(scale(total, m, s - e), matrix.output_limit))
        return out

    def norm(self, norm: Any, gains: list[int], v: list[int]) -> list[int]:
        d = max(0, bits(max(abs(a) for a in v)) - norm.square_bits)
        q = 0
        for a in v:
            q = u32(q + u32(rsh(a, d) ** 2))
        q = max(1, u32(q + (norm.epsilon >> (2 * d))))
        r, k = rsqrt(q, self.R)
        u = [sat(rsh(i32(a * r), 7 + k + d), 32767) for a in v]
        return [sat(rsh(i32(a * g), norm.shift), norm.output_limit) for a, g in zip(u, gains, strict=True)]

    def turn(self, v: list[int], t: int) -> list[int]:
        half = len(v) // 2
        out = [0] * len(v)
        for i in range(half):
            a, b, cos, sin = v[i], v[i + half], self.cos[t][i], self.sin[t][i]
            out[i] = i32(i32(a * cos) - i32(b * sin))
            out[i + half] = i32(i32(b * cos) + i32(a * sin))
        return out

    def step(self, token: int) -> list[int]:
        """Logits behind a token."""
        model, embed = self.model, self.model.embed
        m, s = int(embed.multipliers[token]), int(embed.shifts[token])
        h = [sat(scale(w, m, s), 32767) for w in self.rows[id(embed)][token]]
        for number, layer in enumerate(model.layers):
            change = self.attend(layer, number, h)
            h = [sat(rsh(a, layer.mid_shift) + b, 32767) for a, b in zip(h, change, strict=True)]
            change = self.feed(layer, h)
            h = [sat(rsh(a, layer.post_shift) + b, 32767) for a, b in zip(h, change, strict=True)]
        return self.mat(model.head, self.norm(model.norm, model.norm.gains.tolist(), h))

    def attend(self, layer: Any, number: int, h: list[int]) -> list[int]:
        c, t = self.config, len(self.keys[number])
        x = self.norm(layer.norm1, layer.norm1.gains.tolist(), h)
        q, k, v = self.mat(layer.q, x), self.mat(layer.k, x), self.mat(layer.v, x)

        def head_of(v: list[int], head: int) -> list[int]:
            return v[head * c.d_head : (head + 1) * c.d_head]

        queries, keys = [], []
        for head in range(c.n_heads):
            part = head_of(q, head)
            if layer.q_norm is not None:
                part = self.norm(layer.q_norm, layer.q_norm.gains[head].tolist(), part)
            queries.append([sat(rsh(a, 14 + layer.q_shift), layer.q_limit) for a in self.turn(part, t)])
        for head in range(c.n_kv_heads):
            part = head_of(k, head)
            if layer.k_norm is not None:
                part = self.norm(layer.k_norm, layer.k_norm.gains[head].tolist(), part)
            for a, o in zip(self.turn(part, t), layer.k_offset[head].tolist(), strict=True):
                keys.append(sat(rsh(i32(a - i32(o * 16384)), 14 + layer.k_shift), layer.k_limit))
        self.keys[number].append(keys)
        self.values[number].append(v)
        assert max(map(abs, keys + v)) <= 127
        out: list[int] = []
        for head in range(c.n_heads):
            own = head // (c.n_heads // c.n_kv_heads)
            out += self.read_past(layer, number, queries[head], own)
        return self.mat(layer.o, out)

    def read_past(self, layer: Any, number: int, query: list[int], own: int) -> list[int]:
        size = self.config.d_head
        part = slice(own * size, (own + 1) * size)
        scores = []
        for key in self.keys[number]:
            total = 0
            for a, b in zip(query, key[part], strict=True):
                total = i32(total + a * b)
            scores.append(total)
        most, s = max(scores), layer.score_shift
        chances = [pow2(rsh(u32(most - a), s, u32), self.E) for a in scores]
        total = i32(sum(chances))
        r, j = recip(total, self.C)
        out = []
        for i in range(size):
            a = 0
            for chance, value in zip(chances, self.values[number], strict=True):
                a = i32(a + i32(chance * value[part][i]))
            out.append(sat(scale(a, r, 30 + j - layer.o_shift), layer.o.made_limit))
        return out

    def feed(self, layer: Any, h: list[int]) -> list[int]:
        x = self.norm(layer.norm2, layer.norm2.gains.tolist(), h)
        gates, ups = self.mat(layer.gate, x), self.mat(layer.up, x)
        y = [
            sat(rsh(i32(self.A[g + layer.gate.output_limit] * u), layer.hidden_shift), layer.down.made_limit)
            for g, u in zip(gates, ups, strict=True)
        ]
        return self.mat(layer.down, y)


class Xorshift:
    """The generator of section 4."""

    def __init__(self, seed: int) -> None:
        self.x = (seed & 0xFFFFFFFF) ^ (seed >> 32) ^ 0x9E3779B9 or 0x9E3779B9
        for _ in range(16):
            self.next()

    def next(self) -> int:
        x = self.x
        x = (x ^ (x << 13)) & 0xFFFFFFFF
        x ^= x >> 17
        x = (x ^ (x << 5)) & 0xFFFFFFFF
        self.x = x
        return x


def draw(logits: list[int], plan: Any, table: list[int], random: Xorshift) -> int:
    """A token by section 4, without sorting: the k-th in order is found by halving a threshold."""
    most = max(logits)
    if plan.multiplier == 0:
        return logits.index(most)
    z = [min(scale(most - a, plan.multiplier, plan.shift), 65535) for a in logits]
    chances = [pow2(a, table) for a in z]
    if plan.top_k:
        chances = cut(logits, chances, lambda before, _: before < plan.top_k)
    if plan.top_p < 65536:
        total = i32(sum(chances))
        share = (total >> 16) * plan.top_p + (u32((total & 65535) * plan.top_p) >> 16)
        chances = cut(logits, chances, lambda _, before: before < max(1, share))
    chances = [chance if a <= plan.most_below else 0 for chance, a in zip(chances, z, strict=True)]
    total = i32(sum(chances))
    length = bits(total - 1)
    place = total
    while place >= total:
        place = random.next() >> (32 - length)
    running = 0
    for token, chance in enumerate(chances):
        running += chance
        if running > place:
            return token
    raise AssertionError("chances do not add up")


def cut(logits: list[int], chances: list[int], keeps: Any) -> list[int]:
    """Keep a token if `keeps` says so of how many, and how great chances, lie before it.

    First the lowest logit of which the first token is kept, by halving; then those with it by rising id.
    """

    def above(logit: int) -> tuple[int, int]:
        both = [chance for a, chance in zip(logits, chances, strict=True) if a > logit]
        return len(both), sum(both)

    low, high = -32768, max(logits)  # high is kept, as the first token always is
    while high - low > 1:
        middle = (low + high) >> 1
        low, high = (low, middle) if keeps(*above(middle)) else (middle, high)
    count, running = above(high)
    out = []
    for a, chance in zip(logits, chances, strict=True):
        kept = a > high or (a == high and keeps(count, running))
        if a == high:
            count, running = count + 1, running + chance
        out.append(chance if kept else 0)
    return out
