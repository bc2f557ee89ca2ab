"""A whole story in C, prompt to text: no Python between tokens, nor anywhere else."""

import subprocess
from pathlib import Path

import pytest
import torch

from lilliput.formats.llama2c import read_llama2c
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.generation.generate import tell_story
from lilliput.generation.sample import Sampling
from lilliput.models import build_model
from lilliput.models.config import LlamaConfig
from lilliput.models.weights import get_weights
from lilliput.runtime import native
from lilliput.tokens import read_sentencepiece, train_tokenizer
from lilliput.tokens.image import tokenizer_image

SOURCES = Path(native.__file__).parent / "c"
pytestmark = pytest.mark.skipif(
    native.library_path() is None, reason="the C engine was not built (no compiler)"
)

TEXT = "Once upon a time a kid saw a red bird. “Hi!” said the bird, and she sang: é, 😀, नमस्ते.\n" * 3
PROMPTS = ["", "Once upon", "“Hé!” 😀 👩\u200d👧 नमस्ते\n", " two  spaces "]
CONFIG = LlamaConfig(
    vocab_size=300, d_model=24, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=40, context=96, tied=False
)


@pytest.fixture(scope="module")
def program(compiler, core_sources, tmp_path_factory):
    made = tmp_path_factory.mktemp("story") / "story"
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    settings = ["-O1", "-DLP_SMALL_CODE", "-pthread", "-I", SOURCES]
    source = Path(__file__).with_name("story.c")
    subprocess.run([compiler, *strict, *settings, source, *core_sources, "-o", made], check=True)
    return made


def write_images(folder, image, tokenizer):
    (folder / "model").write_bytes(image.map[image.offset : image.offset + image.size])
    (folder / "tokenizer").write_bytes(tokenizer_image(tokenizer))


def tell_in_c(program, folder, prompt, sampling, seed, max_tokens):
    settings = [sampling.temperature, sampling.top_p, seed, max_tokens]
    command = [program, folder / "model", folder / "tokenizer", prompt.encode(), *map(str, settings)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_the_published_story_is_told_without_python(shared, program, tmp_path):
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = read_sentencepiece(shared / "tokenizers/tok512.model")
    tokenizer = tokenizer.with_roles(bos=tokenizer.bos, end=tokenizer.bos)
    write_images(tmp_path, engine_image(config, weights, "f32"), tokenizer)
    done = tell_in_c(program, tmp_path, "", Sampling(temperature=0), 0, 256)
    golden = (shared / "models/stories260K.greedy256.txt").read_text()
    assert done.stdout.decode() == golden.removesuffix("\n"), done.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with images of a random model and a tokenizer, and the Python that tells with them."""
    folder = tmp_path_factory.mktemp("images")
    torch.manual_seed(0)
    model = build_model(CONFIG)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    image, tokenizer = engine_image(CONFIG, get_weights(model), "f32"), train_tokenizer([TEXT], 300)
    write_images(folder, image, tokenizer)

    def tell(prompt, sampling, seed, max_tokens):
        return tell_story(CBatch(image), tokenizer, sampling, seed, prompt, max_tokens)

    return folder, tell


@pytest.mark.parametrize("prompt", PROMPTS)
def test_c_tells_the_same_stories_as_python(program, small, prompt):
    folder, tell = small
    told = set()
    for seed in range(6):
        settings = (prompt, Sampling(temperature=1, top_p=0.9), seed, 80)
        done = tell_in_c(program, folder, *settings)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode("utf-8", errors="replace")
        assert text == tell(*settings)
        assert text.startswith(prompt)
        told.add(text)
    assert len(told) == 6


def test_what_cannot_be_told_is_said_in_one_line(program, small, tmp_path):
    folder, _ = small
    greedy = Sampling(temperature=0)
    too_long = tell_in_c(program, folder, "1 2 3 4 5 6 7 8 9" * 30, greedy, 0, 5)
    assert (too_long.returncode, too_long.stdout) == (1, b"")
    assert too_long.stderr.startswith(b"the prompt: ")
    (tmp_path / "model").write_bytes((folder / "model").read_bytes()[:-64])
    (tmp_path / "tokenizer").write_bytes((folder / "tokenizer").read_bytes())
    cut_off = tell_in_c(program, tmp_path, "", greedy, 0, 5)
    assert cut_off.returncode == 1
    assert cut_off.stderr.count(b"\n") == 1
    assert b"not whole" in cut_off.stderr
