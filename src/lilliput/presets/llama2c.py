"""llama2.c (karpathy/llama2.c, train.py and README): Llamas of 260 thousand to 110 million parameters.

Its 15M, 42M and 110M use the tokenizer of Llama 2, 32,000 pieces, and its 260K one of 512; a run of ours
trains its own unless `tokenizer` names a file. Stories are not joined to rows of a whole context here.
"""

from lilliput.models.config import LlamaConfig
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def stories15m() -> Plan:
    """15,191,712 parameters, most of them embeddings; 100,000 steps of 131,072 tokens."""
    return Plan(
        name="stories15m",
        model=LlamaConfig(
            vocab_size=32000, d_model=288, n_layers=6, n_heads=6, n_kv_heads=6, d_ff=768, context=256
        ),
        train=TrainPlan(
            tokens=13_107_200_000,
            batch_tokens=131_072,
            learning_rate=5e-4,
            warmup=0.01,
            schedule="cosine",
            beta2=0.95,
        ),
    )


def stories260k() -> Plan:
    """260,032 parameters; 100,000 steps of 65,536 tokens, ten minutes of an A100."""
    shape = {"vocab_size": 512, "d_model": 64, "n_layers": 5, "n_heads": 8, "n_kv_heads": 4, "d_ff": 172}
    return differ(
        stories15m(),
        "stories260k",
        model={**shape, "context": 512},
        tokens=6_553_600_000,
        batch_tokens=65_536,
        learning_rate=1e-3,
        beta2=0.99,
        weight_decay=0.01,
        dropout=0.05,
    )


def stories42m() -> Plan:
    """41,689,600 parameters. Its recipe is not published: train.py's own is taken."""
    shape = {"d_model": 512, "n_layers": 8, "n_heads": 8, "n_kv_heads": 8, "d_ff": 1376, "context": 1024}
    return differ(stories15m(), "stories42m", model=shape)


def stories110m() -> Plan:
    """109,529,856 parameters; 200,000 steps of 131,072 tokens, a day of four A100."""
    shape = {"d_model": 768, "n_layers": 12, "n_heads": 12, "n_kv_heads": 12, "d_ff": 2048, "context": 1024}
    recipe = {"tokens": 26_214_400_000, "learning_rate": 4e-4, "warmup": 0.005, "dropout": 0.1}
    return differ(stories15m(), "stories110m", model=shape, **recipe)
