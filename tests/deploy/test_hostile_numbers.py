"""Models at the limits of their formats: the C neither overflows (sanitizers watch) nor differs."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.deploy.csource import write_c
from lilliput.deploy.parity import compare_logits, run_logits
from lilliput.errors import ConfigError
from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.quantize.bounds import check_bounds, list_bounds
from lilliput.quantize.draw import make_int_sampler, plan_draws
from lilliput.quantize.intmodel import KIND_LIMITS, IntLayer, IntMatrix, IntModel, IntNorm
from lilliput.quantize.packing import joinable
from lilliput.quantize.reference import Reference
from lilliput.tokens import Tokenizer, train_tokenizer

SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc and its sanitizers")
Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["Once upon a time"], 260)


def build(folder: Path, model: IntModel, tokenizer: Tokenizer) -> list[str]:
    check_bounds(model)  # what is exported has been checked when it was made, and when it was read
    (folder / "story.c").write_text(write_c(model, tokenizer)["story.c"])
    subprocess.run(["gcc", "-std=c99", *SANITIZERS, "-o", "story", "story.c"], cwd=folder, check=True)
    return [str(folder / "story")]


def change_all(value: Any, change: Change) -> Any:
    """A model in which every matrix and norm went through `change`."""
    if isinstance(value, IntMatrix | IntNorm):
        return change(value)
    if isinstance(value, tuple):
        return tuple(change_all(part, change) for part in value)
    if not isinstance(value, IntModel | IntLayer):
        return value
    return replace(
        value, **{name: change_all(getattr(value, name), change) for name in value.__dataclass_fields__}
    )


def tie(model: IntModel) -> IntModel:
    """A tied head reads the embedding's weights."""
    return replace(model, head=replace(model.head, values=model.embed.values)) if model.config.tied else model


def safe_shifts(part: IntMatrix, shifts: np.ndarray) -> np.ndarray:
    """At least so much that products are formed in halves, as the bounds ask of the greatest sums."""
    return np.maximum(shifts, 17 + part.most_down).astype(np.uint8)


def with_weights(sign: int) -> Change:
    def change(part: IntMatrix | IntNorm) -> IntMatrix | IntNorm:
        if isinstance(part, IntNorm):
            return replace(part, gains=np.full_like(part.gains, sign * 32767), shift=15, epsilon=0)
        values = np.full_like(part.values, sign * KIND_LIMITS[part.kind])
        return replace(part, values=values, shifts=safe_shifts(part, part.shifts))

    return change


def scatter(seed: int) -> Change:
    """Weights of the greatest magnitude with random signs; gains anywhere."""
    random = np.random.default_rng(seed)

    def change(part: IntMatrix | IntNorm) -> IntMatrix | IntNorm:
        if isinstance(part, IntNorm):
            return replace(part, gains=random.integers(-32767, 32768, part.gains.shape).astype(np.int16))
        values = (KIND_LIMITS[part.kind] * random.choice([-1, 1], part.values.shape)).astype(np.int8)
        return replace(part, values=values, shifts=safe_shifts(part, part.shifts))

    return change


def loudest(part: IntMatrix | IntNorm) -> IntMatrix | IntNorm:
    """As `with_weights(-1)`, and every result as great as its shift allows."""
    part = with_weights(-1)(part)
    if isinstance(part, IntNorm):
        return part
    shifts = safe_shifts(part, np.zeros_like(part.shifts))
    return replace(part, multipliers=np.full_like(part.multipliers, 32767), shifts=shifts)


def silent(part: IntMatrix | IntNorm) -> IntMatrix | IntNorm:
    if isinstance(part, IntNorm):
        return replace(part, gains=np.zeros_like(part.gains))
    return replace(part, values=np.zeros_like(part.values))


CHANGES = {
    "all weights at their least": with_weights(-1),
    "all weights at their greatest": with_weights(1),
    "random signs": scatter(0),
    "results that saturate": loudest,
    "nothing but zeros": silent,
}


@pytest.mark.parametrize("number", [0, 1, 7, 8, 14])
@pytest.mark.parametrize("name", CHANGES)
def test_no_weights_make_it_overflow_or_differ(integers, tokenizer, tmp_path, name, number):
    model = tie(change_all(integers.draw_model(number), CHANGES[name]))
    ids = np.random.default_rng(number).integers(0, model.config.vocab_size, model.config.context)
    Reference(model, checked=True).read(ids, Reference(model).start())
    assert compare_logits(model, ids, run_logits(build(tmp_path, model, tokenizer), ids)).unequal == 0


def join(change: Change) -> Change:
    """After `change`, scales that let weights be joined; greatest sums have the greatest."""

    def changed(part: IntMatrix | IntNorm) -> IntMatrix | IntNorm:
        part = change(part)
        if isinstance(part, IntNorm):
            return part
        multipliers = np.where(np.arange(len(part.values)) % 3, 4095, 1).astype(np.int16)
        shifts = 17 + part.most_down + np.arange(len(part.values)) % 8
        return replace(part, multipliers=multipliers, shifts=shifts.astype(np.uint8))

    return changed


@pytest.mark.parametrize("level", ["-O1", "-O2", "-Os"])
@pytest.mark.parametrize("name", CHANGES)
def test_joined_weights_neither_overflow_nor_differ(integers, tokenizer, tmp_path, name, level):
    if not (shutil.which("arm-linux-gnueabihf-gcc") and shutil.which("qemu-arm")):
        pytest.skip("needs arm-linux-gnueabihf-gcc and qemu-arm, whose processor multiplies pairs")
    model = tie(change_all(integers.draw_model(0), join(CHANGES[name])))
    check_bounds(model)
    assert joinable(model)
    (tmp_path / "story.c").write_text(write_c(model, tokenizer)["story.c"])
    flags = ["-std=c99", "-march=armv7-a+fp", "-mthumb", level, "-static", "-o", "story", "story.c"]
    subprocess.run(["arm-linux-gnueabihf-gcc", *flags], cwd=tmp_path, check=True)
    ids = np.random.default_rng(1).integers(0, model.config.vocab_size, model.config.context)
    assert compare_logits(model, ids, run_logits(["qemu-arm", str(tmp_path / "story")], ids)).unequal == 0


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(vocab_size=65_535, d_model=8, n_layers=1, d_ff=8, context=16, n_heads=1, n_kv_heads=1),
        Qwen3Config(
            vocab_size=270, d_model=8, n_layers=1, d_ff=6, context=8192, n_heads=2, n_kv_heads=1, d_head=4
        ),
        LlamaConfig(vocab_size=270, d_model=2, n_layers=1, d_ff=1, context=2, n_heads=1, n_kv_heads=1),
        Qwen3Config(
            vocab_size=270, d_model=6, n_layers=1, d_ff=4, context=12, n_heads=1, n_kv_heads=1, d_head=512
        ),
        LlamaConfig(vocab_size=300, d_model=1024, n_layers=1, d_ff=3000, context=8, n_heads=2, n_kv_heads=2),
    ],
    ids=["65,535 ids", "8,192 positions", "one of each", "a head of 512", "wide"],
)
def test_the_greatest_and_the_least_shapes_are_computed(integers, tokenizer, tmp_path, config):
    model = integers.quantized(config, weights=integers.draw_weights(config, 3, 0.5)).model
    command = build(tmp_path, model, tokenizer)
    count = min(config.context, 1200 if config.vocab_size < 1000 else 4)
    ids = np.random.default_rng(0).integers(0, config.vocab_size, count)
    ids[0] = config.vocab_size - 1
    assert compare_logits(model, ids, run_logits(command, ids)).unequal == 0
    for arguments, top_k, top_p in ((["-k", "65534", "-p", "0.3"], 65_534, 0.3), (["-p", "1"], 0, 1.0)):
        said = subprocess.run(
            [*command, "-t", "2", "-s", "9", "-n", "3", *arguments], capture_output=True, check=True
        ).stdout
        draw = make_int_sampler(plan_draws(2, top_k, top_p, 0, model.logit_bits), 9)
        reference, token, told = Reference(model), tokenizer.bos, list[int]()
        cache = reference.start()
        for _ in range(min(3, config.context)):
            token = draw(reference.read(np.array([token]), cache)[0])
            if token == tokenizer.end:
                break
            told += [token] if token < tokenizer.vocab_size else []
        assert said.decode(errors="replace") == tokenizer.decode(told) + "\n"


def test_a_model_that_could_overflow_is_refused_with_the_bounds_name(integers):
    model = integers.draw_model(0)
    layer = model.layers[0]
    great = replace(
        layer.o,
        values=np.full_like(layer.o.values, 127),
        multipliers=np.full_like(layer.o.multipliers, 32767),
        shifts=np.full_like(layer.o.shifts, 16),
    )
    far = replace(layer, o=great)
    with pytest.raises(ConfigError, match=r"blocks\.0\.attn\.o scaled sums may reach"):
        check_bounds(replace(model, layers=(far, *model.layers[1:])))


def test_numbers_that_a_device_would_compute_otherwise_are_refused(integers):
    model = integers.draw_model(0)
    layer = model.layers[0]
    for changed, said in (
        (replace(layer, hidden_shift=31), "hidden_shift is 31"),
        (replace(layer, k=replace(layer.k, input_limit=63)), r"k\.input_limit is 63"),
        (replace(layer, up=replace(layer.up, input_limit=63)), r"up\.input_limit is 63"),
    ):
        with pytest.raises(ConfigError, match=said):
            check_bounds(replace(model, layers=(changed, *model.layers[1:])))


def test_values_of_four_bits_are_bounded_with_the_eight_that_they_are_held_with(integers):
    config = LlamaConfig(
        vocab_size=270, d_model=8, n_layers=1, d_ff=8, context=16_384, n_heads=1, n_kv_heads=1
    )
    model = integers.quantized(config, "value_bits=4").model
    bound = next(bound for bound in list_bounds(model) if bound.name.endswith("attn.values"))
    assert bound.most == 16_384 * 2**model.chance_bits * 15 <= bound.allowed
