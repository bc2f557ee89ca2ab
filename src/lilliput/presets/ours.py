"""Lilliput's own: for some minutes, for an hour, and for a Game Boy. LOG.md has what chose their settings."""

from lilliput.models.config import LlamaConfig, Qwen3Config
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
    """For the Game Boy: of the shapes that it computes in a second a token, the one that learnt the most.

    260,672 parameters. 2,048 pieces are worth the quarter of a second that their output matrix takes: with
    1,024 and a wider body bytes are learnt worse, and a token tells less. Four heads of 16 learn more than
    eight of 8, and take less time. Queries and keys have no norms (Llama): a cartridge computes none. A
    larger model of the same tokenizer may teach it: `--set teacher.folder=LAPTOP`, at a weight of 0.9. It
    becomes whole numbers by `quantize --to cartridge --qat` with turn_shift=0, chance_bits=4, key_bits=6,
    bits=4.4, bits_q=5, bits_k=5 and bits_head=4.4.
    """
    return Plan(
        name="cartridge",
        model=LlamaConfig(
            vocab_size=2048, d_model=64, n_layers=4, n_heads=4, n_kv_heads=2, d_ff=104, context=256
        ),
        train=pocket().train.with_changes({"minutes": 40}, "cartridge"),
    )
