"""Running a plan: the loop with its surroundings, and the model folder at the end."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from shlex import quote

from lilliput.app.looking import Look
from lilliput.app.output import command_name, say
from lilliput.app.progress import TrainingBar, counted
from lilliput.app.run_details import describe_run, draw_training, held_back_texts
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.formats.folder import save_folder
from lilliput.formats.weights import Weights
from lilliput.models.count import count_parameters
from lilliput.stories.batches import Batches
from lilliput.training.diary import HELD_BACK_BITS, HELD_BACK_NATS, Row
from lilliput.training.early import load_best
from lilliput.training.efficiency import Efficiency, measure_peak
from lilliput.training.leading import open_batches, step_of_run
from lilliput.training.loop import Outcome, Surroundings, train
from lilliput.training.plan import Plan
from lilliput.training.prepare import Prepared
from lilliput.training.resume import Position, RunFiles, save_plan
from lilliput.training.step import Step
from lilliput.training.steps import (
    choose_step,
    computes_on_cpu,
    decide_step,
    make_step,
    try_threads,
    why_torch,
)
from lilliput.training.trackers import track_to

LOOK_STORIES = 64
"""Held-back stories scored beside each diary entry."""
SCORE_STORIES = 1000
"""Held-back stories scored at the end."""
_PROMPT_TOKENS = 10
"""Tokens of a held-back story that the diary's stories begin with."""
TRIAL_STEPS = 5
"""Steps by which the number of threads is chosen."""
_FEW_TOKENS, _MANY_PASSES = 4, 8
"""Tokens a parameter below which a text is little, if the budget goes over it more often than so."""


def run_plan(files: RunFiles, prepared: Prepared) -> Outcome:
    """Train until the budget is used up or the person stops it; writes the model folder either way.

    The caller holds the folder alone.
    """
    plan = _decide(files, prepared)
    with step_of_run(plan, prepared.train, make_step) as (step, ranks):
        return _run(plan, step, open_batches(plan, prepared.train, ranks), files, prepared)


def _run(plan: Plan, step: Step, batches: Batches, files: RunFiles, prepared: Prepared) -> Outcome:
    held_back = held_back_texts(prepared, SCORE_STORIES)
    with stop_on_signal() as should_stop:
        outcome = learn(plan, step, batches, files, prepared, held_back[:LOOK_STORIES], should_stop)
        weights = weights_to_keep(step, files, outcome)
        stories = counted(held_back, "scoring", "held-back stories", len(held_back))
        final = _look_at(plan, step, prepared, weights).score(stories)
        draw_training(files)
        details = describe_run(plan, prepared, files, outcome, step.device, final, held_back)
        save_folder(files.folder, plan.model, weights, prepared.tokenizer, details)
    say(
        f"{files.folder}: {final['bits_per_byte']:.3f} bits per byte, {final['nats_per_token']:.3f} "
        f"nats per token on {len(held_back):,} held-back stories"
    )
    if outcome.reason == "stopped":
        say(
            f"stopped and saved; go on with: {command_name()} train --resume --out {quote(str(files.folder))}"
        )
    return outcome


def learn(
    plan: Plan,
    step: Step,
    batches: Batches,
    files: RunFiles,
    prepared: Prepared,
    held_back: list[str],
    should_stop: Callable[[], bool],
    check: Callable[[], Row] | None = None,
) -> Outcome:
    """The loop, between a bar, trackers, and looks at held-back stories; `check` may score otherwise."""

    def look(_: Position) -> Row:
        now = _look_at(plan, step, prepared, step.weights())
        scored = now.score(held_back)
        return {
            "story": now.tell(plan.prompt or "", plan.seed),
            "nats_per_token": scored["nats_per_token"],
            "bits_per_byte": scored["bits_per_byte"],
        }

    def score() -> Row:
        scored = _look_at(plan, step, prepared, step.weights()).score(held_back)
        return {HELD_BACK_NATS: scored["nats_per_token"], HELD_BACK_BITS: scored["bits_per_byte"]}

    targets = prepared.data.train_tokens - prepared.data.train_stories  # a BOS is never predicted
    gauge = Efficiency(plan.model, measure_peak(step.device))
    with ExitStack() as stack:
        bar = stack.enter_context(TrainingBar(prepared.data.train_bytes / targets))
        track = stack.enter_context(track_to(files.folder, plan))

        def watch(row: Row) -> None:
            bar.show(row)
            track(row)

        around = Surroundings(time.monotonic, should_stop, look, watch, check or score, gauge)
        return train(plan, step, batches, files, around)


def _look_at(plan: Plan, step: Step, prepared: Prepared, weights: Weights) -> Look:
    return Look(plan.model, weights, prepared.tokenizer, plan.train.threads, step.device)


def weights_to_keep(step: Step, files: RunFiles, outcome: Outcome) -> Weights:
    """The last weights, or the best that a run with patience found; says which."""
    if outcome.best_step is None:
        return step.weights()
    weights, at = load_best(files)
    last = outcome.position.step
    if outcome.reason == "early":
        say(f"stopped early, after {last:,} steps: the loss on held-back stories falls no more")
    say(f"kept the weights of step {at:,}, which did best on held-back stories")
    return weights


def check_can_train(plan: Plan) -> None:
    """Raise LilliputError for what would stop a run only after its stories were prepared."""
    choose_step(plan)
    for wanted, package, what in (
        (plan.train.tensorboard, "tensorboard", "TensorBoard"),
        (plan.train.wandb, "wandb", "Weights & Biases"),
    ):
        if wanted and find_spec(package) is None:
            raise MissingExtraError(what, "track")


def _decide(files: RunFiles, prepared: Prepared) -> Plan:
    """The plan with the diary's beginning, the step and the number of threads decided, kept for --resume."""
    plan, tokenizer = prepared.plan, prepared.tokenizer
    most = plan.model.context // 4
    if plan.prompt is None:
        plan = plan.model_copy(update={"prompt": _choose_prompt(prepared, most)})
    elif len(tokenizer.encode(plan.prompt)) > most:
        raise ConfigError(f"prompt: more than {most} tokens, a quarter of the context: shorten it")
    if reason := why_torch(plan):
        say(f"torch computes: {reason}")
    if files.state.is_file():  # begun in this precision, on these threads
        plan, rate = plan.with_settings([f"train.step={choose_step(plan)}"]), None
    else:
        plan, rate = decide_computing(plan, prepared)
    _warn_of_little_text(plan, prepared, rate)
    save_plan(files, plan)
    return plan


def _choose_prompt(prepared: Prepared, most: int) -> str:
    """What a held-back record gives before its story, where that has at most so many tokens; else the first
    words of a held-back story."""
    tokenizer, mark = prepared.tokenizer, prepared.plan.data.learn_after
    for text in held_back_texts(prepared, LOOK_STORIES) if mark else ():
        head, found, _ = text.partition(mark or "")
        if found and len(tokenizer.encode(head + found)) <= most:
            return head + found
    opening = prepared.valid.story(0)[1:-1][: min(_PROMPT_TOKENS, most)]
    words = tokenizer.decode(opening.tolist()).strip("\ufffd")
    return words.rpartition(" ")[0] or words  # no half word


def decide_computing(plan: Plan, prepared: Prepared) -> tuple[Plan, float | None]:
    """The plan with its step, precision and threads decided; and tokens a second, if threads were tried."""
    plan = decide_step(plan)
    if not computes_on_cpu(plan):
        return plan, None
    batches = open_batches(plan, prepared.train)
    threads, rate = try_threads(plan, [batches.at(step) for step in range(TRIAL_STEPS)])
    return plan.with_settings([f"train.threads={threads}"]), rate


def _warn_of_little_text(plan: Plan, prepared: Prepared, tokens_per_second: float | None) -> None:
    """Say so, with the numbers, where the budget goes over too little text too often for the model."""
    text, train = prepared.data.train_tokens, plan.train
    budgets = [train.tokens] if train.tokens else []
    if train.minutes and tokens_per_second:
        budgets.append(round(train.minutes * 60 * tokens_per_second))
    per_parameter = text / count_parameters(plan.model).parameters
    passes = min(budgets, default=0) / text
    if per_parameter < _FEW_TOKENS and passes > _MANY_PASSES:
        say(
            f"that is little text for this model: {per_parameter:.2g} tokens a parameter, and the budget "
            f"goes over it about {passes:,.0f} times. Beyond some passes a model learns by heart: more "
            "stories tell better" + ("" if train.patience else ", and --set train.patience=5 stops in time")
        )


@contextmanager
def stop_on_signal(tell: bool = True) -> Iterator[Callable[[], bool]]:
    """Ctrl-C or a polite kill asks to stop at the next step; a second one stops at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if tell:
            say("stopping after this step; once more stops at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
