"""Stories by an integer model: what a desktop shows is what a device will say, token for token."""

from collections.abc import Sequence

import numpy as np

from lilliput.errors import LilliputError
from lilliput.generation.batch import Request
from lilliput.generation.engines import IntEngine, IntReader
from lilliput.generation.sample import Logits, Sampler
from lilliput.generation.turns import TurnsBatch
from lilliput.quantize.draw import make_int_sampler, plan_draws


class IntBatch(TurnsBatch):
    """See BatchEngine. Tokens are drawn with whole numbers too, by a generator of their own."""

    def __init__(self, reader: IntReader, slots: int = 1) -> None:
        def open_story(request: Request) -> tuple[IntEngine, Sampler]:
            return IntEngine(reader), _make_sampler(reader, request)

        super().__init__(reader.model.config.context, slots, open_story)

    def begin(self, slot: int, request: Request) -> None:
        """See BatchEngine.begin."""
        if request.sampling.repetition_penalty != 1:
            raise LilliputError("the integer engine, as devices, has no repetition penalty: leave it out")
        super().begin(slot, request)


def _make_sampler(reader: IntReader, request: Request) -> Sampler:
    s, bits = request.sampling, reader.model.logit_bits
    plan = plan_draws(s.temperature, s.top_k, s.top_p, s.min_p, bits)
    draw = make_int_sampler(plan, request.seed)

    def sample(logits: Logits, _read: Sequence[int]) -> int:
        return draw(np.ldexp(logits, bits).astype(np.int64))  # exact: 16 bits in a float32

    return sample
