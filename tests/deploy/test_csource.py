"""The exported C: compiled, run, and held against the reference."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lilliput.deploy.csource import count_weight_bytes, working_bytes, write_c
from lilliput.deploy.parity import compare_logits, draw_ids, run_logits
from lilliput.quantize.draw import make_int_sampler, plan_draws
from lilliput.quantize.intmodel import shorten
from lilliput.quantize.reference import Reference
from lilliput.tokens import Tokenizer, train_tokenizer

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wmissing-prototypes", "-pedantic", "-Werror"]
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs a C compiler (gcc or clang)")


STORIES = [
    f"The {a} fox saw the {b} box, and once upon a time there was a little girl who loved the sunny park."
    for a in "abcdefg"
    for b in "hijklmn"
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(STORIES, 300)


def build(
    folder: Path, texts: dict[str, str], *flags: str, compiler: str = COMPILERS[0] if COMPILERS else ""
) -> list[str]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    sources = [name for name in texts if name.endswith(".c")]
    subprocess.run([compiler, *STRICT, *flags, "-o", "story", *sources], cwd=folder, check=True)
    return [str(folder / "story")]


def tell(command: list[str], *arguments: str) -> bytes:
    return subprocess.run([*command, *arguments], check=True, capture_output=True).stdout


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_logit_is_the_references_without_a_warning_or_undefined_behaviour(
    integers, tokenizer, tmp_path, compiler, number
):
    model = integers.draw_model(number)
    command = build(tmp_path, write_c(model, tokenizer), "-O1", *SANITIZERS, compiler=compiler)
    ids = draw_ids(model, 100, seed=number)
    parity = compare_logits(model, ids, run_logits(command, ids))
    assert parity.unequal == 0
    assert parity.compared == len(ids) * model.config.vocab_size


@pytest.mark.parametrize(
    ("arguments", "temperature", "top_k", "top_p"),
    [
        ([], 0.8, 0, 0.95),
        (["-t", "0"], 0, 0, 1.0),
        (["-t", "1.3", "-p", "1"], 1.3, 0, 1.0),
        (["-t", "2", "-k", "7", "-p", "0.5"], 2, 7, 0.5),
        (["-t", "1", "-k", "290", "-p", "0.9"], 1, 290, 0.9),
        (["-t", "0.1", "-k", "1", "-p", "1"], 0.1, 1, 1.0),
    ],
)
def test_a_story_is_drawn_as_the_reference_draws_it(
    integers, tokenizer, tmp_path, arguments, temperature, top_k, top_p
):
    model = integers.draw_model(1)
    assert model.config.vocab_size == tokenizer.vocab_size
    command = build(tmp_path, write_c(model, tokenizer, ends=frozenset([299])), "-O1", *SANITIZERS)
    for seed in (0, 1, 2**32 + 5, 2**63 - 1):
        plan = plan_draws(temperature, top_k, top_p, 0.0, model.logit_bits)
        reference, draw = Reference(model), make_int_sampler(plan, seed)
        cache, ids = reference.start(), [tokenizer.bos, *tokenizer.encode("The fox")]
        logits = reference.read(np.array(ids), cache, last_only=True)
        told = ids[1:]
        while (token := draw(logits[0])) != 299 and len(told) < 40 + len(ids) - 1:
            told.append(token)
            logits = reference.read(np.array([token]), cache, last_only=True)
        said = tell(command, *arguments, "-s", str(seed), "-n", "40", "The fox")
        assert said.decode(errors="replace") == tokenizer.decode(told) + "\n"


def test_a_library_has_a_header_that_c_and_cplusplus_read_and_tells_the_same(integers, tokenizer, tmp_path):
    model = integers.draw_model(1)
    texts = write_c(model, tokenizer, library=True, name="tale")
    assert set(texts) == {"tale.c", "tale.h"}
    texts["main.c"] = """#include <stdio.h>
#include "tale.h"
static lp_story story;
int main(void) {
  lp_draw how = lp_draw_at(10);
  int32_t id = LP_BOS, i;
  lp_start(&story);
  lp_seed(&story, 4, 0);
  for (i = 0; lp_read(&story, id); i++) printf("%d ", (int)(id = lp_choose(&story, &how)));
  return i == LP_CONTEXT && !lp_read(&story, 0) ? 0 : 1;
}
"""
    said = tell(build(tmp_path, texts, *SANITIZERS))
    plan = plan_draws(1, 0, 1, 0, model.logit_bits)
    reference, draw = Reference(model), make_int_sampler(plan, 4)
    cache, ids = reference.start(), [tokenizer.bos]
    for _ in range(model.config.context):
        ids.append(draw(reference.read(np.array(ids[-1:]), cache)[0]))
    assert [int(word) for word in said.split()] == ids[1:]
    if shutil.which("g++"):
        (tmp_path / "user.cpp").write_text(
            '#include "tale.h"\nint main() { return sizeof(lp_story) == 0; }\n'
        )
        subprocess.run(["g++", "-Wall", "-Werror", "-c", "user.cpp"], cwd=tmp_path, check=True)


def test_it_calls_nothing_but_what_prints(integers, tokenizer, tmp_path):
    if not shutil.which("nm"):
        pytest.skip("needs nm, of binutils")
    (tmp_path / "story.c").write_text(write_c(integers.draw_model(2), tokenizer)["story.c"])
    subprocess.run([COMPILERS[0], "-O1", "-c", "story.c"], cwd=tmp_path, check=True)
    listed = subprocess.run(["nm", "-u", "story.o"], cwd=tmp_path, check=True, capture_output=True, text=True)
    called = {line.split()[-1] for line in listed.stdout.splitlines()}
    printing = {
        "putc",
        "putchar",
        "puts",
        "fputs",
        "fputc",
        "fflush",
        "fwrite",
        "printf",
        "stdout",
        "stderr",
        "_IO_putc",
    }
    compilers_own = {"memset", "memcpy", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
    assert called <= printing | compilers_own
    text = (tmp_path / "story.c").read_text()
    for word in ("float", "double", "malloc", "int64_t", "long"):
        assert f" {word} " not in text.replace("no float", "").replace("No float", "")


def test_a_shorter_context_has_the_same_logits_in_less_memory(integers, tokenizer, tmp_path):
    model = integers.draw_model(1)
    short = shorten(model, 9)
    assert working_bytes(short) < working_bytes(model)
    command = build(tmp_path, write_c(short, tokenizer), *SANITIZERS)
    ids = draw_ids(model, 9)
    assert compare_logits(model, ids, run_logits(command, ids)).unequal == 0
    refused = subprocess.run([*command, "--logits", *["3"] * 10], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "as many as the context holds" in refused.stderr


def test_weights_are_counted_as_they_are_stored(integers):
    model = integers.draw_model(5)  # the first shape, in int4
    columns = sum(m.values.shape[0] * -(-m.values.shape[1] // 2) for _, m in model.iter_matrices())
    assert count_weight_bytes(model) == columns


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-t", "2.1"], "0 to 2"),
        (["-t", "warm"], "0 to 2"),
        (["-s", "minus"], "a seed"),
        (["-s"], "a seed"),
        (["-n", "-1"], "how many"),
        (["-k", "70000"], "likeliest"),
        (["-p", "0"], "up to 1"),
        (["-p", "1.5"], "up to 1"),
        (["-t"], "0 to 2"),
        (["-t", "0.85"], "in tenths"),
        (["-p", "0.12345"], "four digits"),
        (["-s", "18446744073709551616"], "a seed"),
        (["--hlep"], "story [-t 0.8]"),
        (["One", "Two"], "in quotes"),
        (["fox " * 99], "fills the whole context"),
        (["--logits", "300"], "ids of the vocabulary"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(integers, tokenizer, tmp_path, arguments, said):
    command = build(tmp_path, write_c(integers.draw_model(1), tokenizer), "-O0", *SANITIZERS)
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_beginning_may_fill_all_but_one_position_and_help_is_no_mistake(integers, tokenizer, tmp_path):
    text = "once upon a time there was a little girl who loved the sunny park"
    count = len(tokenizer.encode(text))
    short = shorten(integers.draw_model(1), count + 1)
    command = build(tmp_path, write_c(short, tokenizer), *SANITIZERS)
    assert len(text) > count + 1  # a byte an id would not fit
    assert tell(command, "-n", "1", text).startswith(text.encode())
    assert tell(command, "-n", "1", "--", text).startswith(text.encode())
    assert b"story [-t 0.8]" in tell(command, "--help")
    done = subprocess.run([*command, text + " once"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "story: that beginning fills the whole context\n")


@pytest.mark.parametrize("state", ["-marm", "-mthumb"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_it_compiles_for_older_arm_processors_in_either_state(integers, tokenizer, tmp_path, state, level):
    if not shutil.which("arm-linux-gnueabihf-gcc"):
        pytest.skip("needs arm-linux-gnueabihf-gcc")
    model = shorten(integers.draw_model(5), 9)
    (tmp_path / "story.c").write_text(write_c(model, tokenizer)["story.c"])
    command = ["arm-linux-gnueabihf-gcc", "-march=armv6+fp" if state == "-marm" else "-march=armv7-a+fp"]
    flags = [*STRICT, level, state, "-static", "-o", "story", "story.c"]
    subprocess.run([*command, *flags], cwd=tmp_path, check=True)
    if shutil.which("qemu-arm"):
        ids = draw_ids(model, 9)
        logits = run_logits(["qemu-arm", str(tmp_path / "story")], ids)
        assert compare_logits(model, ids, logits).unequal == 0
