"""Where tensors live."""

from typing import TYPE_CHECKING, Literal

from lilliput.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda", "mps"]


def require_torch(purpose: str) -> None:
    """Raise MissingExtraError where torch is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise MissingExtraError(purpose, "torch")


def choose_device(device: Device) -> "torch.device":
    """The device asked for; "auto" takes CUDA, then MPS, then the CPU.

    Raises ConfigError if the device asked for is not there.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return torch.device(next(name for name, here in available.items() if here))
    if not available[device]:
        raise ConfigError(f"no {device} device here; use cpu, or auto for whatever there is")
    return torch.device(device)
