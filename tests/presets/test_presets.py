"""Every preset: its counts against the published ones, its model, one step on the world's stories."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.deploy.gameboy.model.estimate import estimate
from lilliput.errors import ConfigError
from lilliput.models import GPT2Config, ModelConfig, MoEConfig, build_model
from lilliput.models.config import GPTNeoConfig, LlamaConfig
from lilliput.models.count import count_parameters
from lilliput.models.shapes import weight_shapes
from lilliput.presets import GROUPS, PRESETS, find_plan
from lilliput.presets.differ import differ
from lilliput.stories.batches import Batch
from lilliput.stories.sources import open_stories
from lilliput.tokens import train_tokenizer
from lilliput.training.plan import Plan
from lilliput.training.step_torch import TorchStep

COUNTS = {  # all parameters; those without embeddings, positions and output
    "pocket": (259_616, 128_544),
    "laptop": (999_232, 737_088),
    "cartridge": (260_672, 129_600),
    "stories260k": (260_032, 227_264),
    "stories15m": (15_191_712, 5_975_712),
    "stories42m": (41_689_600, 25_305_600),
    "stories110m": (109_529_856, 84_953_856),
    "babyllama105": (936_448, 923_008),
    "babyllama361": (969_216, 923_008),
    "tinystories1m": (3_745_984, 398_464),
    "tinystories3m": (8_278_400, 1_583_360),
    "tinystories8m": (19_702_528, 6_312_448),
    "tinystories28m": (51_987_968, 25_207_808),
    "tinystories33m": (68_514_048, 28_343_808),
    "tinystories1layer21m": (66_155_520, 12_595_200),
    "tinystories2layers33m": (78_748_672, 25_188_352),
    "instruct1m": (3_745_984, 398_464),
    "instruct3m": (8_278_400, 1_583_360),
    "instruct8m": (19_702_528, 6_312_448),
    "instruct28m": (51_987_968, 25_207_808),
    "instruct33m": (68_514_048, 28_343_808),
    "instruct1layer21m": (66_155_520, 12_595_200),
    "instruct2layers33m": (78_748_672, 25_188_352),
    "sauravxs": (3_647_680, 398_464),
    "sauravm": (19_309_312, 6_312_448),
    "raymond1m": (3_747_520, 400_000),
    "raymond8m": (19_708_672, 6_318_592),
    "raymond28m": (154_332_160, 100_771_840),
    "sleepingcat28m": (19_251_120, 6_943_680),
    "yap8m": (30_044_544, 10_647_552),
    "pluto1m": (1_553_536, 398_464),
    "pluto15m": (15_632_000, 9_856_640),
    "tinygpt51m": (51_237_888, 25_220_096),
    "tinygptmoe85m": (84_500_992, 58_745_344),
    "einygpt7m": (7_025_088, 592_192),
    "einygpt4m": (4_358_464, 518_464),
    "tinymodel44m": (43_900_416, 28_343_808),
    "simplestories1m": (1_245_824, 721_536),
    "simplestories5m": (5_374_208, 4_325_632),
    "simplestories11m": (11_015_040, 9_442_176),
    "simplestories30m": (29_627_904, 27_530_752),
    "simplestories35m": (35_133_952, 33_036_800),
    "regional64x2": (4_523_776, 100_096),
    "regional64x6": (4_723_712, 300_032),
    "regional64x12": (5_023_616, 599_936),
    "regional512x2": (41_695_232, 6_305_792),
    "regional512x6": (54_304_768, 18_915_328),
    "regional512x12": (73_219_072, 37_829_632),
    "regional1024x2": (95_973_376, 25_194_496),
    "regional1024x7": (158_954_496, 88_175_616),
    "collapse9m": (8_890_880, 6_318_592),
    "collapse12m": (12_488_960, 8_392_960),
    "collapse42m": (41_755_136, 33_563_136),
    "collapse126m": (125_553_408, 113_265_408),
}
PUBLISHED = {  # millions, and which of our parameters they leave out (less than 0: what they count besides)
    "babyllama105": (0.93, 0),
    "sauravxs": (3.6, 0),
    "sauravm": (19.3, 0),
    "raymond28m": (154, 0),  # its name says 28: see the docstring
    "sleepingcat28m": (29, -10 * 1024 * 1024),  # causal masks
    "pluto1m": (1.5, -8_000),  # a bias of the output
    "pluto15m": (15, -8_000),
    "tinygpt51m": (51, 0),
    "tinygptmoe85m": (85, 0),
    "tinymodel44m": (44, 13_824 - 10_000),  # norms; a bias of the output
    "einygpt4m": (4.3, 0),
    "simplestories1m": (1.24, 0),
    "simplestories5m": (5.37, 0),
    "simplestories11m": (11, 0),
    "simplestories30m": (29.6, 0),
    "simplestories35m": (35.1, 0),
    "collapse9m": (8.890880, 0),
    "collapse12m": (12, 0),
    "collapse42m": (42, 0),
    "collapse126m": (126, 0),
    "regional64x2": (4.46, None),
    "regional64x6": (4.65, None),
    "regional64x12": (5.0, None),
    "regional512x2": (41, None),
    "regional512x6": (53, None),
    "regional512x12": (73, None),
    "regional1024x2": (94, None),
    "regional1024x7": (157.8, None),  # published as 153: see the docstring
}
WHOLE = 20_000_000
"""Parameters up to which a preset's own model learns in a test; of a larger one a narrowed copy does."""


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_published_parameters_with_and_without_embeddings(name: str) -> None:
    count = count_parameters(PRESETS[name]().model)
    assert (count.parameters, count.parameters_without_embeddings) == COUNTS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_its_name_and_its_count(name: str) -> None:
    assert PRESETS[name]().name == name
    assert f"{COUNTS[name][0]:,}" in (PRESETS[name].__doc__ or "")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_rounded_figure_is_the_count_less_what_its_source_leaves_out(name: str) -> None:
    published, left_out = PUBLISHED[name]
    if left_out is None:  # nanoGPT's count: no positions, and it has no biases
        shapes = weight_shapes(PRESETS[name]().model).items()
        apart = [shape for key, shape in shapes if key.endswith("bias") or key == "positions.weight"]
        left_out = sum(int(np.prod(shape)) for shape in apart)
    digits = len(str(published).partition(".")[2])
    assert (COUNTS[name][0] - left_out) / 1e6 == pytest.approx(published, abs=10**-digits)  # cut or rounded


def test_every_preset_of_a_file_is_in_a_group_once() -> None:
    listed = [preset for group in GROUPS.values() for preset in group]
    assert len(PRESETS) == len(listed) == len(set(listed))
    for module in {sys.modules[preset.__module__] for preset in listed}:
        own = inspect.getmembers(module, inspect.isfunction)
        public = {f for key, f in own if f.__module__ == module.__name__ and not key.startswith("_")}
        assert public <= set(listed)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_builds(name: str) -> None:
    config = PRESETS[name]().model
    with torch.device("meta"):
        model = build_model(config)
    assert {key: tuple(p.shape) for key, p in model.named_parameters()} == weight_shapes(config)


@pytest.fixture(scope="module")
def rows() -> list[np.ndarray]:
    texts = [story.text for story in open_stories(["world:12"]).stories]
    tokenizer = train_tokenizer(texts, 300)
    return [np.array([tokenizer.bos, *tokenizer.encode(text)])[:48] for text in texts[:3]]


def narrowed(model: ModelConfig) -> ModelConfig:
    """The same family, options, layers and heads, but heads 4 wide and a vocabulary of 300."""
    width = {"d_model": 4 * model.n_heads, "d_ff": 12 * model.n_heads, "context": 64}
    return model.model_validate({**model.model_dump(), **width, "vocab_size": 300})


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_learns_in_a_few_steps_of_the_worlds_stories(name: str, rows: list[np.ndarray]) -> None:
    plan = PRESETS[name]()
    model = plan.model if COUNTS[name][0] <= WHOLE else narrowed(plan.model)
    train = plan.train.model_copy(update={"device": "cpu", "threads": 1})
    rows = [row % model.vocab_size for row in rows]  # BabyLlama's vocabulary is smaller than the tokenizer's
    step = TorchStep(model, train, seed=0)
    batch = Batch(rows, sum(len(row) - 1 for row in rows), 0)
    costs = [step.learn(batch, 1.0).nats for _ in range(4)]
    assert np.isfinite(costs).all()
    assert costs[-1] < costs[0]


def test_the_shapes_that_sources_give_in_words_are_kept() -> None:
    layers = [find_plan(f"tinystories{size}").model for size in ("1m", "1layer21m", "2layers33m")]
    assert all(isinstance(model, GPTNeoConfig) and model.window == 256 for model in layers)
    assert [model.local_layers for model in layers] == [(False, True) * 4, (False,), (False, True)]
    xs = find_plan("sauravxs")
    assert (xs.model.n_layers, xs.model.d_model, xs.model.n_heads, xs.model.context) == (8, 64, 16, 512)
    assert (xs.train.dropout, xs.train.learning_rate) == (0.1, 5e-4)
    yap = find_plan("yap8m")
    assert (yap.model.n_layers, yap.model.n_heads, yap.model.d_model, yap.model.context) == (6, 6, 384, 256)
    assert (yap.train.tokens, yap.train.batch_tokens) == (35_000 * 64 * 256, 64 * 256)
    mixture = find_plan("tinygptmoe85m")
    assert isinstance(mixture.model, MoEConfig)
    assert (mixture.model.n_experts, mixture.model.experts_per_token) == (4, 2)
    assert mixture.train.balance_loss > 0
    einy = find_plan("einygpt4m").model
    assert (einy.n_layers, einy.d_model, einy.n_heads, einy.n_kv_heads) == (12, 64, 8, 2)
    tiny = find_plan("tinymodel44m").model
    assert (tiny.n_layers, tiny.d_model, tiny.hidden_activation) == (4, 768, "relu")


def test_the_cartridge_takes_a_game_boy_a_second_a_token_at_most() -> None:
    model = find_plan("cartridge").model
    assert isinstance(model, LlamaConfig)
    found = estimate(model, bits=4, window=128, positions=128)
    assert found.seconds_per_token <= 1
    assert found.rom <= 2**21


def test_laptop_keeps_to_a_million_parameters() -> None:
    assert count_parameters(find_plan("laptop").model).parameters <= 1_000_000


def test_a_difference_is_checked_like_any_setting() -> None:
    base = find_plan("stories260k")
    other = differ(base, "other", model={"d_model": 32}, warmup=0.1)
    assert (other.name, other.model.d_model, other.train.warmup) == ("other", 32, 0.1)
    assert (other.model.n_layers, other.train.minutes) == (base.model.n_layers, base.train.minutes)
    with pytest.raises(ConfigError, match="d_model 65 is not a multiple"):
        differ(base, "other", model={"d_model": 65})
    with pytest.raises(ConfigError, match="did you mean warmup"):
        differ(base, "other", warmups=0.1)


def test_a_plan_of_no_mixture_has_no_balance_loss() -> None:
    with pytest.raises(ConfigError, match="for mixtures of experts"):
        find_plan("tinygptmoe85m").with_settings(["model.family=llama"])
    plan = find_plan("tinygptmoe85m").with_settings(["model.family=llama", "train.balance_loss=0"])
    assert plan.model.family == "llama"


def test_another_family_begins_with_its_own_activation() -> None:
    plan = find_plan("tinygpt51m").with_settings(["model.family=qwen3", "model.n_kv_heads=8"])
    assert plan.model.hidden_activation == "silu"
    back = plan.with_settings(["model.family=gpt2"])
    assert isinstance(back.model, GPT2Config)
    assert back.model.activation == "gelu_tanh"


def test_every_preset_is_the_plan_file_that_it_prints(tmp_path: Path) -> None:
    for name, preset in PRESETS.items():
        (tmp_path / "plan.toml").write_text(preset().as_toml())
        assert find_plan(str(tmp_path / "plan.toml")) == preset(), name
        assert isinstance(preset(), Plan)
