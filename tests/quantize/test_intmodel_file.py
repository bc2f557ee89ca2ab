"""The file of an integer model: itself read back, and nothing that is not whole."""

from dataclasses import replace

import numpy as np
import pytest

from lilliput.errors import FormatError
from lilliput.quantize import intmodel_file
from lilliput.quantize.intmodel_file import fingerprint, load_intmodel, save_intmodel
from lilliput.quantize.reference import IntCache, Reference


def test_a_model_is_itself_when_read_back(config, make, stories_of, tmp_path):
    model = replace(make(config, "weights=int4", "embed=int8").model, source={"from": "a test"})
    save_intmodel(tmp_path / "m", model)
    back = load_intmodel(tmp_path / "m")
    assert back.config == config
    assert back.source == {"from": "a test"}
    assert fingerprint(back) == fingerprint(model) == fingerprint(replace(model, source={}))
    ids = stories_of(config, 1)[0]
    before, after = (Reference(m).read(ids, IntCache(m)) for m in (model, back))
    np.testing.assert_array_equal(before, after)
    assert (back.head.values is back.embed.values) == config.tied
    assert {m.kind for _, m in back.iter_matrices()} == {"int8", "int4"} if config.tied else True


def test_the_fingerprint_is_of_every_number(config, make):
    model = make(config).model
    changed = replace(model, logit_bits=model.logit_bits + 1)
    tables = replace(model, exp2=model.exp2 // 2)
    layer = replace(model.layers[-1], score_shift=model.layers[-1].score_shift + 1)
    deep = replace(model, layers=(*model.layers[:-1], layer))
    assert len({fingerprint(m) for m in (model, changed, tables, deep)}) == 4


def test_damaged_files_are_refused(config, make, tmp_path, monkeypatch):
    model, path = make(config).model, tmp_path / "m"
    save_intmodel(path, model)
    data = path.read_bytes()
    for cut in (0, 7, 100, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(FormatError, match="not a whole integer model"):
            load_intmodel(path)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FormatError, match="fingerprint does not agree"):
        load_intmodel(path)
    path.write_bytes(data.replace(b'\\"logit_bits\\"', b'\\"logit_bytes\\"'[:14]))
    with pytest.raises(FormatError, match=r"lacks or garbles|not a whole"):
        load_intmodel(path)
    monkeypatch.setattr(intmodel_file, "VERSIONS", (2, 3))
    path.write_bytes(data)
    with pytest.raises(FormatError, match="has version 1; this lilliput computes versions 2 to 3"):
        load_intmodel(path)


def test_a_file_whose_bounds_do_not_hold_is_refused(config, make, tmp_path):
    model = make(config).model
    layer = replace(model.layers[0], o_shift=13)
    save_intmodel(tmp_path / "m", replace(model, layers=(layer, *model.layers[1:])))
    with pytest.raises(FormatError, match=r"blocks\.0\.attn\.o_shift may reach 13, above 12"):
        load_intmodel(tmp_path / "m")


def test_a_file_of_the_wrong_shape_is_refused(config, make, tmp_path):
    model = make(config).model
    save_intmodel(tmp_path / "m", replace(model, cosines=model.cosines[1:]))
    with pytest.raises(FormatError, match="cosines has shape"):
        load_intmodel(tmp_path / "m")
