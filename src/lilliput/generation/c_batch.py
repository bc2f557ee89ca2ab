"""Many stories at once with the C engine: whole stretches of text without Python between tokens."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from lilliput.errors import LilliputError
from lilliput.formats.image import Matrix, write_image
from lilliput.generation.batch import Event, Logprob, Request, logprob_of, most_new_tokens
from lilliput.models.config import ModelConfig
from lilliput.quantize.rows import to_int4, to_int8
from lilliput.runtime.native import (
    MAX_ENDS,
    MAX_WIDTH,
    CRequest,
    Memory,
    NativeEngine,
    measure_slot,
    place_image,
)

Precision = Literal["f32", "int8", "int4"]
"""How weights are held. Below f32, products are of integers and keys and values have 16 bits."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
_FITS_NEAR = 4 << 20
"""Bytes of an image that stays in the caches beside a processor: there, few stories at once are quicker."""
_FEW = 8
_LEAST_TOP_P = float(np.finfo(np.float32).tiny)
"""What is less would be 0 in C, and no top_p; the likeliest token alone is kept by either."""
_MOST_CACHE = 1 << 30


def engine_image(
    config: ModelConfig, weights: Mapping[str, npt.NDArray[np.float32]], precision: Precision
) -> Memory:
    """A model laid out for the C engine. Engines may share it."""

    def rounded(_name: str, matrix: npt.NDArray[np.float32]) -> Matrix:
        if precision == "f32":
            return matrix
        return to_int8(matrix) if precision == "int8" else to_int4(matrix)

    return place_image(write_image(config, weights, rounded))


def open_c_batches(
    image: Memory, threads: int, precision: Precision, stories: int | None = None
) -> "list[CBatch]":
    """An engine a thread, with as many slots as make it quickest for many stories, or for `stories` of them.

    All together keep at most 1 GiB of keys and values, as long as that is a slot for each engine.
    """
    threads = min(threads, stories or threads)
    slots = min(_width(image), -(-stories // threads) if stories else MAX_WIDTH)
    affordable = _MOST_CACHE // (threads * measure_slot(image, precision != "f32"))
    return [CBatch(image, max(1, min(slots, affordable)), precision=precision) for _ in range(threads)]


def _width(image: Memory) -> int:
    return _FEW if image.size < _FITS_NEAR else MAX_WIDTH


class CBatch:
    """See BatchEngine. `threads` compute each token together where that is quicker; ids stay the same."""

    def __init__(
        self,
        image: Memory,
        slots: int = 1,
        threads: int = 1,
        *,
        precision: Precision = "f32",
        kernels: str | None = None,
    ) -> None:
        self.native = NativeEngine(
            image,
            slots=slots,
            width=_width(image),
            threads=threads,
            small_cache=precision != "f32",
            kernels=kernels,
        )
        self.context, self.slots = self.native.context, slots
        self._requests: dict[int, Request] = {}

    def begin(self, slot: int, request: Request) -> None:
        """See BatchEngine.begin."""
        if not 0 <= slot < self.slots or slot in self._requests:
            raise LilliputError(f"slot {slot} is not free; there are {self.slots}")
        most, _ = most_new_tokens(request, self.context)
        if len(request.ends) > MAX_ENDS:
            raise LilliputError(f"{len(request.ends)} ids that end a story; {MAX_ENDS} at most")
        self.native.begin(slot, request.ids, _c_request(request, most))
        self._requests[slot] = request

    def run(self, steps: int) -> list[Event]:
        """See BatchEngine.run."""
        if not any(request.logprobs for request in self._requests.values()):
            self.native.run(steps, until_end=True)
            events = [self._event(slot, request) for slot, request in list(self._requests.items())]
            return [event for event in events if event.ids or event.ending]
        told: dict[int, list[Event]] = {slot: [] for slot in self._requests}
        for _ in range(steps):
            self.native.run(1)
            for slot, request in list(self._requests.items()):
                told[slot].append(self._event(slot, request))
            if any(events[-1].ending for events in told.values()):
                break
        joined = [_join(slot, events) for slot, events in told.items()]
        return [event for event in joined if event.ids or event.ending]

    def cancel(self, slot: int) -> None:
        """See BatchEngine.cancel."""
        self._requests.pop(slot, None)
        self.native.cancel(slot)

    def _event(self, slot: int, request: Request) -> Event:
        ids, ending = self.native.take(slot)
        logprobs: tuple[Logprob, ...] = ()
        if request.logprobs and ids:  # one id: each is asked for as it is written
            logprobs = (logprob_of(ids[0], self.native.logits(slot), request.logprobs),)
        if ending:
            del self._requests[slot]
        return Event(slot, tuple(ids), logprobs, ending)


def _join(slot: int, events: list[Event]) -> Event:
    ids = tuple(id for event in events for id in event.ids)
    logprobs = tuple(logprob for event in events for logprob in event.logprobs)
    return Event(slot, ids, logprobs, events[-1].ending)


def _c_request(request: Request, most: int) -> CRequest:
    s = request.sampling
    top_p = max(s.top_p, _LEAST_TOP_P)
    c = CRequest(s.temperature, s.top_k, top_p, s.min_p, s.repetition_penalty, request.seed, most)
    c.n_ends, c.keep_logits = len(request.ends), request.logprobs > 0
    c.ends[: len(request.ends)] = sorted(request.ends)
    return c
