"""Several processes that train one model, as torchrun starts them. One alone needs no torch.

A process is a *rank*. What every rank has to do at the same time it does through `Ranks`; who leads whom is
said in leading.py.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lilliput.device import Device, choose_device
from lilliput.errors import ConfigError
from lilliput.training.plan import TrainPlan

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lilliput.models.decoder import Decoder

PATIENCE = timedelta(hours=2)
"""How long a rank waits for the others: the first one prepares the stories and scores the model meanwhile."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is. What it says is asked for by all of them together."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share(self, numbers: list[float]) -> list[float]:
        """The numbers of the first rank; as many on each."""
        import torch

        told: list[float] = self._from_first(torch.tensor(numbers, dtype=torch.float64)).tolist()
        return told

    def share_bytes(self, data: bytes) -> bytes:
        """The bytes of the first rank; the others may give any."""
        import torch

        (size,) = self.share([len(data)])
        told = torch.zeros(int(size), dtype=torch.uint8)
        if self.is_first:
            told.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
        return self._from_first(told).numpy().tobytes()

    def largest(self, value: float) -> float:
        """The largest of what the ranks say."""
        return self._reduced(value, "MAX")

    def total(self, value: float) -> float:
        """The sum of what the ranks say."""
        return self._reduced(value, "SUM")

    def _from_first(self, tensor: "Tensor") -> "Tensor":
        from torch import distributed

        if self.world > 1 and tensor.numel():
            distributed.broadcast(tensor, src=0)
        return tensor

    def _reduced(self, value: float, how: str) -> float:
        if self.world == 1:
            return value
        import torch
        from torch import distributed

        told = torch.tensor([value], dtype=torch.float64)
        distributed.all_reduce(told, getattr(distributed.ReduceOp, how))
        return float(told)


ALONE = Ranks()
"""One process that trains by itself."""


def own_rank() -> Ranks:
    """This process among those that torchrun started, by its environment; ALONE without it."""
    return Ranks(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


@contextmanager
def connected() -> Iterator[Ranks]:
    """Connect the processes that torchrun started; waits until all are here.

    Nothing that uses the connection may be left when the block ends: DDP would keep it, and closing it as DDP
    goes blocks Python, for which the connection's own threads may be waiting (an eighth of short runs hung).
    """
    import torch
    from torch import distributed

    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE
    )
    yield own_rank()
    gc.collect()
    distributed.destroy_process_group()  # not after an error: the others may wait for what never comes


def take_own_device(device: Device) -> None:
    """Give each process of a machine a GPU of its own; raises ConfigError for a device they cannot share."""
    import torch

    kind = choose_device(device).type
    if kind == "mps":
        raise ConfigError("several processes cannot share an MPS device: --set train.device=cpu")
    if kind == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"process {local} of this machine has no GPU of its own: torchrun --nproc-per-node="
                f"{torch.cuda.device_count()}, or --set train.device=cpu"
            )
        torch.cuda.set_device(local)


def spread(model: "Decoder", plan: TrainPlan, ranks: Ranks) -> "nn.Module":
    """What to call for the model's logits, so that gradients become means over the ranks.

    With sharding "fsdp" the parameters of `model` itself become parts; with "ddp" they stay whole.
    """
    if ranks.world == 1:
        return model
    if plan.sharding == "ddp":
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model, gradient_as_bucket_view=True)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(next(model.parameters()).device.type, (ranks.world,))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model
