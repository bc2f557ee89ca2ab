"""Moving weights between numpy and a torch model."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lilliput.models import build_model
from lilliput.models.config import ModelConfig
from lilliput.models.decoder import Decoder


@torch.no_grad()
def set_weights(model: nn.Module, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Copy arrays into the parameters of the same name (all of them, once each)."""
    parameters = dict(model.named_parameters())  # a tied matrix is listed once
    if parameters.keys() != weights.keys():
        raise ValueError(f"names differ: {sorted(parameters.keys() ^ weights.keys())}")
    for name, parameter in parameters.items():
        parameter.copy_(torch.from_numpy(np.array(weights[name])))


def get_weights(model: nn.Module) -> dict[str, npt.NDArray[np.float32]]:
    """A copy of every parameter as float32."""
    return {
        name: parameter.detach().float().cpu().numpy().copy() for name, parameter in model.named_parameters()
    }


def model_with_weights(
    config: ModelConfig, weights: Mapping[str, npt.NDArray[np.float32]], device: str = "cpu"
) -> Decoder:
    """A torch model in evaluation mode on `device`."""
    model = build_model(config)
    set_weights(model, weights)
    return model.eval().to(device)
