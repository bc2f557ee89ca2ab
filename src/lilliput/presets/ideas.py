"""Systems with an idea of their own: TinyGPT, einygpt, tinymodel.

NotShrirang/tinygpt; clankur/einygpt; noanabeshima/tinymodel (its model is what Bussmann et al. 2025, arXiv
2503.17547, train their Matryoshka autoencoders on).
"""

from lilliput.models.config import GPT2Config
from lilliput.presets.differ import differ
from lilliput.presets.tinystories import tinystories1m
from lilliput.training.plan import Plan, TrainPlan

_EPOCH = 470_000_000


def tinygpt51m() -> Plan:
    """TinyGPT: 51,237,888 parameters, published as 51M; ReLU, dropout 0.3, batches of 1,024 stories."""
    return Plan(
        name="tinygpt51m",
        model=GPT2Config(
            vocab_size=50304,
            d_model=512,
            n_layers=8,
            n_heads=8,
            d_ff=2048,
            context=512,
            activation="relu",
        ),
        train=TrainPlan(
            tokens=_EPOCH,
            batch_tokens=1024 * 222,
            learning_rate=8e-4,
            warmup=0.05,
            schedule="cosine",
            beta2=0.95,
            dropout=0.3,
        ),
    )


def tinygptmoe85m() -> Plan:
    """TinyGPT-MoE: 84,500,992 parameters, published as 85M; 2 of 4 experts read a token.

    The nearest of Mixtral's kind: RMSNorm and rotary positions where its own has LayerNorm, learned positions
    and biases in attention. It has no load-balancing loss, which is a fault; here it has, as heavy as Fedus
    et al. 2022 (arXiv 2101.03961) weigh it.
    """
    shape = {"family": "moe", "n_kv_heads": 8, "d_ff": 1024, "n_experts": 4, "experts_per_token": 2}
    return differ(tinygpt51m(), "tinygptmoe85m", model=shape, balance_loss=0.01)


def einygpt7m() -> Plan:
    """einygpt with GPT-2's vocabulary, 8 key/value heads: published as 6.9M.

    The nearest Llama: einygpt has LayerNorm, learned positions and a feed-forward part without a gate, whose
    two matrices are as large as the three of width 171 here: 7,025,088 parameters. Learning rate 3e-3;
    dropout and warm-up are the ones in its code.
    """
    shape = {"family": "llama", "d_model": 64, "n_layers": 12, "n_kv_heads": 8, "d_ff": 171, "context": 256}
    return differ(
        tinygpt51m(),
        "einygpt7m",
        model={**shape, "vocab_size": 50257, "tied": False, "gate": "relu"},
        tokens=900_000 * 64 * 256,
        batch_tokens=64 * 256,
        learning_rate=3e-3,
        warmup=500 / 900_000,
        beta2=0.999,
        weight_decay=0.01,
        dropout=0.2,
    )


def einygpt4m() -> Plan:
    """einygpt with 30,000 ids of its own and 2 key/value heads: 4,358,464 parameters, published as 4.3M."""
    return differ(einygpt7m(), "einygpt4m", model={"vocab_size": 30000, "n_kv_heads": 2})


def tinymodel44m() -> Plan:
    """tinymodel: 43,900,416 parameters, published as 44M; ReLU, untied, three epochs of TinyStoriesV2.

    Its own has no norm at all, which no twin in `transformers` can be; with LayerNorm it is the GPT-Neo that
    sees everything, with 13,824 parameters of norms more and 10,000 of the output's bias fewer. Its learning
    rate is not published: the TinyStories paper's is taken.
    """
    shape = {"vocab_size": 10000, "d_model": 768, "n_layers": 4, "d_ff": 3072, "context": 256}
    return differ(
        tinystories1m(),
        "tinymodel44m",
        model={**shape, "tied": False, "pattern": ["global"], "activation": "relu"},
        tokens=3 * 540_000_000,
        batch_tokens=131_072,
    )
