"""Units of the gated feed-forward part's hidden values, and of the half that its activation multiplies."""

import numpy as np
import numpy.typing as npt

from lilliput.quantize.fixed import round_shift
from lilliput.quantize.rounding import Floats, Form, ranges_of

_MOST_SHIFT = 15
_ROOM = 1.25
"""How much greater than all that calibration saw a value may be before it is cut."""


def choose_hidden(
    up: Floats,
    gate: Floats,
    activation: npt.NDArray[np.int64],
    activated_step: float,
    scales: Floats,
    matrix: Floats,
    form: Form,
    limit: int,
    *,
    uneven: bool,
) -> tuple[Floats, int]:
    """Units (F,) of hidden values, and hidden_shift, of what calibration saw: up (N, F), gate's whole values.

    What is multiplied, up, is in units of scales * 2**-shift / activated_step, within `limit`. A great
    shift makes them fine; but a channel whose activation is always small then needs a coarser unit than one
    in `scales`, so that its greatest values fit; unless `uneven`, all have it. Every shift is tried; the
    products of `matrix` (D, F) with what comes out decide.
    """
    least = _ROOM * activated_step * ranges_of(up) / limit  # (F,) of the unit, at no shift
    if not uneven:
        least = np.full_like(least, least.max())
    room = np.log2(scales / least)
    first, last = (max(0, min(_MOST_SHIFT, int(np.floor(most)))) for most in (room.min(), room.max()))
    shifts = range(first, last + 1)
    activated = activation[gate]
    wanted = (activated * activated_step * up) @ matrix.T
    best, best_error = (np.maximum(scales, least), 0), np.inf
    for shift in shifts:
        units = np.maximum(scales, least * 2.0**shift)
        whole = np.rint(up / (units * 2.0**-shift / activated_step)).clip(-limit, limit).astype(np.int64)
        made = round_shift(activated * whole, shift).clip(-form.made_limit, form.made_limit)
        error = float(np.square((form.whole(made * units, units) * units) @ matrix.T - wanted).sum())
        if error < best_error:
            best, best_error = (units, shift), error
    return best
