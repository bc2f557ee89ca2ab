"""Lilliput's own: for some minutes, for an hour, and for a Game Boy. LOG.md has what chose their settings."""

from lilliput.models.config import Qwen3Config
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def pocket() -> Plan:
    """The best story after some minutes on two cores: 259,616 parameters, no more than llama2.c's 260K.

    Half of them are the embedding of 2,048 pieces: a piece is 3.65 bytes of TinyStories, so the model reads
    half as much again in the same time as with 512, and learns more from it.
    """
    return Plan(
        name="pocket",
        model=Qwen3Config(
            vocab_size=2048, d_model=64, n_layers=5, n_heads=4, n_kv_heads=2, d_head=16, d_ff=69, context=512
        ),
        train=TrainPlan(
            minutes=3,
            batch_tokens=2048,
            optimizer="muon",
            learning_rate=1e-2,
            schedule="wsd",
            weight_decay=0.01,
        ),
    )


def laptop() -> Plan:
    """The best story after an hour on two cores, of at most 1,000,000 parameters: 999,232."""
    shape = {"d_head": 32, "d_model": 128, "d_ff": 255}
    return differ(pocket(), "laptop", model=shape, minutes=60, weight_decay=0.05)


def cartridge() -> Plan:
    """For the Game Boy: 256,272 parameters that its lookup kernels multiply without a remainder.

    Heads 8 wide are one byte for each bit of a key. d_ff 168 is 21 groups of the 8 inputs that one table
    serves, and 28 of the 6 that the second matrix takes; 255,488 products a token in all (260K: 259,328).
    Queries and keys are normalised (Qwen3), so that they stay small: those of 260K reach 38 and 30, which
    fixed point clips. What 128 positions need beside them fits the cartridge's 128 KiB.
    """
    shape = {"vocab_size": 512, "n_layers": 5, "d_head": 8, "n_heads": 8, "n_kv_heads": 4, "d_ff": 168}
    return differ(pocket(), "cartridge", model={**shape, "context": 256}, minutes=10)
