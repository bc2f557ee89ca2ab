"""How little a story of 260,000 parameters takes of a device."""

import shutil
import subprocess

import pytest

from lilliput.deploy.csource import count_weight_bytes, working_bytes, write_c
from lilliput.models.config import LlamaConfig

MOST_WORKING = 65_536
"""Bytes of memory, at a context of 256."""
MORE_THAN_WEIGHTS, CODE = 1.03, 16_384
"""Flash: 3% more than the weights' own bytes, and 16 KB."""
SHAPE = LlamaConfig(vocab_size=512, d_model=64, n_layers=5, n_heads=8, n_kv_heads=4, d_ff=172, context=256)


def test_the_shape_of_stories260k_works_in_64_kilobytes_at_a_context_of_256(integers):
    model = integers.quantized(SHAPE, "value_bits=4").model
    assert count_weight_bytes(model) == 259_328
    assert working_bytes(model) <= MOST_WORKING
    wider = integers.quantized(SHAPE).model
    assert working_bytes(wider) - working_bytes(model) == 5 * 256 * 4 * 8 // 2  # values of 8 bits


def test_the_library_of_stories260k_is_little_more_than_its_weights(shared, load, tmp_path):
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("needs arm-none-eabi-gcc (Debian: gcc-arm-none-eabi)")
    case = load("deploy/story_cases.py").make_260k(shared, "value_bits=4", "gate_bits=10")
    for name, text in write_c(case.model, case.tokenizer, library=True).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = tmp_path / "story.o"
    command = [compiler, "-mcpu=cortex-m4", "-mthumb", "-std=c99", "-Os", "-c", tmp_path / "story.c"]
    subprocess.run([*command, "-o", made], check=True)
    told = subprocess.run(["arm-none-eabi-size", made], check=True, capture_output=True, text=True).stdout
    flash = sum(map(int, told.splitlines()[1].split()[:2]))
    assert flash <= MORE_THAN_WEIGHTS * count_weight_bytes(case.model) + CODE
