"""Train in prepared folders as one of two processes. A program of its own, started by test_leading.py.

`python two_ranks.py RANK PORT=FOLDER …` trains in one folder after the other, each group on its own port.
"""

import os
import sys
import time
import warnings
from contextlib import nullcontext
from pathlib import Path

from lilliput.stories.batches import Batch
from lilliput.training.leading import follow, open_batches, step_of_run
from lilliput.training.loop import Surroundings, train
from lilliput.training.prepare import load_prepared
from lilliput.training.resume import RunFiles
from lilliput.training.step import StepResult
from lilliput.training.step_torch import TorchStep
from lilliput.training.steps import make_step


def lead(folder: Path) -> None:
    """What the command does, without its bar and its scores."""
    files = RunFiles(folder)
    prepared = load_prepared(files)
    around = Surroundings(
        time.monotonic, lambda: False, lambda _: {"story": "", "bits_per_byte": 0.0}, lambda _: None
    )
    with step_of_run(prepared.plan, prepared.train, make_step) as (step, ranks):
        train(prepared.plan, step, open_batches(prepared.plan, prepared.train, ranks), files, around)


def main() -> None:
    """Lead or follow, run after run."""
    warnings.simplefilter("error")
    rank, *runs = sys.argv[1:]
    os.environ |= {"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    rows: list[int] = []
    learn = TorchStep.learn

    def noted(step: TorchStep, batch: Batch, factor: float, teaching: float = 0.0) -> StepResult:
        rows.append(len(batch.rows))
        return learn(step, batch, factor, teaching)

    TorchStep.learn = noted  # type: ignore[method-assign]
    for run in runs:
        port, _, folder = run.partition("=")
        os.environ["MASTER_PORT"] = port
        if rank == "0":
            lead(Path(folder))
        else:
            follow(nullcontext())
        Path(folder, f"rows.{rank}").write_text(" ".join(map(str, rows)))
        rows.clear()


if __name__ == "__main__":
    main()
