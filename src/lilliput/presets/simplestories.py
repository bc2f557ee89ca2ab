"""SimpleStories (Finke et al. 2025, arXiv 2504.09184; simple-stories/simple_stories_train): small Llamas.

A vocabulary of 4,096, 60,000 steps of 64 rows of 512 tokens. The counts are of its configs; the models on the
hub, 1.24M to 35.1M, have 4,019 ids.
"""

from lilliput.models.config import LlamaConfig
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def simplestories1m() -> Plan:
    """SimpleStories-1.25M: 1,245,824 parameters."""
    return Plan(
        name="simplestories1m",
        model=LlamaConfig(
            vocab_size=4096, d_model=128, n_layers=4, n_heads=4, n_kv_heads=2, d_ff=341, context=512
        ),
        train=TrainPlan(
            tokens=1_966_080_000,
            batch_tokens=32_768,
            learning_rate=1e-4,
            warmup=0.01,
            schedule="cosine",
            final_share=0.1,
            beta2=0.95,
        ),
    )


def simplestories5m() -> Plan:
    """5,374,208 parameters."""
    shape = {"d_model": 256, "n_layers": 6, "d_ff": 682}
    return differ(simplestories1m(), "simplestories5m", model=shape)


def simplestories11m() -> Plan:
    """11,015,040 parameters."""
    shape = {"d_model": 384, "n_layers": 6, "n_heads": 6, "d_ff": 1024}
    return differ(simplestories1m(), "simplestories11m", model=shape)


def simplestories30m() -> Plan:
    """29,627,904 parameters."""
    shape = {"d_model": 512, "n_layers": 10, "n_heads": 8, "d_ff": 1365}
    return differ(simplestories1m(), "simplestories30m", model=shape)


def simplestories35m() -> Plan:
    """35,133,952 parameters."""
    return differ(simplestories30m(), "simplestories35m", model={"n_layers": 12})
