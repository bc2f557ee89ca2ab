"""Where tensors live, and how many processors there are."""

import ctypes
import os
import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lilliput.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda", "mps"]


def count_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_torch() -> bool:
    """Whether torch is installed; does not import it."""
    return find_spec("torch") is not None


@cache
def may_have_gpu() -> bool:
    """False where there is surely no GPU that torch could use; torch itself knows more, and takes seconds."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if Path("/dev/kfd").exists():  # ROCm's
        return True
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def auto_is_cpu() -> bool:
    """Whether the device "auto" is the CPU. Imports torch only where there may be a GPU."""
    return not has_torch() or not may_have_gpu() or choose_device("auto").type == "cpu"


def require_torch(purpose: str) -> None:
    """Raise MissingExtraError where torch is not installed."""
    if not has_torch():
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
