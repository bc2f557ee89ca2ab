"""From real factors to whole numbers: multipliers, shifts, and units of what is not a matrix's input."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import SPLIT_SHIFT
from lilliput.quantize.intmodel import IntConfig, Kind
from lilliput.quantize.numbers import MOST_SHIFT
from lilliput.quantize.packing import MULTIPLIER_BITS, SHIFT_BITS
from lilliput.quantize.rounding import POWERS, Form, ranges_of, round_rows

Floats = npt.NDArray[np.float64]


def bits_within(most: float, limit: float) -> int:
    """The greatest b with most * 2**b <= limit."""
    return int(np.floor(np.log2(limit / max(most, 1e-30))))


MOST_STAGE_SHIFT = 15


def choose_residual_steps(least: Sequence[float]) -> tuple[float, ...]:
    """Units of the residual stream, one for each stage, of which none is finer than `least` says for it.

    The last is what the greatest stage needs; each is a power of two times the one before it, or the same: an
    embedding is often a thousandth of what the layers add, and would have few bits in their unit.
    """
    reached = np.maximum.accumulate(np.asarray(least))
    finer = np.minimum(np.floor(np.log2(reached[-1] / reached)), MOST_STAGE_SHIFT)
    return tuple((reached[-1] * 2.0**-finer).tolist())


def split_gains(factors: Floats, name: str) -> tuple[npt.NDArray[np.int16], int]:
    """Whole numbers g and one shift with g / 2**shift near `factors`; the greatest |g| has 15 bits.

    Raises ConfigError that names the norm where they would have more.
    """
    most = float(np.abs(factors).max())
    if most == 0:
        return np.zeros(factors.shape, np.int16), 1
    shift = min(30, max(1, bits_within(most, 32767.0)))
    if most * 2.0**shift > 32767:
        raise ConfigError(
            f"{name}: what this norm reads is so small beside norm_eps that its gains would need more than "
            "16 bits: set rms_norm_eps in config.json to what the model was trained with, or train it on"
        )
    return np.rint(factors * 2.0**shift).astype(np.int16), shift


def split_ratios(
    ratios: Floats, bounds: npt.NDArray[np.int64], name: str, most_down: int = 0
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """(R,) multipliers m and shifts s with m / 2**s near `ratios`, for sums up to `bounds`.

    An exponent of the input, up to `most_down`, is taken from s.
    m has 12 bits, and shifts differ by 15 at most, so that a device may hold both in 16 bits; m has fewer
    where a shift below 17 would else make a product leave 32 bits. Raises ConfigError that names the matrix
    where no m does.
    """
    multipliers, shifts = np.ones(len(ratios), np.int16), np.full(len(ratios), MOST_SHIFT, np.uint8)
    for row in np.flatnonzero(bounds):  # a row of zeros, whatever its step: 0 times anything
        multipliers[row], shifts[row] = _split_ratio(float(ratios[row]), int(bounds[row]), name, most_down)
    most = min(int(shifts.min()) + 2**SHIFT_BITS - 1, MOST_SHIFT)
    far = (shifts > most) & (bounds > 0)  # so quiet beside the loudest row that they need no 12 bits
    multipliers[far] = np.maximum(1, np.rint(ratios[far] * 2.0**most))
    shifts[shifts > most] = most
    return multipliers, shifts


def _split_ratio(ratio: float, bound: int, name: str, most_down: int) -> tuple[int, int]:
    mantissa, exponent = np.frexp(ratio)  # 0.5 <= mantissa < 1
    for bits in range(MULTIPLIER_BITS, 0, -1):
        multiplier, shift = round(float(mantissa) * 2**bits), bits - int(exponent)
        if multiplier == 2**MULTIPLIER_BITS:
            multiplier, shift = multiplier // 2, shift - 1
        if shift > MOST_SHIFT:
            return max(1, round(ratio * 2.0**MOST_SHIFT)), MOST_SHIFT
        least = shift - most_down
        if least >= SPLIT_SHIFT or (least >= 1 and bound * multiplier + 2 ** (shift - 1) < 2**31):
            return multiplier, shift
    raise ConfigError(f"{name}: a row's sum may reach {bound:,}, and times {ratio:.3g} it leaves 32 bits")


def choose_steps(x: Floats, limit: int, *, odd: bool = False) -> Floats:
    """(C,) a unit for each column of x (N, C), of several the one with the least squared error.

    With `odd`, x is rounded to odd numbers.
    """
    most = ranges_of(x)
    best: Floats = most / limit
    best_error = np.full(x.shape[1], np.inf)
    for clip in np.linspace(1, 0.5, 11):
        steps = most * clip / limit
        whole = 2 * np.floor(x / steps / 2) + 1 if odd else np.rint(x / steps)
        error = np.square(whole.clip(-limit, limit) * steps - x).sum(axis=0)
        best, best_error = np.where(error < best_error, steps, best), np.minimum(error, best_error)
    return best


def choose_value_steps(
    v: Floats,
    out: Floats,
    matrix: Floats,
    config: IntConfig,
    limit: int,
    shifts: Sequence[int],
    form: Form,
    kind: Kind,
    *,
    uneven: bool,
) -> tuple[Floats, int]:
    """Units (kv * K,) of values v (N, kv * K), and the one of `shifts` by which their means are finer.

    Means `out` (N, H * K) keep within the range of what they are means of, and mostly well within: so they
    may have more bits behind the point. The products of `matrix` (D, H * K) with them decide. Unless
    `uneven`, all units are one.
    """
    ranges = ranges_of(v)
    per_key = config.n_heads // config.n_kv_heads
    wanted = out @ matrix.T

    def by_heads(each: Floats) -> Floats:
        return each.reshape(config.n_kv_heads, 1, -1).repeat(per_key, axis=1).reshape(-1)

    best, best_error = (ranges / limit, shifts[0]), np.inf
    for power in POWERS if uneven else POWERS[:1]:
        shape = ranges**power
        steps = shape * ((ranges / shape).max() / limit)
        noise = by_heads(np.square(np.rint(v / steps) * steps - v).mean(axis=0))
        # values' own rounding hardly averages out where a head looks at few positions: counted whole
        by_values = float((np.square(matrix).sum(axis=0) * noise).sum()) * len(out)
        for shift in shifts:
            scales = by_heads(steps) * 2.0**-shift
            restored = round_rows(matrix * scales, kind, method="nearest").restored() / scales
            error = float(np.square(form.rounded(out, scales) @ restored.T - wanted).sum())
            if error + by_values < best_error:
                best, best_error = (steps, shift), error + by_values
    return best
