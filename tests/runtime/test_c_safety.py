"""The C core by itself: it compiles without warnings, needs no libc, and survives any file."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.formats.image import write_image
from lilliput.models import build_model
from lilliput.models.config import GPTNeoConfig, LlamaConfig, MoEConfig, Qwen3Config
from lilliput.models.weights import get_weights
from lilliput.quantize.rows import to_int4, to_int8
from lilliput.runtime import native

SOURCES = Path(native.__file__).parent / "c"
CORE = ["model", "forward", "sample", "engine", "kernels_plain", "kernels_avx2", "kernels_avx512"]
COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")

SHAPE = {"vocab_size": 40, "d_model": 16, "n_layers": 2, "n_heads": 4, "d_ff": 20, "context": 40}
IMAGES = {
    "llama-f32": (LlamaConfig(**SHAPE, n_kv_heads=2), None),
    "qwen3-int8": (Qwen3Config(**SHAPE, n_kv_heads=1, d_head=6, tied=False), to_int8),
    "gptneo-int4": (GPTNeoConfig(**{**SHAPE, "d_model": 36}, window=5), to_int4),
    "moe-int8": (MoEConfig(**SHAPE, n_kv_heads=4, n_experts=3), lambda matrix: to_int8(matrix, 4)),
}


def compile_c(sources, to, *flags):
    command = [COMPILER, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", str(SOURCES), *flags]
    subprocess.run([*command, *map(str, sources), "-o", str(to)], check=True, capture_output=True, text=True)


def image_of(config, rounding):
    torch.manual_seed(0)
    model = build_model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.2)
    return write_image(config, get_weights(model), lambda _, m: rounding(m) if rounding else m)


@pytest.mark.parametrize("name", CORE)
def test_the_core_needs_no_libc(name, tmp_path):
    made = tmp_path / "part.o"
    compile_c([SOURCES / f"{name}.c"], made, "-c", "-O2", "-ffreestanding")
    listing = subprocess.run(["nm", "-u", made], check=True, capture_output=True, text=True).stdout
    missing = {line.split()[-1] for line in listing.splitlines()}
    own = {symbol for symbol in missing if symbol.startswith("lp_")}
    # what a freestanding compiler may always call
    allowed = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
    assert missing - own <= allowed


def test_the_public_header_stays_under_100_lines():
    assert (SOURCES / "lp.h").read_text().count("\n") < 100


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    made = tmp_path_factory.mktemp("fuzzer") / "fuzz"
    sources = [
        Path(__file__).with_name("fuzz_engine.c"),
        *(SOURCES / f"{name}.c" for name in [*CORE, "host"]),
    ]
    sanitizers = "-fsanitize=address,undefined"
    try:
        compile_c(
            sources, made, "-O0", sanitizers, "-fno-sanitize-recover=all", "-DLP_SMALL_CODE", "-pthread"
        )
    except subprocess.CalledProcessError as error:
        if "asan" in error.stderr and "cannot find" in error.stderr:
            pytest.skip("the compiler has no sanitizers")
        raise AssertionError(error.stderr) from None
    return made


@pytest.mark.parametrize("name", IMAGES)
def test_a_damaged_image_is_refused_or_harmless(name, fuzzer, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(image_of(*IMAGES[name]))
    done = subprocess.run(
        [fuzzer, image, "1500", "1"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 50  # some damage hits weights only: those stories were told
    assert int(done.stdout) < 1400  # and some was refused


def test_every_cut_of_an_image_is_refused():
    if native.library_path() is None:
        pytest.skip("the C engine was not built")
    from lilliput.errors import LilliputError

    image = image_of(*IMAGES["llama-f32"])
    for size in [*range(0, 700, 7), *range(700, len(image) - 64, 997)]:
        with pytest.raises(LilliputError, match="not whole"):
            native.NativeEngine(image[:size])


def test_a_weight_that_is_no_number_is_refused_when_the_image_is_written():
    from lilliput.errors import FormatError

    config, _ = IMAGES["llama-f32"]
    weights = get_weights(build_model(config))
    weights["blocks.0.attn.q.weight"][0, 0] = np.nan
    with pytest.raises(FormatError, match="finite"):
        write_image(config, weights, lambda _, m: m)


def test_room_that_no_number_can_count_is_refused_and_not_wrapped(tmp_path):
    program = tmp_path / "room.c"
    program.write_text("""
#include "engine.c"
int main(void) {
  room r = {NULL, 0};
  take(&r, 10, 4);
  if (r.used != 64) return 1;
  take(&r, UINT64_MAX / 2, 8);
  take(&r, 1, 1);
  if (r.used != SIZE_MAX) return 2;
  r.used = 128;
  take(&r, SIZE_MAX / 4 - 8, 4);
  return r.used == SIZE_MAX ? 0 : 3;
}
""")
    others = [
        path
        for path in SOURCES.glob("*.c")
        if path.name not in ("engine.c", "ceilings.c") and "train" not in path.name
    ]
    compile_c([program, *others], tmp_path / "room", "-O0", "-DLP_SMALL_CODE", "-pthread")
    subprocess.run([tmp_path / "room"], check=True, timeout=20)
