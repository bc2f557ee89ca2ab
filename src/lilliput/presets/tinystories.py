"""TinyStories (Eldan and Li 2023, arXiv 2305.07759; the cards of roneneldan/TinyStories-* on the hub).

GPT-Neo with global and local attention in turn, window 256, 16 heads; the names count neither embeddings
nor, for the paper, more than 10,000 of the 50,257 ids. Batches of 80 x 16 rows of 512 tokens, learning rate
5e-4 throughout, as the card of the 33M says; how many steps is not published, so the budget is ours. The
Instruct forms are the same shapes, learnt from stories with instructions before them.
"""

from lilliput.models.config import GPTNeoConfig
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def tinystories1m() -> Plan:
    """3,745,984 parameters, 398,464 without embeddings."""
    return Plan(
        name="tinystories1m",
        model=GPTNeoConfig(
            vocab_size=50257, d_model=64, n_layers=8, n_heads=16, d_ff=256, context=2048, window=256
        ),
        train=TrainPlan(
            tokens=2_000_000_000,
            batch_tokens=655_360,
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
    """51,987,968 parameters."""
    return _wider("tinystories28m", d_model=512)


def tinystories33m() -> Plan:
    """68,514,048 parameters in 4 layers."""
    return _wider("tinystories33m", d_model=768, n_layers=4)


def tinystories1layer21m() -> Plan:
    """66,155,520 parameters in one layer, which sees everything."""
    return _wider("tinystories1layer21m", d_model=1024, n_layers=1)


def tinystories2layers33m() -> Plan:
    """78,748,672 parameters in two layers."""
    return _wider("tinystories2layers33m", d_model=1024, n_layers=2)


def instruct1m() -> Plan:
    """TinyStories-Instruct-1M: 3,745,984 parameters."""
    return differ(tinystories1m(), "instruct1m")


def instruct3m() -> Plan:
    """TinyStories-Instruct-3M: 8,278,400 parameters."""
    return differ(tinystories3m(), "instruct3m")


def instruct8m() -> Plan:
    """TinyStories-Instruct-8M: 19,702,528 parameters."""
    return differ(tinystories8m(), "instruct8m")


def instruct28m() -> Plan:
    """TinyStories-Instruct-28M: 51,987,968 parameters."""
    return differ(tinystories28m(), "instruct28m")


def instruct33m() -> Plan:
    """TinyStories-Instruct-33M: 68,514,048 parameters."""
    return differ(tinystories33m(), "instruct33m")


def instruct1layer21m() -> Plan:
    """TinyStories-Instruct-1Layer-21M: 66,155,520 parameters; one layer cannot follow instructions."""
    return differ(tinystories1layer21m(), "instruct1layer21m")


def instruct2layers33m() -> Plan:
    """TinyStories-Instruct-2Layers-33M: 78,748,672 parameters; two can, partly."""
    return differ(tinystories2layers33m(), "instruct2layers33m")


def _wider(name: str, d_model: int, n_layers: int = 8) -> Plan:
    shape = {"d_model": d_model, "d_ff": 4 * d_model, "n_layers": n_layers}
    return differ(tinystories1m(), name, model=shape)
