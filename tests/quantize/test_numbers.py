"""Hostile files: whatever a number is set to, the file is refused or nothing leaves its width."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from lilliput.errors import ConfigError, FormatError
from lilliput.models.config import LlamaConfig, Qwen3Config
from lilliput.quantize.bounds import check_bounds
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.intmodel_file import load_intmodel, save_intmodel
from lilliput.quantize.reference import IntCache, Reference
from lilliput.quantize.settings import CARTRIDGE

SMALL = {"vocab_size": 20, "d_model": 8, "n_layers": 1, "d_ff": 12, "context": 8, "d_head": 4}
CONFIG = Qwen3Config(**SMALL, n_heads=2, n_kv_heads=1, tied=False)
LLAMA = LlamaConfig(
    **{name: size for name, size in SMALL.items() if name != "d_head"}, n_heads=2, n_kv_heads=1
)
Path_ = tuple[str, ...]


def list_fields(kind: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every number and array of a model, by names; of layers the first."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint, path = hints[field.name], (*at, field.name)
        if field.name in ("config", "source", "kind"):
            continue
        if get_origin(hint) is tuple or get_origin(hint) is UnionType:
            yield from list_fields(get_args(hint)[0], path)
        elif is_dataclass(hint):
            yield from list_fields(hint, path)
        else:
            yield path, hint


FIELDS = list(list_fields(IntModel))
ALL_NUMBERS = [path for path, hint in FIELDS if hint is int]
NUMBERS = [path for path in ALL_NUMBERS if "planes" not in path]
ARRAYS = [path for path, hint in FIELDS if get_origin(hint) is np.ndarray and "planes" not in path]
OWN = [
    *(
        (*at, "planes", name)
        for at in (("head",), ("layers", "down"))
        for name in ("table_size", "square_limit")
    ),
    *(
        path
        for path in NUMBERS
        if path[0] != "layers" or path[1] in ("norm1", "down", "q_sum_limit", "score_shift")
    ),
]
"""Numbers of a cartridge's model that are not those of any."""


def get(value: Any, path: Path_) -> Any:
    for name in path:
        value = value[0] if isinstance(value, tuple) else value
        value = getattr(value, name)
    return value


def put(value: Any, path: Path_, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, tuple):
        return (put(value[0], path, new), *value[1:])
    return replace(value, **{path[0]: put(getattr(value, path[0]), path[1:], new)})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "m"


@pytest.fixture
def holds(file, plain):
    """Why a file is refused; "" where it computes within its widths, by the page and the reference."""

    def saved(model: IntModel) -> str:
        save_intmodel(file, model)
        try:
            back = load_intmodel(file)
        except FormatError as error:
            return str(error)
        Reference(back, checked=True).read(np.arange(CONFIG.context), IntCache(back))
        if back.version > 1:  # the page has version 1
            return ""
        page = plain.Page(back)
        for token in (0, 1, 2):
            page.step(token)
        return ""

    return saved


def test_a_list_of_fields_misses_none():
    assert len(NUMBERS) > 40
    assert len(ARRAYS) > 35
    assert ("layers", "q_norm", "output_limit") in NUMBERS
    assert ("embed", "shifts") in ARRAYS


@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_a_hostile_number_is_refused_or_harmless(make, holds, path):
    model = make(CONFIG).model
    assert holds(model) == ""
    for value in (-9, 2**40, 10**30):
        said = holds(put(model, path, value))
        assert path[-1] in said or "activation has shape" in said, value  # which the gate's limit decides
    for value in (0, 1, 15, 31, 100, 127, 1023, 32767, 65535, 2**31 - 1):
        holds(put(model, path, value))


@pytest.mark.parametrize("path", OWN, ids=".".join)
def test_a_hostile_number_of_a_cartridge_is_refused_or_harmless(make, holds, path):
    model = make(LLAMA, *CARTRIDGE, "window=4").model
    assert holds(model) == ""
    for value in (-9, 2**40, 10**30):
        said = holds(put(model, path, value))
        assert path[-1] in said or "activation has shape" in said, value
    for value in (-1, 0, 1, 2, 7, 8, 15, 16, 31, 100, 127, 255, 1023, 32767, 65535, 2**31 - 1):
        holds(put(model, path, value))


@pytest.mark.parametrize("part", ["order", "values", "multipliers", "shifts"])
def test_a_hostile_array_of_planes_is_refused_or_harmless(make, holds, part):
    model = make(LLAMA, *CARTRIDGE).model
    path = ("layers", "down", *(("planes",) if part == "order" else ()), part)
    array = get(model, path)
    edge = np.iinfo(array.dtype)
    for value in (edge.min, edge.max, 0, 1, 2, 14, 16, 46):
        said = holds(put(model, path, np.full_like(array, value)))
        assert said or (part, value) in {
            ("values", 1),
            ("values", 127),
            *(("shifts", n) for n in (1, 2, 14, 16, 46)),
        } | {("multipliers", n) for n in (1, 2, 16)}


@pytest.mark.parametrize("path", ARRAYS, ids=".".join)
def test_a_hostile_array_is_refused_or_harmless(make, holds, path):
    model = make(CONFIG).model
    array = get(model, path)
    edge = np.iinfo(array.dtype)
    for value in (edge.min, edge.max, 0, 1, 14, 16, 46):
        said = holds(put(model, path, np.full_like(array, value)))
        if path[-1] in ("rsqrt", "reciprocal", "exp2", "shifts", "cosines", "sines"):
            assert said or value not in (edge.min, edge.max)
        if path[-1] in ("values", "multipliers"):
            assert said or value != edge.min


@pytest.mark.parametrize("part", ["embed", "head", "layers.q", "layers.down"])
def test_a_kind_that_is_none_is_refused(make, holds, part):
    model = make(CONFIG).model
    said = holds(put(model, (*part.split("."), "kind"), "int3"))
    assert "kind is 'int3', and may be int8, int4, ternary, planes" in said
    assert "greatest weight is" in holds(put(model, (*part.split("."), "kind"), "ternary"))


def test_a_tied_matrix_is_of_one_kind(make, holds):
    model = make(CONFIG.model_copy(update={"tied": True}), "embed=int4").model
    assert "embed is int4 and head int8, and they are one matrix" in holds(
        replace(model, head=replace(model.head, kind="int8"))
    )


def test_too_many_tokens_are_refused_before_anything_is_computed(make, weights_of, monkeypatch):
    model = make(CONFIG).model
    wide = CONFIG.model_copy(update={"vocab_size": 65_537})
    with pytest.raises(ConfigError, match="vocab_size is 65,537, and may be 65,536 at most"):
        check_bounds(replace(model, config=wide))
    monkeypatch.setattr("lilliput.quantize.ptq.observe", None)
    with pytest.raises(ConfigError, match="vocab_size is 65,537"):
        make(wide, weights=weights_of(CONFIG))
