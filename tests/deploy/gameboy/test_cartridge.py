"""Whole cartridges: what a person gets by pressing A twice is the reference's story, in two emulators."""

from pathlib import Path

import numpy as np
import pytest

from lilliput.deploy.gameboy.cartridge import make_cartridge
from lilliput.deploy.gameboy.info_block import read_info
from lilliput.deploy.gameboy.play.console import Console
from lilliput.deploy.gameboy.play.player import Telling, Wish
from lilliput.deploy.gameboy.play.proof import prove_cartridge
from lilliput.errors import ConfigError
from lilliput.formats.llama2c import read_llama2c
from lilliput.models.config import LlamaConfig
from lilliput.quantize.draw import make_int_sampler, plan_draws
from lilliput.quantize.ptq import quantize
from lilliput.quantize.reference import Reference
from lilliput.quantize.settings import CARTRIDGE, QuantizeSettings
from lilliput.stories.world import iter_world
from lilliput.tokens import load_tokenizer, train_tokenizer

STORIES, TOKENS = 10, 128
OPENING = "Once upon a time"
SLOTS, HEADER = (0xA000, 0xB000), 16


@pytest.fixture(scope="module")
def tokenizer():
    """A byte-level BPE of stories of the built-in world."""
    return train_tokenizer([story.text for story in iter_world(5, 200)], 300)


@pytest.fixture(scope="module")
def tiny(integers, tokenizer):
    """A cartridge of a random model, its model."""
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size, d_model=24, n_layers=1, d_ff=30, context=90, n_heads=3, n_kv_heads=1
    )
    model = integers.quantized(config.model_copy(update={"tied": False}), *CARTRIDGE, "window=16").model
    return make_cartridge(model, tokenizer, ends={tokenizer.end}, name="tiny"), model


def test_a_cartridge_is_proved_by_its_own_buttons(tiny, tokenizer, emulators):
    if reason := emulators.missing("pyboy"):
        pytest.skip(reason)
    cartridge, model = tiny
    parity, cycles = prove_cartridge(cartridge, model, tokenizer, 5)
    assert (parity.compared, parity.unequal) == (5 * model.config.vocab_size, 0)
    assert cycles > 0


def tell(model, tokenizer, seed, tokens):
    """The bytes of a story of that seed, by the reference, from the first opening on."""
    ids, text = [tokenizer.bos, *tokenizer.encode(OPENING)], OPENING.encode()
    sample = make_int_sampler(plan_draws(0.8, 0, 1.0, 0.0, model.logit_bits), seed)
    reference = Reference(model)
    cache = reference.start()
    for _ in range(tokens):
        ids = [sample(reference.read(np.array(ids), cache, last_only=True)[0])]
        if ids[0] == tokenizer.end:
            break
        text += tokenizer.token_bytes(ids[0])
    return text


def test_a_story_that_fills_the_context_says_so(tiny, tokenizer, emulators):
    if reason := emulators.missing("pyboy"):
        pytest.skip(reason)
    _, model = tiny
    cartridge = make_cartridge(model, tokenizer, ends=(), name="endless")
    wanted = model.config.context - len(tokenizer.encode(OPENING))  # BOS is read too, the last word is not
    with Console(cartridge.image) as console:
        telling = Telling(console, read_info(cartridge.image), Wish(temperature="0"))
        "".join(telling)
    assert (telling.ending, telling.tokens, len(telling.cycles)) == ("full", wanted, wanted)


@pytest.mark.parametrize("fill", ["noise", "zeros", "ones"])
def test_whatever_battery_memory_holds_the_story_is_the_same(tiny, tokenizer, emulators, fronts, fill):
    cartridge, model = tiny
    size = 128 << 10
    noise = np.random.default_rng(4).integers(0, 256, size).astype(np.uint8).tobytes()
    sram = {"noise": noise, "zeros": bytes(size), "ones": b"\xff" * size}[fill]
    wanted = tell(model, tokenizer, 1, 40)
    with emulators.open_emulator("gambatte", cartridge.image, sram) as machine:
        machine.run(200)
        fronts.tap(machine, "a", "a", frames=40)
        assert wait_text(machine, 1, len(wanted)) == wanted


def test_after_a_reset_in_mid_story_the_next_one_is_right(tiny, tokenizer, emulators, fronts):
    cartridge, model = tiny
    wanted = [tell(model, tokenizer, seed, 30) for seed in (1, 2)]
    with emulators.open_emulator("gambatte", cartridge.image) as machine:
        machine.run(200)
        fronts.tap(machine, "a", "a", frames=40)
        wait_text(machine, 1, len(wanted[0]) // 2)
        sram = machine.sram()
    with emulators.open_emulator("gambatte", cartridge.image, sram) as machine:
        machine.run(200)
        fronts.tap(machine, "a", "a", frames=40)
        assert wait_text(machine, 2, len(wanted[1])) == wanted[1]


def test_buttons_that_are_held_and_pressed_change_no_word(tiny, tokenizer, emulators, fronts):
    """All but those that stop a story."""
    cartridge, model = tiny
    wanted = tell(model, tokenizer, 1, 40)
    with emulators.open_emulator("gambatte", cartridge.image) as machine:
        machine.run(200)
        fronts.tap(machine, "a", "a", frames=2)
        for number in range(60):
            machine.press(*(("a", "select", "left", "up") if number % 2 else ("right", "down")))
            machine.run(7)
        assert wait_text(machine, 1, len(wanted)) == wanted


def test_the_same_model_makes_the_same_cartridge(tiny, tokenizer):
    cartridge, model = tiny
    again = make_cartridge(model, tokenizer, ends={tokenizer.end}, name="tiny")
    assert again.image == cartridge.image


def test_a_row_that_is_listed_from_the_rom_is_the_models(tiny, monkeypatch):
    """docs/list_code.py reads the code as the processor does, and multiplies it out again."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "docs"))
    from list_code import list_row

    cartridge, model = tiny
    for row in (1, 100):
        weights = model.head.values[row].tolist()
        shown, walk = list_row(cartridge, "head", row, weights)
        assert f"M-cycles, {len(weights)} weights" in shown
        assert walk.split("\n")[1].split()[1:3] == ["push", "hl"]
        with pytest.raises(ValueError, match=f"row {row}"):
            list_row(cartridge, "head", row, weights[::-1])


def test_a_model_for_other_devices_is_refused(integers, tokenizer):
    config = LlamaConfig(
        vocab_size=tokenizer.vocab_size, d_model=24, n_layers=1, d_ff=30, context=90, n_heads=3, n_kv_heads=1
    )
    with pytest.raises(ConfigError, match="--to cartridge"):
        make_cartridge(integers.quantized(config).model, tokenizer, ends={2}, name="int8")
    short = config.model_copy(update={"tied": False, "context": 60})
    with pytest.raises(ConfigError, match="a context of 60 positions"):
        make_cartridge(
            integers.quantized(short, *CARTRIDGE, "window=16").model, tokenizer, ends={2}, name="s"
        )


@pytest.fixture(scope="module")
def stories260k(shared):
    """The real model on a cartridge, its integers, its tokenizer."""
    config, weights = read_llama2c(shared / "models/stories260K.bin")
    tokenizer = load_tokenizer(shared / "tokenizers/tok512.model")
    text = (shared / "data/tinystories-valid.txt").read_text(encoding="utf-8")
    stories = [
        np.array([tokenizer.bos, *tokenizer.encode(story.strip())][:200])
        for story in text.split("<|endoftext|>")[:16]
    ]
    settings = QuantizeSettings().with_settings(CARTRIDGE)
    model = quantize(config, weights, stories, settings).model
    return make_cartridge(model, tokenizer, ends={tokenizer.end}, name="stories260K"), model, tokenizer


@pytest.fixture(scope="module")
def told(stories260k):
    """Ten stories by the reference, from seeds 1 to 10."""
    _, model, tokenizer = stories260k
    return [tell(model, tokenizer, seed, TOKENS) for seed in range(1, STORIES + 1)]


@pytest.mark.parametrize("name", ["pyboy", "gambatte"])
def test_ten_stories_of_stories260k_are_the_references(stories260k, told, emulators, fronts, name):
    cartridge, _, _ = stories260k
    sram = None  # a cartridge that is switched on again goes on with the next seed
    for number, wanted in enumerate(told):
        with emulators.open_emulator(name, cartridge.image, sram) as machine:
            machine.run(200)
            fronts.tap(machine, "a", "a", frames=40)
            assert wait_text(machine, number + 1, len(wanted)) == wanted
            sram = machine.sram()


def wait_text(machine, seed, size):
    """The first `size` bytes of the story of that seed in battery memory, as soon as it has so many."""
    for _ in range(1000):
        for at in SLOTS:
            slot = machine.memory(15, at, 0x1000)
            seed_of, total = (int.from_bytes(slot[place : place + 2], "little") for place in (6, 10))
            if slot[:4] == b"LPT1" and seed_of == seed and total >= size:
                return slot[HEADER : HEADER + size]
        machine.run(30)
    raise AssertionError(f"the story of seed {seed} does not come to {size} bytes")
