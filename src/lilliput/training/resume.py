"""Checkpoints: one file that is whole or absent, and enough to go on bit for bit.

A run's folder holds the model folder, and beside it

    resume/plan.json            the plan
    resume/tokenizer.json       and in config.json beside it, which ids begin and end a story
    resume/data.json            what is known about the stories
    resume/train.tokens         the shards
    resume/train.unlearnt.safetensors   where a plan has data.learn_after
    resume/train.lessons        where it has a teacher: what that expects at each token
    resume/valid.tokens
    resume/state.safetensors    weights, optimizer, and how far the run is
    resume/best.safetensors     with train.patience: the weights that did best on held-back stories

`resume/` can be deleted when the run is over.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors

from lilliput.errors import FormatError, LilliputError
from lilliput.formats.folder import read_json_object
from lilliput.formats.weights import Array, read_safetensors, write_safetensors
from lilliput.rundir import write_text
from lilliput.training.plan import Plan
from lilliput.training.schedule import progress_of


@dataclass(frozen=True)
class Position:
    """How far a run is. The next step is number `step`; batches follow from it alone."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    next_sample: int = 0
    """Tokens at which the diary's next story is told."""


@dataclass(frozen=True)
class RunFiles:
    """Where a run keeps what."""

    folder: Path

    @property
    def resume(self) -> Path:
        """What resumes training; can be deleted afterwards."""
        return self.folder / "resume"

    @property
    def plan(self) -> Path:
        """The plan as JSON."""
        return self.resume / "plan.json"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer that made the shards."""
        return self.resume / "tokenizer.json"

    @property
    def roles(self) -> Path:
        """Which ids begin and end a story: `load_tokenizer` looks for it beside the tokenizer."""
        return self.resume / "config.json"

    @property
    def data(self) -> Path:
        """Counts and fingerprint of the stories."""
        return self.resume / "data.json"

    @property
    def train_shard(self) -> Path:
        """Tokens to learn from."""
        return self.resume / "train.tokens"

    @property
    def unlearnt(self) -> Path:
        """For each story to learn from, how many of its first tokens are read only; where a plan wants it."""
        return unlearnt_of(self.train_shard)

    @property
    def lessons(self) -> Path:
        """What the run's teacher expects at each token to learn from; where it has one."""
        return lessons_of(self.train_shard)

    @property
    def valid_shard(self) -> Path:
        """Tokens held back."""
        return self.resume / "valid.tokens"

    @property
    def state(self) -> Path:
        """The checkpoint."""
        return self.resume / "state.safetensors"

    @property
    def best(self) -> Path:
        """The weights with the best held-back score, where the run looks for them."""
        return self.resume / "best.safetensors"

    @property
    def metrics(self) -> Path:
        """Rows of numbers, one JSON object a line."""
        return self.folder / "metrics.jsonl"

    @property
    def diary(self) -> Path:
        """Stories told while learning."""
        return self.folder / "diary.md"


def unlearnt_of(train_shard: Path) -> Path:
    """The file beside a shard of which some first targets do not count."""
    return train_shard.with_suffix(".unlearnt.safetensors")


def lessons_of(train_shard: Path) -> Path:
    """The file beside a shard with what a teacher expects."""
    return train_shard.with_suffix(".lessons")


def save_plan(files: RunFiles, plan: Plan) -> None:
    """Keep the plan for --resume."""
    write_text(files.plan, plan.model_dump_json(indent=2) + "\n")


def load_plan(files: RunFiles) -> Plan:
    """The plan of a run that was begun; raises LilliputError where there is none."""
    if not files.plan.is_file():
        raise LilliputError(
            f"{files.folder} holds no run to resume (it lacks resume/plan.json); start one without --resume"
        )
    return Plan.from_dict(read_json_object(files.plan), str(files.plan))


def begun_tokens(files: RunFiles) -> int:
    """Tokens that the newest checkpoint has learnt from; 0 before the first."""
    return load_checkpoint(files)[1].tokens if files.state.is_file() else 0


def is_finished(files: RunFiles, plan: Plan) -> bool:
    """True for a run whose budget is used up and whose model folder was written."""
    if not (files.state.is_file() and (files.folder / "model.safetensors").is_file()):
        return False
    _, position = load_checkpoint(files)
    return progress_of(plan.train, position.tokens, position.seconds) >= 1


def save_checkpoint(files: RunFiles, state: dict[str, Array], position: Position) -> None:
    """Replace the checkpoint; a reader finds the old one or the new one, never a mixture."""
    numbers = {name: repr(value) for name, value in asdict(position).items()}
    write_safetensors(files.state, state, {"lilliput": "checkpoint 1", **numbers})


def load_checkpoint(files: RunFiles) -> tuple[dict[str, Array], Position]:
    """State and position of the newest checkpoint; raises FormatError if it is damaged."""
    arrays = read_safetensors(files.state)
    with safetensors.safe_open(files.state, framework="numpy") as file:
        told = file.metadata() or {}
    if told.get("lilliput") != "checkpoint 1":
        raise FormatError(f"{files.state} is no checkpoint that this version of lilliput reads")
    try:
        position = Position(
            int(told["step"]), int(told["tokens"]), float(told["seconds"]), int(told["next_sample"])
        )
    except (KeyError, ValueError):
        raise FormatError(f"{files.state} does not say how far its run was") from None
    return arrays, position
