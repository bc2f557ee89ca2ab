"""The learning rate as a function of progress."""

import math

from lilliput.training.plan import TrainPlan


def progress_of(plan: TrainPlan, tokens: int, seconds: float) -> float:
    """Share of the budget that is used up, 0 to 1: of tokens or of time, whichever is further."""
    by_tokens = tokens / plan.tokens if plan.tokens else 0.0
    by_time = seconds / (60 * plan.minutes) if plan.minutes else 0.0
    return min(1.0, max(by_tokens, by_time))


def learning_rate_at(plan: TrainPlan, progress: float) -> float:
    """Warm up in a straight line, then fall to `final_share` of the peak at progress 1.

    Never zero while there is budget: the first step already learns.
    """
    if progress < plan.warmup:
        return plan.learning_rate * max(progress / plan.warmup, 0.01)
    if plan.schedule == "constant":
        return plan.learning_rate
    left = 1.0 if plan.warmup >= 1 else (1 - progress) / (1 - plan.warmup)  # 1 to 0
    shape = left if plan.schedule == "linear" else 0.5 * (1 - math.cos(math.pi * left))
    return plan.learning_rate * (plan.final_share + (1 - plan.final_share) * shape)
