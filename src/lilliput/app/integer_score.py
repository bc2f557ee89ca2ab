"""What stories cost by whole numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lilliput.generation.int_native import open_reader
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.observe import costs_of

Ids = npt.NDArray[np.int64]


def score_integers(model: IntModel, stories: Sequence[Ids]) -> float:
    """Nats per token of stories, ids from BOS; of a story the context's length at most."""
    reader, context = open_reader(model), model.config.context
    nats, count = 0.0, 0
    for story in stories:
        ids, targets = story[:context], story[1 : context + 1]
        logits = reader.read(ids, reader.start())[: len(targets)]
        nats += float(costs_of(logits / 2.0**model.logit_bits, targets).sum())
        count += len(targets)
    return nats / count
