"""The Arm code of an exported story is assembler between C: by every compiler, each logit is the same.

How registers are shared and where reads are moved to differs by compiler, by level and by the model's shape.
"""

import shutil
import subprocess

import numpy as np
import pytest

from lilliput.models.config import LlamaConfig

PAIRS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-march=armv7-a+fp", "-mthumb", "-static")
COMPILERS = {
    "gcc": ("arm-linux-gnueabihf-gcc", *PAIRS),
    "clang": ("clang", "--target=arm-linux-gnueabihf", "-mfpu=vfpv3-d16", *PAIRS),
}
LEVELS = {True: ("-O1", "-Og", "-O2", "-O3", "-Os"), False: ("-O1", "-Os")}
"""With products of pairs, and without: then there is one assembler loop."""
FEWER = "-U__ARM_FEATURE_SIMD32"
"""Makes of it the code for a Cortex-M3, which has no products of pairs."""
SMALL = {"vocab_size": 290, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "context": 100}
SHAPES = {
    "heads of 4, keys of 4 bits": (LlamaConfig(**SMALL, d_model=16, d_ff=44), ["key_bits=4"]),
    "heads of 8, keys of 4 bits": (LlamaConfig(**SMALL, d_model=32, d_ff=52), ["key_bits=4", "value_bits=4"]),
    "heads of 12, odd rows": (LlamaConfig(**SMALL, d_model=48, d_ff=43), []),
}
READ = 24


@pytest.fixture(scope="module")
def cases(load, request):
    """Models by name, with ids and the logits that the reference computes."""
    stories = load("deploy/story_cases.py")
    made = [stories.make_drawn(name, *drawn) for name, drawn in SHAPES.items()]
    try:
        made.append(stories.make_260k(request.getfixturevalue("shared")))
    except pytest.skip.Exception:
        return made
    return made


@pytest.mark.parametrize("pairs", [True, False], ids=["pairs", "no pairs"])
@pytest.mark.parametrize("name", COMPILERS)
def test_arm_code_computes_the_same_by_every_compiler_at_every_level(name, pairs, cases, tmp_path):
    compiler = [*COMPILERS[name], *([] if pairs else [FEWER])]
    if absent := [
        tool for tool in (compiler[0], "arm-linux-gnueabihf-gcc", "qemu-arm") if not shutil.which(tool)
    ]:
        pytest.skip(
            f"needs {' and '.join(absent)} (Debian: gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user)"
        )
    wrong = []
    for case in cases:
        source, program = tmp_path / "story.c", tmp_path / "story"
        source.write_text(case.sources(library=False)["story.c"], encoding="utf-8")
        for level in LEVELS[pairs]:
            subprocess.run([*compiler, level, "-o", program, source], check=True)
            command = ["qemu-arm", program, "--logits", *map(str, case.ids[:READ])]
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
            logits = np.array([line.split() for line in told.splitlines()], int)
            if not np.array_equal(logits, case.logits[:READ]):
                wrong.append(f"{case.name} {level}")
    assert wrong == []
