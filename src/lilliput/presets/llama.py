"""Plans of the Llama family, each written as its difference from another."""

from lilliput.models.config import LlamaConfig
from lilliput.training.plan import Plan, TrainPlan


def pocket() -> Plan:
    """Ours: the best story after three minutes on two cores."""
    return Plan(
        name="pocket",
        model=LlamaConfig(
            vocab_size=512, d_model=64, n_layers=5, n_heads=4, n_kv_heads=2, d_ff=172, context=512
        ),
        train=TrainPlan(minutes=3),
    )


def stories260k() -> Plan:
    """llama2.c's 260K: 260,032 parameters."""
    base = pocket()
    model = base.model.model_copy(update={"n_heads": 8, "n_kv_heads": 4})
    train = base.train.model_copy(update={"minutes": 11.0})
    return base.model_copy(update={"name": "stories260k", "model": model, "train": train})


def stories15m() -> Plan:
    """llama2.c's 15M: 15,191,712 parameters, most of them embeddings."""
    return Plan(
        name="stories15m",
        model=LlamaConfig(
            vocab_size=32000,
            d_model=288,
            n_layers=6,
            n_heads=6,
            n_kv_heads=6,
            d_ff=768,
            context=256,
        ),
        train=TrainPlan(tokens=2_000_000_000, batch_tokens=131_072, learning_rate=5e-4),
    )


def stories42m() -> Plan:
    """llama2.c's 42M: 41,689,600 parameters."""
    shape = {"d_model": 512, "n_layers": 8, "n_heads": 8, "n_kv_heads": 8, "d_ff": 1376}
    model = stories15m().model.model_copy(update={**shape, "context": 1024})
    return stories15m().model_copy(update={"name": "stories42m", "model": model})


def stories110m() -> Plan:
    """llama2.c's 110M: 109,529,856 parameters."""
    shape = {"d_model": 768, "n_layers": 12, "n_heads": 12, "n_kv_heads": 12, "d_ff": 2048}
    model = stories15m().model.model_copy(update={**shape, "context": 1024})
    return stories15m().model_copy(update={"name": "stories110m", "model": model})
