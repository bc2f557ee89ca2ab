"""Several processes that train one model, as torchrun starts them. One alone needs no torch.

A process is a *rank*. All ranks go through the same steps together: what decides how the loop goes on (the
clock, a wish to stop) is the same on all of them, and only the first one writes files and speaks.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lilliput.device import choose_device
from lilliput.errors import ConfigError
from lilliput.training.plan import TrainPlan

if TYPE_CHECKING:
    from torch import nn

    from lilliput.models.decoder import Decoder

PATIENCE = timedelta(hours=2)
"""How long a rank waits for the others: the first one prepares the stories and scores the model meanwhile."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is. The default is the only one, which needs no torch."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes files, draws the bar and speaks."""
        return self.rank == 0

    def agree(self, value: float) -> float:
        """What the first rank says; all ranks ask together."""
        if self.world == 1:
            return value
        import torch
        from torch import distributed

        told = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(told, src=0)
        return float(told)

    def largest(self, value: float) -> float:
        """The largest of what the ranks say."""
        return self._reduced(value, "MAX")

    def total(self, value: float) -> float:
        """The sum of what the ranks say."""
        return self._reduced(value, "SUM")

    def wait(self) -> None:
        """Go on once all ranks are here."""
        self.agree(0.0)
        self.total(0.0)

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


@contextmanager
def joined(plan: TrainPlan) -> Iterator[Ranks]:
    """The ranks of this run, connected as torchrun's environment says; one alone without it.

    Raises ConfigError for what several processes cannot share.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    if plan.step == "c":
        raise ConfigError("train.step=c is for one process: leave it out, or start without torchrun")
    import torch
    from torch import distributed

    kind = choose_device(plan.device).type
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
    distributed.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()


def spread(model: "Decoder", plan: TrainPlan, ranks: Ranks) -> "nn.Module":
    """What to call for the model's logits, so that gradients become means over the ranks.

    With sharding "fsdp" the parameters of `model` itself become parts; with "ddp" they stay whole.
    """
    if ranks.world == 1:
        return model
    if plan.sharding == "ddp":
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(next(model.parameters()).device.type, (ranks.world,))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model
