"""An average of the weights over the steps (Polyak and Juditsky 1992): it tells better than the last ones."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lilliput.training.step import average_decay


class Average:
    """The average of every parameter, laid out as the parameter is."""

    def __init__(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        self._decay = decay
        self.named: dict[str, Tensor] = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def take_in(self, parameters: Mapping[str, Tensor], steps: int) -> None:
        """average = d average + (1 - d) parameter, after the step number `steps`, counted from 1.

        d is `average_decay`.
        """
        decay = average_decay(self._decay, steps)
        for name, parameter in parameters.items():
            self.named[name].mul_(decay).add_(parameter.detach(), alpha=1 - decay)
