"""The rates of the optimizers, and what a teacher says, as functions of progress."""

import math

from lilliput.training.plan import TeacherPlan, TrainPlan


def progress_of(plan: TrainPlan, tokens: int, seconds: float) -> float:
    """Share of the budget that is used up, 0 to 1: of tokens or of time, whichever is further."""
    by_tokens = tokens / plan.tokens if plan.tokens else 0.0
    by_time = seconds / (60 * plan.minutes) if plan.minutes else 0.0
    return min(1.0, max(by_tokens, by_time))


def rate_factor_at(plan: TrainPlan, progress: float) -> float:
    """What the peak rates are multiplied with: up to 1 in the warm-up, down to `final_share` at progress 1.

    Never zero while there is budget: the first step already learns.
    """
    if progress < plan.warmup:
        return max(progress / plan.warmup, 0.01)
    falls_from = max(plan.warmup, 1 - plan.cooldown) if plan.schedule == "wsd" else plan.warmup
    if plan.schedule == "constant" or progress <= falls_from:
        return 1.0
    left = (1 - progress) / (1 - falls_from)  # 1 to 0
    shape = 0.5 * (1 - math.cos(math.pi * left)) if plan.schedule == "cosine" else left
    return plan.final_share + (1 - plan.final_share) * shape


def teaching_at(plan: TeacherPlan, progress: float) -> float:
    """How much the teacher's word counts, 0 to 1; the text's has the rest."""
    return plan.weight if plan.teaches and progress < plan.until else 0.0
