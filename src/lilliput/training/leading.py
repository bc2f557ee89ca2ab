"""One run on several processes: the first rank leads, the others follow.

The first rank runs the whole program, as if it were alone, with a step that tells the others what to do
before it does it. They have the model and their own share of every batch, and nothing else: no clock, no
files to write, no bar. So all that decides how a run goes on is decided once.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from pathlib import Path

import numpy as np

from lilliput.errors import LilliputError
from lilliput.formats.weights import Array, Weights, read_safetensors
from lilliput.stories.batches import Batch, Batches
from lilliput.stories.lessons import open_lessons
from lilliput.stories.shard_files import Shard, open_shard
from lilliput.training.distributed import ALONE, Ranks, connected, own_rank, take_own_device
from lilliput.training.plan import Plan
from lilliput.training.resume import lessons_of, unlearnt_of
from lilliput.training.step import Step, StepResult


class _Order(IntEnum):
    """What the first rank tells the others to do."""

    END = 0
    LEARN = 1
    WEIGHTS = 2
    STATE = 3
    LOAD = 4


class LeadingStep:
    """The step of the first rank: each of its methods has the other ranks do the same."""

    def __init__(self, step: Step, ranks: Ranks) -> None:
        self._step, self._ranks = step, ranks
        self.device = step.device

    def learn(self, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        """See Step.learn; `batch` has this rank's rows."""
        self._order(_Order.LEARN, batch.step, factor, teaching)
        return self._step.learn(batch, factor, teaching)

    def weights(self) -> Weights:
        """See Step.weights."""
        self._order(_Order.WEIGHTS)
        return self._step.weights()

    def state(self) -> dict[str, Array]:
        """See Step.state."""
        self._order(_Order.STATE)
        return self._step.state()

    def load_state(self, state: dict[str, Array]) -> None:
        """See Step.load_state."""
        self._order(_Order.LOAD)
        self._step.load_state(_share_arrays(self._ranks, state))

    def end(self) -> None:
        """Let the others go, and forget the step."""
        self._order(_Order.END)
        del self._step

    def _order(self, order: _Order, step: int = 0, factor: float = 0.0, teaching: float = 0.0) -> None:
        self._ranks.share([order, step, factor, teaching])


@contextmanager
def step_of_run(plan: Plan, shard: Shard, make_alone: Callable[[Plan], Step]) -> Iterator[tuple[Step, Ranks]]:
    """The step that the loop learns with: `make_alone(plan)`, or under torchrun one that leads the others.

    And which rank this is, for the batches.
    """
    if own_rank().world == 1:
        yield make_alone(plan), ALONE
        return
    with connected() as ranks:
        place = {"shard": str(shard.path.resolve()), "tokenizer": shard.header.tokenizer}
        told = {"plan": plan.model_dump(), **place}
        ranks.share_bytes(json.dumps(told).encode())
        step = LeadingStep(_make_step(plan, ranks), ranks)
        yield step, ranks
        step.end()


def open_batches(plan: Plan, shard: Shard, ranks: Ranks = ALONE) -> Batches:
    """The plan's batches, of which this rank takes its share."""
    masked = plan.data.learn_after is not None
    unlearnt = read_safetensors(unlearnt_of(shard.path))["unlearnt"].astype(np.uint32) if masked else None
    return Batches(
        shard,
        batch_tokens=plan.train.batch_tokens,
        context=plan.model.context,
        seed=plan.seed,
        rank=ranks.rank,
        world=ranks.world,
        unlearnt=unlearnt,
        lessons=open_lessons(lessons_of(shard.path), shard) if plan.teacher.writes else None,
    )


def follow(undisturbed: AbstractContextManager[object]) -> None:
    """Do what the first rank tells, until it says that the run is over. Errors of all are told by it alone.

    `undisturbed` is entered once the ranks are connected: in it a wish to stop, which reaches all processes,
    must not end this one, since the first rank stops for all.
    """
    with connected() as ranks, undisturbed:
        _obey(ranks)


def _obey(ranks: Ranks) -> None:
    told = json.loads(ranks.share_bytes(b""))
    plan = Plan.from_dict(told["plan"], "the first rank")
    batches = open_batches(plan, open_shard(Path(told["shard"]), told["tokenizer"]), ranks)
    step = _make_step(plan, ranks)
    while True:
        order, number, factor, teaching = ranks.share([0.0, 0.0, 0.0, 0.0])
        match _Order(int(order)):
            case _Order.END:
                return
            case _Order.LEARN:
                _learn(step, batches.at(int(number)), factor, teaching)
            case _Order.WEIGHTS:
                step.weights()
            case _Order.STATE:
                step.state()
            case _Order.LOAD:
                step.load_state(_share_arrays(ranks, {}))


def _learn(step: Step, batch: Batch, factor: float, teaching: float) -> None:
    try:
        step.learn(batch, factor, teaching)
    except LilliputError:  # all ranks found the same loss: the first one says so and still asks for the state
        return


def _make_step(plan: Plan, ranks: Ranks) -> Step:
    from lilliput.training.steps import make_step

    take_own_device(plan.train.device)
    return make_step(plan, ranks)


def _share_arrays(ranks: Ranks, arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays of the first rank."""
    kinds = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    told = json.loads(ranks.share_bytes(json.dumps(kinds).encode()))
    shared: dict[str, Array] = {}
    for name, (kind, shape) in told.items():
        data = ranks.share_bytes(arrays[name].tobytes() if ranks.is_first else b"")
        shared[name] = np.frombuffer(data, dtype=kind).reshape(shape)
    return shared
