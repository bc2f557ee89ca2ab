"""Regional Tiny Stories (arXiv 2504.07989; VizuaraAI/Tiny-Stories-Regional): Hindi, Marathi, Bangla.

nanoGPT, width x layers, with Sarvam's vocabulary of 68,096 ids, which `--set tokenizer=FILE` names; 5,000
steps of 96 x 40 rows of 1,024 tokens. Its counts leave out positions, and nanoGPT has no biases, where GPT-2
here has both. The cosine is only half run when it ends, so half of the rate is left.
"""

from lilliput.models.config import GPT2Config
from lilliput.presets.differ import differ
from lilliput.training.plan import Plan, TrainPlan


def regional64x2() -> Plan:
    """4,523,776 parameters, published as 4.46M."""
    return Plan(
        name="regional64x2",
        model=GPT2Config(
            vocab_size=68096, d_model=64, n_layers=2, n_heads=8, d_ff=256, context=1024, activation="gelu"
        ),
        train=TrainPlan(
            tokens=5000 * 96 * 40 * 1024,
            batch_tokens=96 * 40 * 1024,
            learning_rate=4e-3,
            warmup=0.04,
            schedule="cosine",
            final_share=0.5,
            beta2=0.95,
        ),
    )


def regional64x6() -> Plan:
    """4,723,712 parameters, published as 4.65M."""
    return differ(regional64x2(), "regional64x6", model={"n_layers": 6})


def regional64x12() -> Plan:
    """5,023,616 parameters, published as 5.0M."""
    return differ(regional64x2(), "regional64x12", model={"n_layers": 12})


def regional512x2() -> Plan:
    """41,695,232 parameters, published as 41M."""
    shape = {"d_model": 512, "d_ff": 2048}
    return differ(regional64x2(), "regional512x2", model=shape, learning_rate=1.5e-3, warmup=0.06)


def regional512x6() -> Plan:
    """54,304,768 parameters, published as 53M: the one that its authors find best for its size."""
    return differ(regional512x2(), "regional512x6", model={"n_layers": 6})


def regional512x12() -> Plan:
    """73,219,072 parameters, published as 73M."""
    recipe = {"learning_rate": 1e-3, "warmup": 0.08}
    return differ(regional512x2(), "regional512x12", model={"n_layers": 12}, **recipe)


def regional1024x2() -> Plan:
    """95,973,376 parameters, published as 94M."""
    shape = {"d_model": 1024, "d_ff": 4096, "n_layers": 2}
    return differ(regional512x12(), "regional1024x2", model=shape)


def regional1024x7() -> Plan:
    """158,954,496 parameters, published as 153M; counted in the same way its shape has 157.8M."""
    recipe = {"learning_rate": 8e-4, "warmup": 0.09}
    return differ(regional1024x2(), "regional1024x7", model={"n_layers": 7}, **recipe)
