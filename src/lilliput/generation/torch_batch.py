"""Many stories at once with torch: an engine and a cache for each."""

from typing import TYPE_CHECKING

from lilliput.generation.batch import Request
from lilliput.generation.engines import TorchEngine
from lilliput.generation.sample import Sampler, make_sampler
from lilliput.generation.turns import TurnsBatch

if TYPE_CHECKING:
    from lilliput.models.decoder import Decoder


class TorchBatch(TurnsBatch):
    """See BatchEngine. Stories do not share a matrix product, so none can change another's rounding."""

    def __init__(self, model: "Decoder", slots: int) -> None:
        def open_story(request: Request) -> tuple[TorchEngine, Sampler]:
            return TorchEngine(model), make_sampler(request.sampling, request.seed)

        super().__init__(model.config.context, slots, open_story)
