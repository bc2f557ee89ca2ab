"""The C step's gradient is autograd's, over random shapes, on every kind of arithmetic this processor has."""

import copy
import ctypes as ct

import numpy as np
import pytest
import torch

from lilliput.models import LlamaConfig, ModelConfig, Qwen3Config, build_model
from lilliput.models.angles import rotary_table
from lilliput.models.loss import sum_squared_z
from lilliput.models.shapes import weight_shapes
from lilliput.models.weights import get_weights
from lilliput.runtime.native import library_path
from lilliput.runtime.native_train import (
    GRADIENTS,
    WEIGHTS,
    LayerRounding,
    NativeTrainer,
    Rounding,
    TrainShape,
    has_bfloat16,
    train_kernel_names,
)

pytestmark = pytest.mark.skipif(library_path() is None, reason="the C engine was not built")
KERNELS = train_kernel_names() if library_path() else []
CONTEXT = 200


def random_config(seed: int) -> ModelConfig:
    """Llama or Qwen3 with odd widths: multiples of 16 and not, one head and many, heads that share keys."""
    draw = np.random.default_rng(seed)
    kv, group = int(draw.integers(1, 4)), int(draw.integers(1, 4))
    d_head = int(draw.choice([2, 6, 8, 10, 16, 24, 48]))
    shape = {
        "vocab_size": int(draw.choice([40, 300, 513])),
        "n_layers": int(draw.integers(1, 4)),
        "d_ff": int(draw.choice([16, 40, 97])),
        "context": CONTEXT,
        "n_heads": kv * group,
        "n_kv_heads": kv,
        "tied": bool(draw.integers(2)),
        "rope_theta": float(draw.choice([500.0, 10000.0])),
    }
    if seed % 2:
        return Qwen3Config(**shape, d_model=int(draw.choice([24, 64, 72])), d_head=d_head)
    return LlamaConfig(**shape, d_model=kv * group * d_head)


def random_model(config: ModelConfig, wide: float = 1.0) -> torch.nn.Module:
    """Weights of a trained model's size, norms that are not all one."""
    torch.manual_seed(1)
    model = build_model(config)
    with torch.no_grad():
        for weight in model.parameters():
            deviation = wide * weight.shape[-1] ** -0.5
            weight.copy_(
                torch.randn_like(weight) * deviation
                if weight.dim() > 1
                else 1 + 0.1 * torch.randn_like(weight)
            )
    return model


def trainer_of(model: torch.nn.Module, config: ModelConfig, **options: object) -> NativeTrainer:
    """A trainer with the model's weights."""
    turns = rotary_table(config.d_head, config.context, config.rope_theta)
    names = ("vocab_size", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_head", "d_ff", "context")
    shape = TrainShape(
        *(getattr(config, name) for name in names),
        tied=config.tied,
        qk_norm=config.family == "qwen3",
        pairs=options.pop("pairs", False),
        muon=1,
        norm_eps=config.norm_eps,
        attention_scale=config.d_head**-0.5,
        turns=turns.ctypes.data_as(ct.POINTER(ct.c_float)),
    )
    trainer = NativeTrainer(shape, tokens=600, rows=9, **options)
    trainer.turns = turns  # the shape points into it
    weights = get_weights(model)
    for name, tensor in zip(weight_shapes(config), trainer.tensors(), strict=True):
        view = trainer.array(WEIGHTS, tensor)
        view[:] = weights[name].reshape(view.shape)
    trainer.refresh()
    return trainer


def rows_of(config: ModelConfig, lengths: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, targets (a tenth of them masked) and the starts of rows."""
    draw = np.random.default_rng(2)
    count = sum(lengths)
    ids, targets = draw.integers(0, config.vocab_size, (2, count), dtype=np.int32)
    targets[draw.random(count) < 0.1] = -1
    return ids, targets, np.cumsum([0, *lengths]).astype(np.int32)


def lessons_of(config: ModelConfig, tokens: int, top: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """What a teacher might expect at each token: an id may be there twice, and be the target."""
    draw = np.random.default_rng(3)
    shares = draw.random((tokens, top)).astype(np.float32) / top
    return draw.integers(0, config.vocab_size, (tokens, top), dtype=np.int32), shares


def gradients_by_torch(
    model, ids, targets, starts, share: float, z_loss: float, lessons=None
) -> tuple[float, dict]:
    """The cost in nats, and every weight's gradient, in float64: what differs are our own roundings."""
    model = copy.deepcopy(model).double()
    total, nats = torch.zeros(()), 0.0
    for begin, end in zip(starts, starts[1:], strict=False):
        logits = model(torch.from_numpy(ids[None, begin:end]).long())
        wanted = torch.from_numpy(np.where(targets < 0, -100, targets)[begin:end]).long()
        cost = torch.nn.functional.cross_entropy(logits[0], wanted, ignore_index=-100, reduction="sum")
        nats += cost.item()
        if lessons is not None:
            expected = torch.nn.functional.one_hot(wanted.clamp(min=0), logits.shape[-1]).double()
            said, says = (torch.from_numpy(part[begin:end]) for part in lessons)
            expected *= 1 - says.sum(1, keepdim=True)
            expected.scatter_add_(1, said.long(), says.double())
            by_token = torch.nn.functional.cross_entropy(logits[0], expected, reduction="none")
            cost = by_token[wanted >= 0].sum()
        total = total + cost + z_loss * sum_squared_z(logits, wanted[None])
    (total * share).backward()
    return nats, {name: weight.grad.numpy() for name, weight in model.named_parameters()}


def largest_error(trainer: NativeTrainer, config: ModelConfig, wanted: dict) -> float:
    """Over all weights, the greatest difference relative to the weight's greatest slope."""
    errors = []
    for name, tensor in zip(weight_shapes(config), trainer.tensors(), strict=True):
        ours = trainer.array(GRADIENTS, tensor)
        theirs = wanted[name].reshape(ours.shape)
        errors.append(np.abs(ours - theirs).max() / (np.abs(theirs).max() + 1e-12))
    return max(errors)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kernels", KERNELS)
def test_the_gradient_is_autograds(kernels: str, seed: int) -> None:
    config = random_config(seed)
    model = random_model(config)
    ids, targets, starts = rows_of(config, [5, 1, 64, 65, 130, 3, 200, 16, 48][seed % 3 :])
    trainer = trainer_of(model, config, kernels=kernels)
    z_loss = 1e-3 if seed % 3 == 0 else 0.0
    lessons = lessons_of(config, len(ids)) if seed % 4 == 1 else None
    nats = trainer.gradient(ids, targets, starts, share=0.01, z_loss=z_loss, lessons=lessons)
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, z_loss, lessons)
    assert nats == pytest.approx(wanted, rel=1e-5)
    assert largest_error(trainer, config, gradients) < 1e-4
    norm = np.sqrt(sum((gradient.astype(np.float64) ** 2).sum() for gradient in gradients.values()))
    assert trainer.norm() == pytest.approx(norm, rel=1e-5)


def test_scores_too_great_for_a_plain_sum_are_weighed_all_the_same() -> None:
    config = LlamaConfig(
        vocab_size=40, d_model=32, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=48, context=CONTEXT
    )
    model = random_model(config)
    with torch.no_grad():
        model.blocks[0].attn.q.weight.mul_(40)  # scores beyond 2 ** 126
    ids, targets, starts = rows_of(config, [90, 70])
    trainer = trainer_of(model, config)
    nats = trainer.gradient(ids, targets, starts, share=0.01)
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, 0.0)
    assert nats == pytest.approx(wanted, rel=1e-4)
    assert largest_error(trainer, config, gradients) < 3e-3  # such sharp attention is steep


@pytest.mark.parametrize("window", [2, 17, 70, 128])
@pytest.mark.parametrize("kernels", KERNELS)
def test_of_a_window_the_first_position_and_the_last_ones_are_seen(
    kernels: str, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = random_config(4)
    model = random_model(config)
    ids, targets, starts = rows_of(config, [200, 3, 64, 150])
    trainer = trainer_of(model, config, kernels=kernels)
    layers = (LayerRounding * config.n_layers)()
    trainer.round(Rounding(window=window, layers=layers))
    nats = trainer.gradient(ids, targets, starts, share=0.01)
    plain = torch.nn.functional.scaled_dot_product_attention

    def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **options: object) -> torch.Tensor:
        own, other = torch.arange(q.shape[-2])[:, None], torch.arange(q.shape[-2])
        seen = (other <= own) & ((other == 0) | (own - other < window - 1))
        return plain(q, k, v, attn_mask=seen, **{**options, "is_causal": False})

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, 0.0)
    assert nats == pytest.approx(wanted, rel=1e-5)
    assert largest_error(trainer, config, gradients) < 1e-4


@pytest.mark.parametrize("kernels", KERNELS[:-1])
def test_all_arithmetic_rounds_alike(kernels: str) -> None:
    config = LlamaConfig(
        vocab_size=40, d_model=40, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=50, context=CONTEXT
    )
    model = random_model(config)
    ids, targets, starts = rows_of(config, [90, 70])
    offset = np.linspace(-1, 1, 20, dtype=np.float32)
    table = np.maximum(np.linspace(-8, 8, 65), 0).astype(np.float32)
    places = [array.ctypes.data_as(ct.POINTER(ct.c_float)) for array in (offset, table)]
    units = {name: (0.05, 60) for name in ("q", "k", "q_turned", "v", "z", "up", "hidden")}
    sizes = dict.fromkeys(("z_narrow", "hidden_narrow"), 15.0) | dict.fromkeys(
        ("z_squares", "hidden_squares"), 800.0
    )
    layer = LayerRounding(
        **units,
        **sizes,
        k_turned=(0.1, 15),
        gate=(0.25, 32),
        q_sum=70,
        k_offset=places[0],
        middle=0.1,
        next=0.1,
    )
    layers = (LayerRounding * 2)(layer, layer)
    rounding = Rounding(window=30, embed=0.1, normed=(1 / 16, 127), activation=places[1], layers=layers)
    found = {}
    for name in (kernels, KERNELS[-1], "float"):
        trainer = trainer_of(model, config, kernels=None if name == "float" else name)
        if name != "float":
            trainer.round(rounding)
        found[name] = trainer.gradient(ids, targets, starts, share=0.01)
    far = abs(found["float"] - found[kernels])
    assert abs(found[kernels] - found[KERNELS[-1]]) < 0.1 * far


def test_threads_change_no_bit() -> None:
    config = random_config(3)
    model = random_model(config)
    ids, targets, starts = rows_of(config, [5, 64, 130, 200, 48])
    found = []
    for threads in (1, 2, 5):
        trainer = trainer_of(model, config, threads=threads)
        nats = trainer.gradient(ids, targets, starts, share=0.01)
        arrays = [trainer.array(GRADIENTS, tensor).tobytes() for tensor in trainer.tensors()]
        found.append((nats, trainer.norm(), arrays))
    assert found[0] == found[1] == found[2]


def test_groups_of_rows_add_up() -> None:
    config = random_config(2)
    model = random_model(config)
    ids, targets, starts = rows_of(config, [50, 30, 70])
    trainer = trainer_of(model, config)
    first = trainer.gradient(ids[:80], targets[:80], starts[:3], share=0.01)
    second = trainer.gradient(ids[80:], targets[80:], np.array([0, 70], np.int32), share=0.01, fresh=False)
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, 0.0)
    assert first + second == pytest.approx(wanted, rel=1e-5)
    assert largest_error(trainer, config, gradients) < 1e-4


@pytest.mark.skipif(not KERNELS or not has_bfloat16(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("seed", [0, 1, 3, 4])  # others have heads of 2, whose norms round steeply
def test_in_bfloat16_it_is_near(seed: int) -> None:
    config = random_config(seed)
    model = random_model(config)
    ids, targets, starts = rows_of(config, [5, 64, 131, 200])
    trainer = trainer_of(model, config, pairs=True)
    nats = trainer.gradient(ids, targets, starts, share=0.01)
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, 0.0)
    assert nats == pytest.approx(wanted, rel=2e-3)
    ours = np.concatenate([trainer.array(GRADIENTS, tensor).ravel() for tensor in trainer.tensors()])
    theirs = np.concatenate([gradients[name].ravel() for name in weight_shapes(config)])
    assert np.linalg.norm(ours - theirs) < 0.02 * np.linalg.norm(theirs)


def test_logits_that_do_not_fit_the_caches_are_taken_in_parts() -> None:
    config = LlamaConfig(
        vocab_size=30000, d_model=16, n_layers=1, n_heads=2, n_kv_heads=2, d_ff=20, context=CONTEXT
    )
    model = random_model(config)
    ids, targets, starts = rows_of(config, [200, 200, 190])
    wanted, gradients = gradients_by_torch(model, ids, targets, starts, 0.01, 0.0)
    trainers = [trainer_of(model, config, threads=threads) for threads in (1, 2)]
    for trainer in trainers:
        assert trainer.gradient(ids, targets, starts, share=0.01) == pytest.approx(wanted, rel=1e-5)
        assert largest_error(trainer, config, gradients) < 1e-4
    for left, right in zip(*(trainer.tensors() for trainer in trainers), strict=True):
        assert np.array_equal(trainers[0].array(GRADIENTS, left), trainers[1].array(GRADIENTS, right))


def test_a_batch_that_does_not_fit_is_refused() -> None:
    config = random_config(0)
    trainer = trainer_of(random_model(config), config)
    with pytest.raises(ValueError, match="do not fit"):
        trainer.gradient(*rows_of(config, [200, 200, 200, 1]), share=1.0)
    with pytest.raises(ValueError, match="do not fit"):
        trainer.gradient(*rows_of(config, [CONTEXT + 1]), share=1.0)
    ids, targets, starts = rows_of(config, [20])
    ids[3] = config.vocab_size
    with pytest.raises(ValueError, match="beyond the vocabulary"):
        trainer.gradient(ids, targets, starts, share=1.0)
