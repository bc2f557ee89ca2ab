"""Units of queries and keys: channels that turn together have one, and queries have its inverse."""

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError
from lilliput.quantize.fixed import INT16
from lilliput.quantize.intmodel import IntConfig
from lilliput.quantize.scaling import Floats, bits_within, choose_steps
from lilliput.quantize.settings import QuantizeSettings

_LOG2_E_BITS = 8
_MOST_SCORE_SHIFT = 30
_MOST_NARROW_SHIFT = 3
"""The same where scores have 16 bits: finer ones would choose no other chances, and cost a device room."""
_MOST_KEY_SHIFT = 7
_NARROW_ROOM = 1.15
"""As _ROOM, where they have few bits before they are turned."""
_SUM_ROOM = 0.55
"""As _ROOM, for the sum of a query's magnitudes. What is beyond it is halved: such a query chooses one key
anyway, and a finer unit serves all the others."""
_ROOM = 1.5
"""How much greater than all that calibration saw a query or key may be before it is cut."""


class Heads:
    """Units, limits and shifts of a layer's queries and keys.

    Made of what calibration saw: `turned_q` (N, H, K) and `turned_k` (N, kv, K). `least_q` and `least_k` are
    the finest units that a norm before can make. Raises ConfigError that names the block where queries and
    keys are too great for their bits.
    """

    def __init__(
        self,
        name: str,
        config: IntConfig,
        settings: QuantizeSettings,
        turned_q: Floats,
        turned_k: Floats,
        least_q: float = 0.0,
        least_k: float = 0.0,
    ) -> None:
        self._odd, self._turn_limit = settings.keys == "odd", 2 ** (settings.turn_bits - 1) - 1
        self._room = _ROOM if settings.turn_bits == 16 else _NARROW_ROOM
        self._most_shift = settings.turn_shift
        self.k_limit = 2**settings.key_bits - 1 if self._odd else 2 ** (settings.key_bits - 1) - 1
        offset = turned_k.mean(axis=0)  # (kv, K)
        steps = self._choose_keys(turned_k, offset, least_k)
        self.k_steps = steps * 2.0**-self.k_shift
        self.k_offset: npt.NDArray[np.int16] = np.rint(offset / self.k_steps).astype(np.int16)
        per_key = config.n_heads // config.n_kv_heads
        factors = steps.repeat(per_key, axis=0) * (np.log2(np.e) / config.d_head**0.5)  # (H, K)
        most_q = float((_pair_norms(turned_q) * factors[:, : factors.shape[1] // 2]).max())
        self.q_sum_limit = 0
        if settings.score_bits == 16:
            sums = (np.abs(turned_q) * factors).sum(axis=-1)
            self._narrow_queries(float(sums.max()), most_q, factors)
            return
        # so that a product of K queries and keys stays within 31 bits
        query_bits = min(settings.query_bits, 31 - (config.d_head - 1).bit_length() - (settings.key_bits - 1))
        self.q_shift, self.q_limit = 16 - query_bits, 2 ** (query_bits - 1) - 1
        # where attention is so weak that scores hardly differ, a finer unit would serve nothing
        finest = self.q_shift + _LOG2_E_BITS + _MOST_SCORE_SHIFT
        finest = min(finest, bits_within(least_q * float(factors.max()), 1.0))
        bits = min(bits_within(most_q, self._turn_limit / self._room), finest)
        self.q_steps = 2.0**-bits / factors
        self.score_shift = bits - self.q_shift - _LOG2_E_BITS
        if self.score_shift < 0:
            raise ConfigError(f"{name}: queries and keys are too great for their bits: {_advise(settings)}")

    def _narrow_queries(self, most_sum: float, most_q: float, factors: Floats) -> None:
        """The finest unit, a power of two of scores, in which a score has 16 bits, and a query before it is
        turned its own."""
        self.q_sum_limit = INT16 // self.k_limit
        limit = self._turn_limit / self._room
        bits = min(bits_within(most_sum, self.q_sum_limit / _SUM_ROOM), bits_within(most_q, limit))
        bits = min(bits, _LOG2_E_BITS + _MOST_NARROW_SHIFT)
        self.q_shift = min(self._most_shift, bits_within(most_q * 2.0**bits, limit))
        self.q_limit = 2 ** self.q_sum_limit.bit_length() - 1
        self.q_steps = 2.0 ** -(bits + self.q_shift) / factors
        self.score_shift = bits - _LOG2_E_BITS

    def _choose_keys(self, turned: Floats, offset: Floats, least: float) -> Floats:
        """(kv, K) units of keys in the cache; sets how many bits finer they are before."""
        pairs = np.concatenate(np.split(turned - offset, 2, axis=-1), axis=0)  # (2N, kv, K/2)
        steps = choose_steps(pairs.reshape(len(pairs), -1), self.k_limit, odd=self._odd)
        steps = steps.reshape(offset.shape[0], -1)
        reach = _pair_norms(turned).max(axis=0)  # (kv, K/2), before the mean is taken away
        steps = np.maximum(steps, reach * self._room / self._turn_limit)  # else a great mean would not fit
        steps = np.maximum(steps, least * 2**_MOST_KEY_SHIFT)
        limit = self._turn_limit / self._room
        self.k_shift = max(0, min(self._most_shift, bits_within(float((reach / steps).max()), limit)))
        return np.concatenate([steps, steps], axis=-1)


def _advise(settings: QuantizeSettings) -> str:
    """What to do where units of queries and keys would have to be greater than there are."""
    odd = settings.keys == "odd"
    most = {"query_bits": 16, "key_bits": 7 if odd else 8, "turn_bits": 16}
    higher = [f"{bits}={limit}" for bits, limit in most.items() if getattr(settings, bits) < limit]
    if higher:
        return f"set {' and '.join(higher)}"
    return (
        "they have the most that there are, so no integers can be made of this model as it is: train it on "
        "with a greater train.weight_decay, or let it keep its floats (export --to gguf)"
    )


def _pair_norms(turned: Floats) -> Floats:
    """(N, heads, K / 2) how far a pair of channels can reach, however it is turned."""
    a, b = np.split(turned, 2, axis=-1)
    norms: Floats = np.hypot(a, b)
    return norms
