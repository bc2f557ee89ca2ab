"""The numbers of a cartridge: 16 bits hold every sum, whatever is read, and it is one model in every form."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.deploy.csource import write_c
from lilliput.errors import ConfigError, FormatError
from lilliput.generation.int_native import open_reader
from lilliput.models.config import LlamaConfig
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.intmodel_file import fingerprint, load_intmodel, save_intmodel
from lilliput.quantize.planes import norm_square_limit
from lilliput.quantize.reference import IntCache, Reference
from lilliput.quantize.settings import CARTRIDGE

SMALL = {"vocab_size": 61, "d_model": 24, "d_ff": 44, "context": 40, "n_heads": 4, "n_kv_heads": 2}
CONFIG = LlamaConfig(**SMALL, n_layers=2)
WINDOW = "window=12"


@pytest.fixture
def model(make) -> IntModel:
    made: IntModel = make(CONFIG, *CARTRIDGE, WINDOW).model
    return made


@pytest.mark.parametrize("number", range(3))
def test_a_model_for_a_cartridge_computes_the_same_however_it_is_cut(integers, make, stories_of, number):
    config = integers.CONFIGS[number]
    model = make(config, *CARTRIDGE, WINDOW).model
    reference, ids = Reference(model, checked=True), stories_of(config, 1, seed=5)[0]
    whole, cache = reference.read(ids, IntCache(model)), IntCache(model)
    singly = [reference.read(ids[n : n + 1], cache)[0] for n in range(len(ids))]
    np.testing.assert_array_equal(np.stack(singly), whole)


def test_weights_and_keys_are_odd_and_each_bound_holds(model, stories_of):
    bounds = {bound.name: bound for bound in check_cartridge(model)}
    assert bounds["blocks.1.mlp.down sums"].most < 2**15
    assert bounds["blocks.0.attn.scores"].most < 2**15
    assert all((matrix.values & 1).all() for _, matrix in model.iter_matrices()[1:])
    cache = IntCache(model)
    Reference(model).read(stories_of(CONFIG, 1)[0], cache)
    assert (cache.keys[:, :, : cache.length] % 2 != 0).all()


def test_layers_are_alike_in_how_they_turn_where_no_bits_may_be_finer(make, model):
    shifts = {(layer.q_shift, layer.k_shift) for layer in model.layers}
    assert shifts != {(0, 0)}
    alike = make(CONFIG, *CARTRIDGE, WINDOW, "turn_shift=0").model
    assert {(layer.q_shift, layer.k_shift) for layer in alike.layers} == {(0, 0)}
    check_cartridge(alike)


def test_nothing_leaves_its_width_with_the_worst_numbers(model):
    random, down = np.random.default_rng(0), model.layers[0].down
    assert down.planes is not None
    model.embed.values[:] = random.choice([-127, 127], model.embed.values.shape)
    model.embed.values[::3, 1:] = 0  # all of a vector's size in one element
    for _, matrix in model.iter_matrices()[1:]:  # each sign that makes sums great
        matrix.values[:] = np.abs(matrix.values)
    check_cartridge(model)
    reference = Reference(model, checked=True)
    for seed in range(4):
        cache = IntCache(model)
        reference.read(np.random.default_rng(seed).integers(0, 61, 40), cache)
    for key, value in ((1, 1), (-1, 1), (1, -1)):
        cache = IntCache(model)
        for number, layer in enumerate(model.layers):
            cache.keys[number], cache.values[number] = key * layer.k_limit, value * layer.v.output_limit
        cache.length = 39
        reference.read(np.array([0]), cache)


@pytest.mark.parametrize("size", [2, 24, 64, 200])
def test_a_narrow_norm_keeps_to_the_length_that_is_proved(make, size):
    config = LlamaConfig(**{**SMALL, "d_model": size, "n_heads": 1, "n_kv_heads": 1}, n_layers=1)
    model = make(config, *CARTRIDGE).model
    reference, random, longest = Reference(model, checked=True), np.random.default_rng(3), 0
    norm = replace(model.norm, output_limit=32767)
    limit = norm_square_limit(size, norm.shift)
    for power in np.linspace(0, 15, 200):
        v = random.normal(0, 2**power, (50, size)).round().astype(np.int64).clip(-32767, 32767)
        v[::2] = np.abs(v[::2]).max(axis=1, keepdims=True) * random.choice([-1, 1], v[::2].shape)
        longest = max(longest, int(np.square(reference._norm(norm, v)).sum(axis=1).max()))
    assert 0.8 * limit < longest <= limit


def test_what_left_the_window_counts_nothing_but_the_first_position_always(make, stories_of):
    config = LlamaConfig(**SMALL, n_layers=1)
    model = make(config, *CARTRIDGE, WINDOW).model
    ids = np.arange(30) % 61

    def last(at: int) -> np.ndarray:
        changed = ids.copy()
        changed[at] = 60
        return Reference(model).read(changed, IntCache(model), last_only=True)

    plain = Reference(model).read(ids, IntCache(model), last_only=True)
    for at in range(1, 19):  # 29 sees 19 to 29 and 0: twelve
        np.testing.assert_array_equal(last(at), plain)
    assert sum((last(at) != plain).any() for at in range(19, 29)) >= 8
    assert (last(0) != plain).any()


def test_the_file_is_of_version_2_and_is_itself_when_read_back(model, make, stories_of, tmp_path):
    save_intmodel(tmp_path / "m", model)
    back, ids = load_intmodel(tmp_path / "m"), stories_of(CONFIG, 1)[0]
    assert back.version == 2
    assert fingerprint(back) == fingerprint(model)
    before, after = (Reference(m).read(ids, IntCache(m)) for m in (model, back))
    np.testing.assert_array_equal(before, after)
    assert b'\\"version\\": 2' in (tmp_path / "m").read_bytes()
    old = make(CONFIG).model
    save_intmodel(tmp_path / "old", old)
    data = (tmp_path / "old").read_bytes()
    assert b'\\"version\\": 1' in data
    assert b"window" not in data
    assert b"planes" not in data
    (tmp_path / "old").write_bytes(data.replace(b'\\"version\\": 1', b'\\"version\\": 2'))
    with pytest.raises(FormatError, match="says version 2, and its numbers are of version 1"):
        load_intmodel(tmp_path / "old")


def test_what_could_leave_16_bits_is_refused_by_name(model, make):
    layer = model.layers[1]
    planes = layer.down.planes
    assert planes is not None
    down = replace(layer.down, planes=replace(planes, square_limit=10**6))

    def put(**parts: object) -> IntModel:
        return replace(model, layers=(model.layers[0], replace(layer, **parts)))

    with pytest.raises(ConfigError, match=r"blocks\.1\.mlp\.down sums may reach [\d,]+, above 32,767"):
        check_cartridge(put(down=down))
    with pytest.raises(ConfigError, match=r"blocks\.1\.attn\.scores may reach [\d,]+, above 32,767"):
        check_cartridge(put(q_sum_limit=0, q_limit=32767))
    with pytest.raises(ConfigError, match=r"blocks\.1\.norm1 lengths may reach [\d,]+, above 100"):
        short = replace(layer.q, planes=replace(layer.q.planes, square_limit=100))
        check_cartridge(put(q=short))
    with pytest.raises(ConfigError, match=r"config\.tied is 1, and 0 on a cartridge"):
        check_cartridge(make(CONFIG).model)
    with pytest.raises(ConfigError, match="hold an even number"):
        check_cartridge(put(down=replace(layer.down, values=layer.down.values - 1)))


def test_c_leaves_such_a_model_to_the_reference(model):
    assert isinstance(open_reader(model), Reference)
    with pytest.raises(
        ConfigError, match=r"C does not compute q=planes, .* and \d+ more, which is for cartridges"
    ):
        write_c(model, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("embed=planes", "set embed=int8"),
        ("activation_bits=9", "activation_bits=8"),
        ("blocks=all", "no exponents"),
        ("sum_bits=32", "reciprocal_bits=8 is for sum_bits=16"),
        ("window=1", "2 positions at least"),
        ("key_bits=8", "odd keys have 7 bits at most"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(make, setting, message):
    with pytest.raises(ConfigError, match=message):
        make(CONFIG, *CARTRIDGE, setting)


def test_norms_of_queries_and_keys_are_refused(integers, make):
    with pytest.raises(ConfigError, match="a cartridge's numbers are for llama"):
        make(integers.CONFIGS[3], *CARTRIDGE)


def test_the_output_matrix_has_as_few_planes_as_are_asked_for(make):
    """Its rows' sums are logits: their unit grows with its step, down to fewer bits than sums have."""
    found = {}
    for bits in (5, 3):
        model = make(CONFIG, *CARTRIDGE, WINDOW, f"bits_head={bits}").model
        check_cartridge(model)
        found[bits] = model.head.count_planes.mean(), model.logit_bits
    (fine, fine_bits), (coarse, coarse_bits) = found[5], found[3]
    assert fine == pytest.approx(5, abs=0.7)
    assert coarse == pytest.approx(3, abs=0.7)
    assert coarse_bits <= fine_bits
