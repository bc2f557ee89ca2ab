"""llama2.c's and nanoGPT's own trainers: their data, their flags, their clock.

Their train.py runs as it is in its checkout, from a folder of ours that holds the data where it looks for it;
so nothing is written into the checkout.
"""

import os
import pickle
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lilliput.models.config import GPT2Config, LlamaConfig
from lilliput.stories.sources import open_stories
from lilliput.tokens import Tokenizer

NEVER = 10**9
"""Iterations: more than any run has."""
VALID_TOKENS = 20_000
"""Of the stream, for the validation file that both want at iteration 0; nothing is decided by it."""
GROUP_STORIES = 1000
"""Stories that are tokenized at once."""
LLAMA2C_LINE = re.compile(r"^\d+ \| loss .* \| ([\d.]+)ms \| mfu ")
NANOGPT_LINE = re.compile(r"^iter \d+: loss .*, time ([\d.]+)ms, mfu ")
OUR_LINE = re.compile(r"^step \d+: ([\d.]+)ms$")


@dataclass(frozen=True)
class Shape:
    """What every trainer is given: a Llama, and how many windows of its context are in a step."""

    config: LlamaConfig
    batch: int

    @property
    def step_tokens(self) -> int:
        """Targets in one optimizer step."""
        return self.batch * self.config.context

    def as_gpt2(self) -> GPT2Config:
        """What nanoGPT trains: as many layers, heads and channels; two MLP matrices, 4 times as wide."""
        c = self.config
        return GPT2Config(
            vocab_size=c.vocab_size,
            d_model=c.d_model,
            n_layers=c.n_layers,
            n_heads=c.n_heads,
            d_ff=4 * c.d_model,
            context=c.context,
        )


def shape_260k(context: int, batch: int) -> Shape:
    """llama2.c's 260K."""
    config = LlamaConfig(
        vocab_size=512, d_model=64, n_layers=5, n_heads=8, n_kv_heads=4, d_ff=172, context=context
    )
    return Shape(config, batch)


def shape_15m(context: int, batch: int) -> Shape:
    """llama2.c's 15M with a vocabulary that suits stories."""
    config = LlamaConfig(
        vocab_size=4096, d_model=288, n_layers=6, n_heads=6, n_kv_heads=6, d_ff=768, context=context
    )
    return Shape(config, batch)


def make_stream(data: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.uint16]:
    """All stories as one row of ids, BOS before each, as llama2.c's `pretokenize` writes them."""
    if tokenizer.vocab_size > 1 << 16:
        raise SystemExit(f"{tokenizer.vocab_size} ids do not fit the peers' files of 16 bits an id")
    parts: list[NDArray[np.uint16]] = []
    for texts in _in_groups(story.text for story in open_stories(data).stories):
        for ids in tokenizer.encode_batch(texts):
            parts.append(np.array([tokenizer.bos, *ids], np.uint16))
    return np.concatenate(parts)


def _in_groups(texts: Iterator[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for text in texts:
        group.append(text)
        if len(group) == GROUP_STORIES:
            yield group
            group = []
    if group:
        yield group


def make_llama2c_place(place: Path, checkout: Path, stream: NDArray[np.uint16], vocab_size: int) -> None:
    """A folder for llama2.c's train.py: its configurator, and shards of which the first is for validation."""
    shards = place / "data" / f"tok{vocab_size}"
    shards.mkdir(parents=True)
    stream[:VALID_TOKENS].tofile(shards / "data00.bin")
    stream.tofile(shards / "data01.bin")
    _link_configurator(place, checkout)


def make_nanogpt_place(place: Path, checkout: Path, stream: NDArray[np.uint16], vocab_size: int) -> None:
    """A folder for nanoGPT's train.py: its configurator, both splits, and the size of the vocabulary."""
    folder = place / "data" / "stories"
    folder.mkdir(parents=True)
    stream.tofile(folder / "train.bin")
    stream[:VALID_TOKENS].tofile(folder / "val.bin")
    (folder / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": vocab_size}))
    _link_configurator(place, checkout)


def _link_configurator(place: Path, checkout: Path) -> None:
    """Their train.py reads it from the working folder."""
    theirs = checkout.resolve() / "configurator.py"
    if not theirs.is_file():
        raise SystemExit(f"{checkout} is no checkout of llama2.c or nanoGPT: it has no configurator.py")
    (place / "configurator.py").symlink_to(theirs)


def llama2c_command(python: str, checkout: Path, shape: Shape, **settings: float | bool) -> list[str]:
    """llama2.c's train.py at a shape; `settings` are its own names."""
    c = shape.config
    flags: dict[str, object] = {
        **_common_flags(shape),
        "max_seq_len": c.context,
        "vocab_source": "custom",
        "vocab_size": c.vocab_size,
        "dim": c.d_model,
        "n_layers": c.n_layers,
        "n_heads": c.n_heads,
        "n_kv_heads": c.n_kv_heads,
        "multiple_of": find_multiple(c.d_model, c.d_ff),
        **settings,
    }
    return [
        python,
        str(checkout.resolve() / "train.py"),
        *(f"--{name}={value}" for name, value in flags.items()),
    ]


def nanogpt_command(python: str, checkout: Path, shape: Shape) -> list[str]:
    """nanoGPT's train.py at the nearest shape it has."""
    c = shape.config
    flags: dict[str, object] = {
        **_common_flags(shape),
        "dataset": "stories",
        "block_size": c.context,
        "n_layer": c.n_layers,
        "n_head": c.n_heads,
        "n_embd": c.d_model,
        "bias": False,
    }
    return [
        python,
        str(checkout.resolve() / "train.py"),
        *(f"--{name}={value}" for name, value in flags.items()),
    ]


def _common_flags(shape: Shape) -> dict[str, object]:
    """On the CPU, in float32, without compiling; every iteration logged, no checkpoint."""
    return {
        "out_dir": "out",
        "device": "cpu",
        "dtype": "float32",
        "compile": False,
        "dropout": 0.0,
        "batch_size": shape.batch,
        "gradient_accumulation_steps": 1,
        "eval_interval": NEVER,
        "eval_iters": 1,
        "log_interval": 1,
        "max_iters": NEVER,
    }


def find_multiple(d_model: int, d_ff: int) -> int:
    """The `multiple_of` to which llama2.c rounds 8/3 d_model up, so that its hidden layer is `d_ff` wide."""
    least = int(2 * 4 * d_model / 3)
    for multiple in (256, 128, 64, 32, 16, 8, 4, 2, 1):
        if -(-least // multiple) * multiple == d_ff:
            return multiple
    raise SystemExit(f"llama2.c has no hidden layer of {d_ff} at {d_model} channels")


def time_steps(
    command: Sequence[str], place: Path, line: re.Pattern[str], *, seconds: float | None, drop: int
) -> list[float]:
    """Seconds of each optimizer step that a trainer logs, without the first `drop`.

    It is ended once `seconds` are measured in at least three steps; None lets it come to its own end.
    """
    found: list[float] = []
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            assert process.stdout is not None
            for text in process.stdout:
                if match := line.match(text):
                    found.append(float(match[1]) / 1000)
                kept = found[drop:]
                if seconds is not None and len(kept) >= 3 and sum(kept) >= seconds:
                    return kept
            if process.wait() or seconds is not None:
                raise SystemExit(f"{' '.join(map(str, command))} ended early:\n{_tail(errors)}")
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
    return found[drop:]


def _tail(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read()[-2000:]
