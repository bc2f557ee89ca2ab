"""Stories and threads side by side: no slot waits for ever, beginnings are read once, nothing spreads."""

import ctypes as ct
import itertools
import mmap
import subprocess
import sys

import numpy as np
import pytest

from lilliput.errors import LilliputError
from lilliput.formats.image import write_image
from lilliput.generation import c_batch
from lilliput.generation.batch import Request
from lilliput.generation.c_batch import CBatch, engine_image, open_c_batches
from lilliput.generation.sample import Sampling
from lilliput.models.config import GPT2Config, LlamaConfig, MoEConfig
from lilliput.models.shapes import weight_shapes
from lilliput.quantize.rows import to_int8
from lilliput.runtime import native
from lilliput.runtime.native import CRequest, NativeEngine, place_image

pytestmark = pytest.mark.skipif(
    native.library_path() is None, reason="the C engine was not built (no compiler)"
)

SHAPE = {"vocab_size": 60, "d_model": 48, "n_layers": 2, "n_heads": 6, "d_ff": 70, "context": 300}
CONFIGS = [
    LlamaConfig(**SHAPE, n_kv_heads=3),
    GPT2Config(**SHAPE),
    MoEConfig(**SHAPE, n_kv_heads=2, n_experts=4),
]


class LpTeam(ct.Structure):
    """lp_team of lp.h."""

    _fields_ = (
        ("host", ct.c_void_p),
        ("parts", ct.c_int),
        ("run", ct.c_void_p),
        ("relax", ct.c_void_p),
        ("now", ct.c_void_p),
    )


def draw_weights(config, seed=0):
    random = np.random.default_rng(seed)
    return {
        name: (random.normal(0, 0.3, shape) + (len(shape) == 1 and "bias" not in name)).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }


def image_of(config, rounding=lambda matrix: matrix):
    return place_image(write_image(config, draw_weights(config), lambda _, matrix: rounding(matrix)))


def greedy(count):
    return CRequest(temperature=0, top_p=1, repetition_penalty=1, max_tokens=count)


def write_alone(image, prompt, request):
    engine = NativeEngine(image)
    engine.begin(0, prompt, request)
    engine.run(request.max_tokens)
    return engine.take(0)


def test_slots_beyond_those_computed_together_are_not_forgotten():
    engine = NativeEngine(image_of(CONFIGS[0]), slots=10, width=4)
    request = greedy(20)
    written = [0] * 10
    for slot in range(10):
        engine.begin(slot, [1, slot], request)
    for _ in range(100):
        engine.run(64, until_end=True)
        for slot in range(10):
            ids, ending = engine.take(slot)
            written[slot] += len(ids)
            if ending:
                engine.begin(slot, [1, slot], request)
    assert min(written) > 0.5 * max(written) > 500


def count_passes(engine):
    """Let threads always be timed by a clock that counts how often it is asked: twice a forward pass."""
    asked = itertools.count()
    clock = ct.CFUNCTYPE(ct.c_int64)(lambda: next(asked))
    LpTeam.from_address(engine._team.address).now = ct.cast(clock, ct.c_void_p).value
    engine.keep = clock
    return lambda: next(asked) // 2


@pytest.mark.parametrize("together", [True, False])
def test_what_beginnings_share_is_read_once(together):
    image = image_of(CONFIGS[0])
    random = np.random.default_rng(5)
    shared = random.integers(0, 60, 200).tolist()
    prompts = [[*shared, *random.integers(0, 60, tail).tolist()] for tail in (1, 1, 3, 17, 33)]
    requests = [CRequest(1, 0, 1, 0, 1, seed, 30) for seed in range(5)]
    alone = [write_alone(image, *both) for both in zip(prompts, requests, strict=True)]
    engine = NativeEngine(image, slots=5, width=8, threads=2)
    passes = count_passes(engine)
    for slot, (prompt, request) in enumerate(zip(prompts, requests, strict=True)):
        engine.begin(slot, prompt, request)
        if not together:
            engine.run(1)
    engine.run(30)
    assert [engine.take(slot) for slot in range(5)] == alone
    assert passes() < 30 + 5 + sum(map(len, prompts)) / 8 / 3  # a third of what reading each would take


@pytest.mark.parametrize("gone", ["cancelled", "another story"])
def test_a_beginning_shared_with_a_story_that_is_gone_is_read(gone):
    image = image_of(CONFIGS[0])
    prompt, other, request = list(range(50)), list(range(59, 0, -1)), greedy(20)
    engine = NativeEngine(image, slots=2, width=8)
    engine.begin(0, prompt, request)
    engine.begin(1, prompt, request)  # waits for the first, which never reads it
    if gone == "cancelled":
        engine.cancel(0)
    else:
        engine.begin(0, other, request)
    engine.run(20)
    assert engine.take(1) == write_alone(image, prompt, request)
    if gone != "cancelled":
        assert engine.take(0) == write_alone(image, other, request)


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.family)
@pytest.mark.parametrize("small", [False, True])
def test_threads_that_always_work_together_change_no_id(config, threads, small):
    image = image_of(config, to_int8 if small else lambda matrix: matrix)
    prompts = [[1], [5, 9, 3], list(range(40))]
    requests = [CRequest(1, 0, 0.9, 0, 1, seed, 25) for seed in range(3)]
    engines = [NativeEngine(image, slots=3, threads=n, small_cache=small) for n in (1, threads)]
    LpTeam.from_address(engines[1]._team.address).now = None
    stories = []
    for engine in engines:
        for slot, (prompt, request) in enumerate(zip(prompts, requests, strict=True)):
            engine.begin(slot, prompt, request)
        engine.run(25)
        stories.append([engine.take(slot) for slot in range(3)])
    assert stories[0] == stories[1]


def overflowing():
    """A model in which reading id 7 overflows, and its image."""
    weights = draw_weights(CONFIGS[1])
    weights["embed.weight"] = weights["embed.weight"].copy()
    weights["head.weight"] = weights["embed.weight"].copy()
    weights["embed.weight"][7] = 3e38
    config = CONFIGS[1].with_changes({"tied": False}, "test")
    return place_image(write_image(config, weights, lambda _, matrix: matrix))


def test_a_story_without_numbers_ends_alone_and_leaves_nothing_behind():
    image = overflowing()
    good = greedy(30)
    alone = write_alone(image, [1, 2, 3], good)
    assert alone[1] == "length"
    engine = NativeEngine(image, slots=3, width=8)
    engine.begin(0, [1, 2, 3], good)
    engine.begin(1, [1, 2, 7, 4], good)
    engine.run(30)
    assert engine.take(1) == ([], "broken")
    assert engine.take(0) == alone
    engine.begin(1, [1, 2, 3], good)
    engine.run(30)
    assert engine.take(1) == alone


def test_what_was_refused_leaves_nothing_behind():
    image = overflowing()
    engine = NativeEngine(image)
    with pytest.raises(LilliputError, match="not a number"):
        engine.cost(np.array([1, 7, 2, 3]), np.array([7, 2, 3, 4]))
    engine.cancel(0)
    np.testing.assert_array_equal(engine.read(0, [1, 2, 3]), NativeEngine(image).read(0, [1, 2, 3]))


def test_a_beginning_shared_with_a_story_without_numbers_takes_none_of_it():
    image = overflowing()
    shared, request = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11], greedy(20)
    engine = NativeEngine(image, slots=2, width=16)
    engine.begin(0, [*shared, 7, 7, 7], request)
    engine.begin(1, [*shared, 3], request)
    engine.run(20)
    assert engine.take(0)[1] == "broken"
    assert engine.take(1) == write_alone(image, [*shared, 3], request)


def test_engines_are_as_many_as_stories_and_their_room_is_bounded(monkeypatch):
    image = image_of(CONFIGS[0])
    assert [engine.slots for engine in open_c_batches(image, 2, "f32")] == [8, 8]
    assert [engine.slots for engine in open_c_batches(image, 2, "f32", 1)] == [1]
    assert [engine.slots for engine in open_c_batches(image, 2, "f32", 5)] == [3, 3]
    room = native.measure_slot(image, False)
    assert room > 2 * 2 * 3 * 8 * 300 * 4  # keys and values: layers, two, heads, channels, positions, bytes
    monkeypatch.setattr(c_batch, "_MOST_CACHE", 5 * room)
    assert [engine.slots for engine in open_c_batches(image, 2, "f32")] == [2, 2]
    monkeypatch.setattr(c_batch, "_MOST_CACHE", 0)
    assert [engine.slots for engine in open_c_batches(image, 2, "f32")] == [1, 1]


def test_many_slots_take_no_memory_before_they_are_used():
    code = """
import resource
from tests_image import image
from lilliput.runtime.native import NativeEngine
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
engine = NativeEngine(image, slots=20_000, width=8)
print(engine._arena.size // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    make = """
import numpy as np
from lilliput.formats.image import write_image
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import place_image
config = LlamaConfig(vocab_size=60, d_model=48, n_layers=2, n_heads=6, n_kv_heads=6, d_ff=70, context=1024)
weights = {name: np.ones(shape, np.float32) for name, shape in weight_shapes(config).items()}
image = place_image(write_image(config, weights, lambda _, matrix: matrix))
"""
    run = subprocess.run(
        [sys.executable, "-c", make + code.replace("from tests_image import image\n", "")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    room, taken = map(int, run.stdout.split())
    assert room > 10_000_000  # KiB
    assert taken < 400_000


def test_a_forked_process_is_told_and_does_not_hang():
    code = """
import os, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from lilliput.errors import LilliputError
from lilliput.formats.image import write_image
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.runtime.native import CRequest, NativeEngine
config = LlamaConfig(vocab_size=60, d_model=48, n_layers=2, n_heads=6, n_kv_heads=6, d_ff=70, context=32)
weights = {name: np.ones(shape, np.float32) for name, shape in weight_shapes(config).items()}
engine = NativeEngine(write_image(config, weights, lambda _, matrix: matrix), threads=2)
child = os.fork()
if child == 0:
    engine.begin(0, [1], CRequest(0, 0, 1, 0, 1, 0, 5))
    try:
        engine.run(5)
    except LilliputError as error:
        assert "after the fork" in str(error)
        del engine
        os._exit(7)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
engine.begin(0, [1], CRequest(0, 0, 1, 0, 1, 0, 5))
assert engine.run(5) == 0
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "7"


def test_a_system_without_huge_pages_serves(monkeypatch):
    class Stubborn(mmap.mmap):
        def madvise(self, *_):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(native.mmap, "mmap", Stubborn)
    assert native.Memory(5 << 20).size == 5 << 20


def test_a_library_of_another_version_is_refused(monkeypatch):
    class Other(CRequest):
        _fields_ = (("more", ct.c_int),)

    monkeypatch.setattr(native, "CRequest", Other)
    native.load_library.cache_clear()
    try:
        with pytest.raises(LilliputError, match="install lilliput again"):
            native.load_library()
    finally:
        monkeypatch.undo()
        native.load_library.cache_clear()


def test_a_model_larger_than_the_engine_computes_is_refused_as_such():
    config = MoEConfig(**{**SHAPE, "d_model": 6, "n_heads": 1}, n_kv_heads=1, n_experts=300)
    with pytest.raises(LilliputError, match="256"):
        CBatch(engine_image(config, draw_weights(config), "f32")).begin(
            0, Request((1,), Sampling(), 0, 1, frozenset())
        )


def test_a_context_longer_than_the_engine_serves_is_said_before_memory_is_asked_for():
    config = LlamaConfig(**{**SHAPE, "context": 2_000_000_000}, n_kv_heads=3)
    with pytest.raises(LilliputError, match="1,048,576"):
        engine_image(config, draw_weights(config), "f32")
