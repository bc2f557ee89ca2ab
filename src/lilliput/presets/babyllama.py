"""BabyLlama (EN10/BabyLlama): llama2.c's training with almost no vocabulary, single characters.

5,000 steps of 32 stories of 256 tokens, four times accumulated. Its tokenizers are files that
`--set tokenizer=FILE` names: lilliput trains none below 259 ids, since every byte has one.
"""

from lilliput.presets.differ import differ
from lilliput.presets.llama2c import stories15m
from lilliput.training.plan import Plan


def babyllama105() -> Plan:
    """936,448 parameters, as its published weights hold (tok105, model5000.bin)."""
    shape = {"vocab_size": 105, "d_model": 128, "n_layers": 5, "n_heads": 8, "n_kv_heads": 4, "d_ff": 352}
    recipe = {"tokens": 163_840_000, "batch_tokens": 32_768, "warmup": 0.2}
    return differ(stories15m(), "babyllama105", model=shape, **recipe)


def babyllama361() -> Plan:
    """969,216 parameters, counted from its shape: 256 bytes and the 102 characters of the text."""
    return differ(babyllama105(), "babyllama361", model={"vocab_size": 361})
