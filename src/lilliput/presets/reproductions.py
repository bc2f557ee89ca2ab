"""Repositories that train the TinyStories paper's shapes again, most in the form of GPT-2.

SauravP97/tiny-stories-hf; raymond-van/gpt-tinystories; sleepingcat4/TinyStories; K. Yap's nanoGPT;
tanaydesai/pluto. Where a model scales its scores differently, its queries' matrix takes that up. An epoch of
TinyStories is 2.1 million stories, about 470 million tokens of GPT-2's vocabulary.
"""

from lilliput.presets.differ import differ
from lilliput.presets.tinystories import tinystories1m
from lilliput.training.plan import Plan

_EPOCH = 470_000_000
_STORY = 222  # tokens, in the mean


def sauravxs() -> Plan:
    """XS of tiny-stories-hf: 3,647,680 parameters, published as 3.6M; 55,000 steps of 8 stories.

    Its layers are all local, as in its notebook; dropout 0.1 as in its README.
    """
    return differ(
        tinystories1m(),
        "sauravxs",
        model={"context": 512, "pattern": ["local"]},
        tokens=55_000 * 8 * _STORY,
        batch_tokens=8 * _STORY,
        schedule="linear",
        warmup=0,
        beta2=0.999,
        weight_decay=0.01,
        dropout=0.1,
    )


def sauravm() -> Plan:
    """M of tiny-stories-hf: 19,309,312 parameters, published as 19.3M; one epoch."""
    return differ(sauravxs(), "sauravm", model={"d_model": 256, "d_ff": 1024}, tokens=_EPOCH)


def raymond1m() -> Plan:
    """1M of gpt-tinystories: 3,747,520 parameters, counted from its config; the name leaves embeddings out.

    Its "local" layers are ignored by its code, so here they are GPT-2's; its GELU is the exact one. Batches
    of 64 stories cut at 256 tokens, Adam at a constant rate without clipping or decay, three epochs.
    """
    return differ(
        tinystories1m(),
        "raymond1m",
        model={"family": "gpt2", "activation": "gelu"},
        tokens=3 * _EPOCH,
        batch_tokens=64 * _STORY,
        learning_rate=1e-3,
        warmup=0,
        weight_decay=0,
        clip=1e9,
        dropout=0.1,
    )


def raymond8m() -> Plan:
    """8M of gpt-tinystories: 19,708,672 parameters, counted from its config."""
    return differ(raymond1m(), "raymond8m", model={"d_model": 256, "d_ff": 1024})


def raymond28m() -> Plan:
    """28M of gpt-tinystories: 154,332,160 parameters, its config being 1,024 wide, not 512; two epochs."""
    return differ(raymond1m(), "raymond28m", model={"d_model": 1024, "d_ff": 4096}, tokens=2 * _EPOCH)


def sleepingcat28m() -> Plan:
    """19,251,120 parameters: the 29M that its script prints counts ten causal masks too.

    It was never trained; the paper's recipe is taken.
    """
    shape = {"family": "gpt2", "d_model": 240, "n_layers": 10, "n_heads": 10, "d_ff": 960, "context": 1024}
    return differ(tinystories1m(), "sleepingcat28m", model=shape, dropout=0.1)


def yap8m() -> Plan:
    """K. Yap's nanoGPT, published as 8M; 30,044,544 parameters, 10,647,552 without embeddings, by its shape.

    35,000 steps of 64 rows of 256 tokens. Its vocabulary is not published: GPT-2's is taken. What else is
    not published is nanoGPT's for small models; nanoGPT has no biases, and GPT-2 here has.
    """
    shape = {"d_model": 384, "n_layers": 6, "n_heads": 6, "d_ff": 1536, "context": 256}
    return differ(
        raymond1m(),
        "yap8m",
        model=shape,
        tokens=35_000 * 64 * 256,
        batch_tokens=64 * 256,
        learning_rate=5e-4,
        warmup=100 / 35_000,
        schedule="cosine",
        final_share=0.1,
        beta2=0.99,
        weight_decay=0.1,
        clip=1.0,
        dropout=0.2,
    )


def pluto1m() -> Plan:
    """1M of pluto: 1,553,536 parameters, published as 1.5M; the 8,000 most frequent of GPT-2's tokens.

    Half of its idea is kept: a small vocabulary, trained on the stories. Queries, keys and values without
    biases make it a GPT-Neo that sees everything; its output has a bias (8,000 more), which no twin of
    `transformers` has. 1.2 million stories once, Adam at a constant rate.
    """
    return differ(
        raymond1m(),
        "pluto1m",
        model={"family": "gptneo", "vocab_size": 8000, "tied": False, "pattern": ["global"]},
        tokens=1_200_000 * _STORY,
        learning_rate=2e-3,
        beta2=0.999,
        dropout=0.2,
    )


def pluto15m() -> Plan:
    """15M of pluto: 15,632,000 parameters."""
    return differ(pluto1m(), "pluto15m", model={"d_model": 320, "d_ff": 1280})
