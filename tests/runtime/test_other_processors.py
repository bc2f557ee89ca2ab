"""The C engine on processors that this machine is not, emulated: what they compute is what this one does."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.generation.batch import Request
from lilliput.generation.c_batch import PRECISIONS, CBatch, engine_image
from lilliput.generation.generate import tell_story
from lilliput.generation.sample import Sampling
from lilliput.models import build_model
from lilliput.models.config import GPT2Config, GPTNeoConfig, LlamaConfig, MoEConfig, Qwen3Config
from lilliput.models.weights import get_weights
from lilliput.runtime import native
from lilliput.tokens import train_tokenizer
from lilliput.tokens.image import tokenizer_image

pytestmark = pytest.mark.skipif(
    native.library_path() is None, reason="the C engine was not built (no compiler)"
)

SOURCES = Path(native.__file__).parent / "c"
WIDTH, NEW_IDS = 5, 20
IDS = [3, 1, 4, 15, 9, 26, 5, 35, 8, 9, 7, 9, 32, 38, 46, 26, 43, 38, 32, 7, 50, 28, 8, 41, 9, 71, 6]
GREEDY = Sampling(temperature=0)
SMALL_CODE = [
    "-DLP_SMALL_CODE"
]  # the compiler is quicker; where there is but plain C, few paths are left out

PROCESSORS = {
    # name: compiler, its flags, emulators and the kernels that each has, best first
    "64-bit Arm": (
        "aarch64-linux-gnu-gcc",
        [],
        {
            "qemu-aarch64 -cpu max": ["neon-dot", "neon", "plain"],
            "qemu-aarch64 -cpu cortex-a53": ["neon", "plain"],
        },
    ),
    "32-bit Arm": ("arm-linux-gnueabihf-gcc", SMALL_CODE, {"qemu-arm": ["plain"]}),
    "RISC-V": ("riscv64-linux-gnu-gcc", SMALL_CODE, {"qemu-riscv64": ["plain"]}),
    "x86-64 without AVX": ("x86_64-linux-gnu-gcc", SMALL_CODE, {"qemu-x86_64 -cpu qemu64": ["plain"]}),
}
MODELS = [
    LlamaConfig(
        vocab_size=290, d_model=48, n_layers=2, n_heads=6, n_kv_heads=2, d_ff=172, context=64, tied=False
    ),
    Qwen3Config(
        vocab_size=133, d_model=36, n_layers=2, n_heads=3, n_kv_heads=1, d_head=14, d_ff=70, context=64
    ),
    GPT2Config(vocab_size=517, d_model=40, n_layers=1, n_heads=4, d_ff=160, context=64),
    GPTNeoConfig(vocab_size=77, d_model=22, n_layers=2, n_heads=2, d_ff=33, context=64, window=7),
    MoEConfig(
        vocab_size=90, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=45, context=64, n_experts=4
    ),
]


def draw_weights(config):
    torch.manual_seed(0)
    model = build_model(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.1)
            if "norm" in name and name.endswith("weight"):
                parameter.add_(1)
    weights = get_weights(model)
    if isinstance(config, GPTNeoConfig):  # scores whose powers of e leave the range of numbers
        weights["blocks.0.attn.q.weight"] *= 100
    return weights


def build(compiler, flags, core_sources, folder):
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1", "-pthread"]
    command = [compiler, *strict, *flags, "-I", SOURCES]
    subprocess.run([*command, "-c", *core_sources], check=True, cwd=folder)
    for name in ("read_image", "story"):
        source = Path(__file__).with_name(f"{name}.c")
        subprocess.run(
            [*command, "-static", source, *folder.glob("*.o"), "-o", folder / name], check=True, cwd=folder
        )


def bytes_of(image):
    return image.map[image.offset : image.offset + image.size]


def read_there(emulator, folder, image, small_cache, vocab_size):
    """By kernels: logits (T, V) behind IDS, and the ids of a greedy story that begins with them."""
    (folder / "model").write_bytes(bytes_of(image))
    settings = [WIDTH, int(small_cache), NEW_IDS, *IDS]
    done = subprocess.run(
        [*emulator, folder / "read_image", folder / "model", *map(str, settings)],
        capture_output=True,
        check=True,
    )
    record = np.dtype(
        [
            ("kernels", "S16"),
            ("logits", "<f4", (len(IDS), vocab_size)),
            ("ids", "<i4", NEW_IDS),
        ]
    )
    return {
        row["kernels"].decode(): (row["logits"], row["ids"]) for row in np.frombuffer(done.stdout, record)
    }


def read_here(image, kernels, precision):
    engine = native.NativeEngine(image, width=WIDTH, kernels=kernels, small_cache=precision != "f32")
    logits = engine.read(0, IDS, all_logits=True)
    batch = CBatch(image, kernels=kernels, precision=precision)
    batch.begin(0, Request(tuple(IDS), GREEDY, 0, NEW_IDS, frozenset()))
    [event] = batch.run(NEW_IDS)
    return logits, list(event.ids)


def check_computing(emulator, kernels, folder, config, weights):
    for precision in PRECISIONS:
        image = engine_image(config, weights, precision)
        there = read_there(emulator, folder, image, precision != "f32", config.vocab_size)
        case = f"{' '.join(emulator)}: {config.family}, {precision}"
        assert list(there) == kernels, case
        logits, ids = read_here(image, None, precision)
        for name, (their_logits, their_ids) in there.items():
            off = np.abs(their_logits - logits)
            if precision == "f32":
                assert off.max() < 1e-4 * max(1, np.abs(logits).max()), f"{case}, {name}"
                assert their_ids.tolist() == ids, f"{case}, {name}"
            else:  # an input may be rounded to another byte
                assert np.median(off) < 0.02 * logits.std(), f"{case}, {name}"
        if "neon-dot" in there:
            np.testing.assert_array_equal(there["neon-dot"][0], there["neon"][0], case)
        # C without contractions leaves no rounding open: the same bits everywhere
        plain_logits, plain_ids = read_here(image, "plain", precision)
        np.testing.assert_array_equal(there["plain"][0], plain_logits, case)
        assert there["plain"][1].tolist() == plain_ids, case


def tell_there(emulator, folder, prompt, sampling, seed):
    settings = [sampling.temperature, sampling.top_p, seed, 50]
    command = [*emulator, folder / "story", folder / "model", folder / "tokenizer", prompt.encode()]
    return subprocess.run([*command, *map(str, settings)], capture_output=True, check=False)


def check_stories(emulator, folder, config, weights):
    prompt = "“Hé!” 😀 नमस्ते said the bird,"
    tokenizer = train_tokenizer([prompt * 3], config.vocab_size)
    image = engine_image(config, weights, "f32")
    (folder / "model").write_bytes(bytes_of(image))
    (folder / "tokenizer").write_bytes(tokenizer_image(tokenizer))
    told = set()
    for seed, sampling in enumerate([GREEDY, *[Sampling(temperature=1, top_p=0.9)] * 3]):
        done = tell_there(emulator, folder, prompt, sampling, seed)
        text = done.stdout.decode("utf-8", errors="replace")
        told.add(text)
        assert text == tell_story(CBatch(image), tokenizer, sampling, seed, prompt, 50), done.stderr
    assert len(told) == 4


def check_that_no_number_is_no_story(emulator, folder, config, weights):
    broken = weights | {"norm.weight": np.full_like(weights["norm.weight"], 3e38)}
    for precision in ("f32", "int8"):
        (folder / "model").write_bytes(bytes_of(engine_image(config, broken, precision)))
        done = tell_there(emulator, folder, "a", GREEDY, 0)
        assert (done.returncode, b"not a number" in done.stderr) == (1, True), precision


@pytest.mark.parametrize("name", PROCESSORS)
def test_another_processor_computes_what_this_one_does(name, core_sources, tmp_path):
    compiler, flags, emulators = PROCESSORS[name]
    emulator_name = next(iter(emulators)).split()[0]
    emulator = shutil.which(emulator_name) or shutil.which(f"{emulator_name}-static")
    if not shutil.which(compiler) or not emulator:
        pytest.skip(f"needs {compiler} and {emulator_name} (Debian: gcc-<processor>, qemu-user)")
    build(compiler, flags, core_sources, tmp_path)
    drawn = [(config, draw_weights(config)) for config in MODELS]
    for command, kernels in emulators.items():
        emulated = [emulator, *command.split()[1:]]
        for config, weights in drawn:
            check_computing(emulated, kernels, tmp_path, config, weights)
        check_stories(emulated, tmp_path, *drawn[0])
        check_that_no_number_is_no_story(emulated, tmp_path, *drawn[0])
