"""Plans of the GPT-Neo family: the shapes of TinyStories (Eldan and Li 2023)."""

from lilliput.models.config import GPTNeoConfig
from lilliput.training.plan import Plan, TrainPlan


def tinystories1m() -> Plan:
    """The paper's 1M: 3,745,984 parameters, 398,464 without embeddings."""
    return Plan(
        name="tinystories1m",
        model=GPTNeoConfig(
            vocab_size=50257, d_model=64, n_layers=8, n_heads=16, d_ff=256, context=2048, window=256
        ),
        train=TrainPlan(
            tokens=2_000_000_000,
            batch_tokens=131_072,
            learning_rate=5e-4,
            schedule="constant",
            beta2=0.95,
        ),
    )


def tinystories3m() -> Plan:
    """The paper's 2.5M: 8,278,400 parameters."""
    return _wider("tinystories3m", d_model=128)


def tinystories8m() -> Plan:
    """The paper's 8.3M: 19,702,528 parameters."""
    return _wider("tinystories8m", d_model=256)


def tinystories28m() -> Plan:
    """The paper's 28M: 51,987,968 parameters."""
    return _wider("tinystories28m", d_model=512)


def tinystories33m() -> Plan:
    """The paper's 33M: 68,514,048 parameters in 4 layers."""
    return _wider("tinystories33m", d_model=768, n_layers=4)


def _wider(name: str, d_model: int, n_layers: int = 8) -> Plan:
    base = tinystories1m()
    shape = {"d_model": d_model, "d_ff": 4 * d_model, "n_layers": n_layers}
    return base.model_copy(update={"name": name, "model": base.model.model_copy(update=shape)})
