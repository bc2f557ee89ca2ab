"""Model collapse (Gerstgrasser et al. 2024, arXiv 2404.01413; Kazdan et al. 2024, arXiv 2410.16713).

A vocabulary of 8,000 and one epoch of 470 million tokens for each generation. Of the shapes we know only
the sizes: these are the ones of that vocabulary that give them, with heads 64 wide in the Llamas and 16
heads, as in TinyStories-8M, in the GPT-2. The learning rate is the TinyStories paper's, batches are
llama2.c's.
"""

from lilliput.models.config import GPT2Config
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def collapse9m() -> Plan:
    """GPT-2 9M: 8,890,880 parameters, as published."""
    return Plan(
        name="collapse9m",
        model=GPT2Config(vocab_size=8000, d_model=256, n_layers=8, n_heads=16, d_ff=1024, context=2048),
        train=TrainPlan(
            tokens=470_000_000,
            batch_tokens=131_072,
            learning_rate=5e-4,
            schedule="cosine",
            beta2=0.95,
        ),
    )


def collapse12m() -> Plan:
    """Llama 12M: 12,488,960 parameters, counted from the shape."""
    shape = {"family": "llama", "n_heads": 4, "n_kv_heads": 4, "tied": False}
    return differ(collapse9m(), "collapse12m", model=shape)


def collapse42m() -> Plan:
    """Llama 42M: 41,755,136 parameters, counted from the shape."""
    shape = {"d_model": 512, "n_heads": 8, "n_kv_heads": 8, "d_ff": 2048}
    return differ(collapse12m(), "collapse42m", model=shape)


def collapse126m() -> Plan:
    """Llama 126M: 125,553,408 parameters, counted from the shape."""
    shape = {"d_model": 768, "n_layers": 12, "n_heads": 12, "n_kv_heads": 12, "d_ff": 3072}
    return differ(collapse12m(), "collapse126m", model=shape)
