"""The integer forward pass: THE definition that every device is compared with (docs/integer-arithmetic.md).

Whole stretches of text go through at once, and give the same numbers as token by token: every step but
attention looks at one position, sums of whole numbers have no order, and what a position may not see counts
exactly nothing.
"""

import numpy as np
import numpy.typing as npt

from lilliput.quantize.bounds import most_score
from lilliput.quantize.fixed import (
    INT16,
    INT32,
    SPLIT_SHIFT,
    UNIT_BITS,
    Ints,
    bit_length,
    exact_floats,
    exact_product,
    exp2_below,
    halvings,
    narrow,
    reciprocal,
    require_width,
    rescale,
    round_shift,
    rsqrt,
    saturate,
)
from lilliput.quantize.intmodel import IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.numbers import list_norms


class IntCache:
    """Keys and values of what was read: whole numbers of 8 bits, in floats that numpy multiplies quickly."""

    def __init__(self, model: IntModel) -> None:
        config = model.config
        shape = (config.n_layers, config.n_kv_heads, config.context, config.d_head)
        self.keys = np.zeros(shape)
        self.values = np.zeros(shape)
        self.length = 0


class _Wide:
    """A matrix's arrays as they are computed with: converted once."""

    def __init__(self, matrix: IntMatrix) -> None:
        self.weights = exact_floats(matrix.values, int(matrix.row_bounds.max(initial=0)))
        self.multipliers, self.shifts = matrix.multipliers.astype(np.int64), matrix.shifts.astype(np.int64)


class Reference:
    """Computes with an IntModel. With `checked`, every sum is held against the width that devices have."""

    def __init__(self, model: IntModel, *, checked: bool = False) -> None:
        self.model = model
        self._checked = checked
        self._exp2, self._rsqrt = model.exp2.astype(np.int64), model.rsqrt.astype(np.int64)
        self._reciprocal = model.reciprocal.astype(np.int64)
        self._activation = model.activation.astype(np.int64)
        self._cosines, self._sines = model.cosines.astype(np.int64), model.sines.astype(np.int64)
        matrices = [matrix for _, matrix in model.iter_matrices()[1:]] + [model.head]
        self._wide = {id(matrix): _Wide(matrix) for matrix in matrices}
        self._gains = {id(norm): norm.gains.astype(np.int64) for _, norm in list_norms(model)}

    def start(self) -> IntCache:
        """The cache of a new story."""
        return IntCache(self.model)

    def read(self, ids: Ints, cache: IntCache, *, last_only: bool = False) -> Ints:
        """Logits (T, V) behind each of ids (T,), or (1, V) behind the last; `cache` grows by them."""
        h = self.embed(np.asarray(ids, np.int64))
        for number, layer in enumerate(self.model.layers):
            h = self._add(h, layer.mid_shift, self._matvec(layer.o, self._attend(layer, number, h, cache)))
            h = self._add(h, layer.post_shift, self._matvec(layer.down, self._mlp(layer, h)))
        cache.length += len(h)
        return self._matvec(self.model.head, self._norm(self.model.norm, h[-1:] if last_only else h))

    def embed(self, ids: Ints) -> Ints:
        """(T, D) the residual stream of ids (T,) before the first layer, 16 bits."""
        embed = self.model.embed
        rows, columns = embed.values[ids].astype(np.int64), np.newaxis
        scaled = rescale(
            rows,
            embed.multipliers[ids, columns].astype(np.int64),
            embed.shifts[ids, columns].astype(np.int64),
        )
        return saturate(scaled, embed.output_limit)

    def _add(self, h: Ints, shift: int, change: Ints) -> Ints:
        return saturate(round_shift(h, shift) + change, INT16)

    def _matvec(self, matrix: IntMatrix, v: Ints) -> Ints:
        """(T, R) of v (T, C)."""
        wide = self._wide[id(matrix)]
        shifts = wide.shifts
        if matrix.most_down:
            v, down = narrow(v, matrix.input_limit)
            shifts = shifts - down
        if matrix.planes is not None:
            more = halvings((v**2).sum(axis=-1, keepdims=True), matrix.planes.square_limit, 2)
            v, shifts = round_shift(v, more), np.maximum(shifts - more, 1)
        sums = exact_product(v, wide.weights)
        if self._checked:
            self._check(v, matrix.input_limit, "an input")
            self._check(sums, int(matrix.row_bounds.max(initial=0)), "an accumulator")
            plain = sums * wide.multipliers + (np.int64(1) << (shifts - 1))
            self._check(np.where(shifts < SPLIT_SHIFT, plain, 0), INT32, "a plain product")
        return saturate(rescale(sums, wide.multipliers, shifts), matrix.output_limit)

    def _norm(self, norm: IntNorm, v: Ints) -> Ints:
        """v (..., n) divided by its root mean square, times the gains if it has some."""
        most = np.abs(v).max(axis=-1, keepdims=True)
        down = np.maximum(bit_length(most) - norm.square_bits, 0)
        low = round_shift(v, down)
        if norm.narrow:
            low = saturate(low, 2**norm.square_bits - 1)
        squares = (low**2).sum(axis=-1, keepdims=True)
        total = np.maximum(squares + (norm.epsilon >> np.minimum(2 * down, 62)), 1)
        self._check(total, 2**32 - 1, "a sum of squares")
        r, k = rsqrt(total, self._rsqrt)
        if norm.narrow:
            r = np.minimum(round_shift(r, 7), 255)  # 8 bits
            made = round_shift(np.abs(low) * r, norm.shift + k)
            return np.sign(low) * saturate(made, norm.output_limit)
        self._check(v * r, INT32, "a normed product")
        unit = saturate(round_shift(v * r, 22 - UNIT_BITS + k + down), INT16)
        gained = unit * self._gains[id(norm)]
        self._check(gained, INT32 - (1 << norm.shift >> 1), "a gain's product")
        return saturate(round_shift(gained, norm.shift), norm.output_limit)

    def _turn(self, v: Ints, first: int) -> Ints:
        """Rotary positions: v (T, heads, K), whose first position is `first`; by cosines' bits more."""
        part = slice(first, first + len(v))
        cos, sin = self._cosines[part, np.newaxis], self._sines[part, np.newaxis]  # (T, 1, K/2)
        a, b = np.split(v, 2, axis=-1)
        turned = np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)
        self._check(turned, INT32, "a turned pair")
        return turned

    def project(self, layer: IntLayer, h: Ints) -> tuple[Ints, Ints, Ints]:
        """(T, R) each: a layer's queries and keys before they are turned, and its values, by h (T, D)."""
        x = self._norm(layer.norm1, h)
        return self._matvec(layer.q, x), self._matvec(layer.k, x), self._matvec(layer.v, x)

    def _attend(self, layer: IntLayer, number: int, h: Ints, cache: IntCache) -> Ints:
        """(T, H * K) what the heads read, by h (T, D)."""
        config, first, length = self.model.config, cache.length, len(h)
        heads = (length, -1, config.d_head)
        q, k, v = (part.reshape(heads) for part in self.project(layer, h))
        if layer.q_norm is not None and layer.k_norm is not None:
            q, k = self._norm(layer.q_norm, q), self._norm(layer.k_norm, k)
        bits = self.model.cosine_bits
        q = saturate(round_shift(self._turn(q, first), bits + layer.q_shift), layer.q_limit)
        if layer.q_sum_limit:
            down = halvings(np.abs(q).sum(axis=-1, keepdims=True), layer.q_sum_limit, 1)
            q = np.sign(q) * (np.abs(q) >> down)
        k = self._turn(k, first) - (layer.k_offset.astype(np.int64) << bits)
        self._check(k, INT32, "a key less its offset")
        if self.model.odd_keys:
            k = saturate(2 * (k >> bits + layer.k_shift + 1) + 1, layer.k_limit)
        else:
            k = saturate(round_shift(k, bits + layer.k_shift), layer.k_limit)
        new = slice(first, first + length)
        cache.keys[number][:, new] = k.swapaxes(0, 1)
        cache.values[number][:, new] = v.swapaxes(0, 1)
        keys, values = cache.keys[number][:, : new.stop], cache.values[number][:, : new.stop]
        per_key = config.n_heads // config.n_kv_heads
        grouped = q.reshape(length, config.n_kv_heads, per_key, -1).transpose(1, 2, 0, 3)  # (kv, G, T, K)
        scores = exact_product(grouped, keys[:, np.newaxis])  # (kv, G, T, S)
        self._check(scores, most_score(self.model, layer), "a score")
        out = self._mix(layer, scores, values, first)
        return out.transpose(2, 0, 1, 3).reshape(length, -1)

    def _mix(self, layer: IntLayer, scores: Ints, values: np.ndarray, first: int) -> Ints:
        """(kv, G, T, K) means of values by the chances that follow from scores (kv, G, T, S)."""
        length, seen = scores.shape[-2:]
        hidden = self._hidden(first, length, seen)
        greatest = np.where(hidden, np.iinfo(np.int64).min, scores).max(axis=-1, keepdims=True)
        below = np.maximum(greatest - scores, 0) << max(-layer.score_shift, 0)  # hidden ones may be greater
        below = round_shift(below, max(layer.score_shift, 0))
        chances = np.where(hidden, 0, exp2_below(below, self._exp2))
        total = chances.sum(axis=-1, keepdims=True)
        if self.model.sum_bits == 16:
            chances = chances >> halvings(total, INT16 // layer.v.output_limit, 1)
            total = chances.sum(axis=-1, keepdims=True)
        sums = exact_product(chances, values.swapaxes(-1, -2)[:, np.newaxis])
        self._check(total, INT32, "a sum of chances")
        self._check(sums, INT16 if self.model.sum_bits == 16 else INT32, "a sum of values")
        r, k = reciprocal(total, self._reciprocal)
        if self.model.reciprocal_bits == 8:
            r, k = np.minimum(round_shift(r, 7), 255), k - 7
        return saturate(rescale(sums, r, 30 + k - layer.o_shift), layer.o.made_limit)

    def _hidden(self, first: int, length: int, seen: int) -> npt.NDArray[np.bool_]:
        """(T, S) what each of `length` positions from `first` on may not see of `seen` positions."""
        own, other = np.arange(first, first + length)[:, np.newaxis], np.arange(seen)
        hidden: npt.NDArray[np.bool_] = other > own
        if self.model.window:  # the first position is one of so many
            hidden |= (other > 0) & (own - other >= self.model.window - 1)
        return hidden

    def _mlp(self, layer: IntLayer, h: Ints) -> Ints:
        """(T, F) the hidden values of the gated feed-forward part."""
        x = self._norm(layer.norm2, h)
        gate = self._activation[self._matvec(layer.gate, x) + layer.gate.output_limit]
        product = gate * self._matvec(layer.up, x)
        self._check(product, INT32, "a gated product")
        return saturate(round_shift(product, layer.hidden_shift), layer.down.made_limit)

    def _check(self, value: Ints, limit: int, name: str) -> None:
        if self._checked:
            require_width(value, limit, name)
