"""An integer model as C: one file that needs nothing but a C99 compiler, for a desktop or for firmware."""

import re
from importlib.resources import files

from lilliput.deploy.numbers_c import write_numbers
from lilliput.deploy.tokens_c import tokens_code, write_tokens
from lilliput.errors import ConfigError
from lilliput.quantize.choices import name_newer_choices
from lilliput.quantize.draw import plan_draws
from lilliput.quantize.intmodel import NIBBLE_LIMIT, IntModel
from lilliput.quantize.intmodel_file import fingerprint
from lilliput.quantize.packing import VALUES_TOGETHER, joinable, pack_rows, scales_fit
from lilliput.tokens import Tokenizer

TEMPERATURES = 21
"""0.0, 0.1 and so on to 2.0."""
_TOP_P = 62_259
"""0.95, as `lilliput tell` has it, in units of 2 ** -16."""
_MOST_BYTES = 2**31 - 1
_NAMED = 4
"""Of the choices that C does not compute, how many are named."""


def write_c(
    model: IntModel,
    tokenizer: Tokenizer,
    *,
    library: bool = False,
    ends: frozenset[int] = frozenset(),
    name: str = "story",
) -> dict[str, str]:
    """Names and texts of files: `name`.c, and `name`.h too for a library, which has no main().

    `ends` are the ids that end a story; the tokenizer's end if none are given. Raises ConfigError for a
    tokenizer that C cannot hold, and for a model of 2 GiB.
    """
    if model.version > 1:
        newer = name_newer_choices(model)
        more = f" and {len(newer) - _NAMED} more" if len(newer) > _NAMED else ""
        raise ConfigError(
            f"C does not compute {', '.join(newer[:_NAMED])}{more}, which is for cartridges: "
            "quantize without, with --to int8, int4 or ternary"
        )
    if max(working_bytes(model), count_weight_bytes(model)) > _MOST_BYTES:
        raise ConfigError(
            f"this model takes {count_weight_bytes(model):,} bytes of weights and {working_bytes(model):,} "
            f"of working memory; the C file counts to {_MOST_BYTES:,}: a shorter --context takes less"
        )
    ends = ends or frozenset([tokenizer.end])
    head = _header(model, tokenizer)
    parts = [
        _macros(model),
        _runtime("integer_target.inc"),
        _runtime("integer_model.inc"),
        write_numbers(model),
        _temperatures(model),
        *(_runtime(f"integer_{part}.inc") for part in ("dot", "core", "draw")),
        _own("story.inc"),
        _ends(ends),
        write_tokens(tokenizer),
        tokens_code(),
    ]
    if library:
        guard = f"LP_{''.join(c if c.isalnum() else '_' for c in name).upper()}_H"
        opened = 'extern "C" {', "}"
        wrapped = [f"#ifdef __cplusplus\n{line}\n#endif\n" for line in opened]
        text = "\n".join([f"#ifndef {guard}\n#define {guard}", head, wrapped[0], _own("story.h"), wrapped[1]])
        return {
            f"{name}.h": f"{_banner(model, name)}\n#define LP_API\n{text}#endif\n",
            f"{name}.c": "\n".join([_banner(model, name), f'#include "{name}.h"', *parts]),
        }
    api = "#ifdef LP_NO_MAIN\n#define LP_API\n#else\n#define LP_API static\n#endif\n"
    program = f"#ifndef LP_NO_MAIN\n{_own('main.inc')}#endif\n"
    return {f"{name}.c": "\n".join([_banner(model, name), api, head, _own("story.h"), *parts, program])}


def count_weight_bytes(model: IntModel) -> int:
    """Bytes of all weights as the C file has them, each row to a whole byte."""
    return sum(pack_rows(matrix).size for _, matrix in model.iter_matrices())


def working_bytes(model: IntModel) -> int:
    """Bytes of an lp_story, all that a story needs beside a little stack."""
    sizes = _sizes(model)
    c = model.config
    words = sizes["LP_SCORES"] + c.d_head + 2
    halves = c.vocab_size + c.d_model + 2 * sizes["LP_WIDEST"] + sizes["LP_WIDEST_PAIR"]
    single = sum(sizes[f"LP_{name}_BYTES"] for name in ("KEY", "VALUE", "ROW"))
    return -(-(4 * words + 2 * halves + single) // 4) * 4


def _sizes(model: IntModel) -> dict[str, int]:
    """Lengths of the working memory's arrays; keys begin where a word does."""
    c = model.config
    attended, kept = c.n_heads * c.d_head, c.n_kv_heads * c.d_head
    positions = -(-c.context // VALUES_TOGETHER) * VALUES_TOGETHER
    pair = max(2 * kept, c.d_ff)
    packed = [matrix.values.shape[1] for _, matrix in model.iter_matrices() if matrix.kind != "int8"]
    return {
        "LP_SCORES": max(c.context, VALUES_TOGETHER // 2),
        "LP_WIDEST": max(c.d_model, attended, c.d_ff),
        "LP_WIDEST_PAIR": pair + (c.vocab_size + c.d_model + pair) % 2,
        "LP_KEY_BYTES": c.n_layers * c.context * kept >> _key_nibbles(model),
        "LP_VALUE_BYTES": c.n_layers * positions * kept >> _value_nibbles(model),
        "LP_ROW_BYTES": max([*packed, c.d_head]),
    }


def _key_nibbles(model: IntModel) -> int:
    return int(all(layer.k_limit <= NIBBLE_LIMIT for layer in model.layers))


def _value_nibbles(model: IntModel) -> int:
    return int(all(layer.v.output_limit <= NIBBLE_LIMIT for layer in model.layers))


def _banner(model: IntModel, name: str) -> str:
    c = model.config
    return (
        f"/* {name}: a {c.family} of {c.n_layers} layers of {c.d_model}, {c.vocab_size} tokens, "
        f"{c.context} positions, in whole numbers.\n"
        "   Written by lilliput (docs/integer-arithmetic.md, version 1); the model's fingerprint is "
        f"{fingerprint(model)}.\n"
        f"   Weights: {count_weight_bytes(model):,} bytes. Working memory: {working_bytes(model):,} bytes, "
        "one lp_story. */\n"
    )


def _define(values: dict[str, int]) -> str:
    return "".join(f"#define {name} {value}\n" for name, value in values.items())


def _header(model: IntModel, tokenizer: Tokenizer) -> str:
    c = model.config
    return _define(
        {
            "LP_VOCAB": c.vocab_size,
            "LP_CONTEXT": c.context,
            "LP_BOS": tokenizer.bos,
            "LP_END": tokenizer.end,
            "LP_LOGIT_BITS": model.logit_bits,
            "LP_LONGEST_PIECE": max(1, int(tokenizer.bytes_per_id().max())),
            "LP_TEMPERATURES": TEMPERATURES,
            "LP_TOP_P": _TOP_P,
            "LP_D_MODEL": c.d_model,
            "LP_D_HEAD": c.d_head,
            **_sizes(model),
            "LP_WORKING_BYTES": working_bytes(model),
        }
    )


def _macros(model: IntModel) -> str:
    c = model.config
    shape = {
        "width": c.d_model,
        "hidden": c.d_ff,
        "layers": c.n_layers,
        "heads": c.n_heads,
        "kv_heads": c.n_kv_heads,
        "head": c.d_head,
        "context": c.context,
        "key_nibbles": _key_nibbles(model),
        "value_nibbles": _value_nibbles(model),
    }
    facts = {
        "LP_SCALES_TOGETHER": scales_fit(model),
        "LP_BYTES_ONLY": all(matrix.kind == "int8" for _, matrix in model.iter_matrices()),
        "LP_WHOLE_WORDS": all(matrix.values.shape[1] % 4 == 0 for _, matrix in model.iter_matrices()),
        "LP_JOINABLE": joinable(model),
    }
    return (
        "/* These fail to compile where the working memory is not as stated, or an int has 16 bits. */\n"
        "typedef char lp_memory_is_as_stated[sizeof(lp_story) == LP_WORKING_BYTES ? 1 : -1];\n"
        "typedef char lp_ints_have_32_bits[sizeof(int) >= 4 ? 1 : -1];\n\n"
        + "".join(f"#define {name}\n" for name, holds in facts.items() if holds)
        + _define({f"LP_SHAPE_{name}": value for name, value in shape.items()})
        + "#define LP_SHAPE(s, name) ((void)(s), LP_SHAPE_##name)\n"
        "#define LP_NUMBERS(s) (*((void)(s), &lp_model))\n"
    )


def _temperatures(model: IntModel) -> str:
    plans = [plan_draws(tenths / 10, 0, 1.0, 0.0, model.logit_bits) for tenths in range(TEMPERATURES)]
    pairs = ",".join(f"{{{plan.multiplier},{plan.shift}}}" for plan in plans)
    return (
        "/* Multiplier and shift of each temperature. */\n"
        f"static const uint16_t lp_temperatures[LP_TEMPERATURES][2] = {{\n{pairs}}};\n"
    )


def _ends(ends: frozenset[int]) -> str:
    test = " || ".join(f"id == {end}" for end in sorted(ends))
    return f"LP_API int lp_ends(int32_t id) {{ return {test}; }}\n"


def _runtime(name: str) -> str:
    """A part of the engine, with the parts that it includes."""
    text = files("lilliput.runtime").joinpath("c", name).read_text(encoding="utf-8")
    return re.sub(r'#include "(integer_\w+\.inc)"\n', lambda found: _runtime(found[1]), text)


def _own(name: str) -> str:
    return files("lilliput.deploy").joinpath("c", name).read_text(encoding="utf-8")
