"""What a tokenizer.json does to a text before it merges, in the few terms that a tokenizer image has.

In C, SentencePiece's sign of space, `▁`, is a plain space from the first on: after its normalization
no text can tell the two apart.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from tokenizers import Tokenizer as HFTokenizer

from lilliput.errors import FormatError
from lilliput.tokens.character_sets import NUMERIC, POINTS, Members
from lilliput.tokens.cuts import Cuts, compile_cuts
from lilliput.tokens.documents import SPACE
from lilliput.tokens.expression import Node, literal, parse_expression, repeat
from lilliput.tokens.tokenizer_json import BYTE_LEVEL

# Flags of the image: how C normalizes, in this order.
STRIP_LEFT, COLLAPSE, PREPEND, PREPEND_UNLESS, LOW_LINE, STRIP_RIGHT = 2, 4, 8, 16, 32, 64

# GPT-2's expression, which HF's ByteLevel has built in.
_GPT2_CUT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_MOST_STAGES = 8
_CHARACTER_MAPS = {"NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "Precompiled"}
# No character of these joins with a neighbour in any of Unicode's forms: Latin, and common punctuation.
_SOLITARY = ((0, 0x300), (0x2010, 0x2028), (0x2030, 0x205F))

Step = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Flags of the image, the cuts, and (POINTS,) the characters that only the host can normalize."""

    flags: int
    cuts: Cuts
    foreign: Members


def plan_stages(document: dict[str, Any], kind: str) -> Plan:
    """The plan of a tokenizer.json as HF writes it; raises FormatError for what C cannot do."""
    maps, steps = _split_maps(_flatten(document["normalizer"], "normalizers"))
    flags = _read_normalizer(steps)
    cutters = _flatten(document["pre_tokenizer"], "pretokenizers")
    patterns: list[_Pattern]
    if kind == BYTE_LEVEL:
        if flags:
            raise _unsupported(steps[0])
        flags, patterns = _read_byte_level(cutters)
        cuts = compile_cuts([pattern.node for pattern in patterns])
    else:
        flags, patterns = _read_low_line(flags, cutters)
        if not patterns and _words_are_apart(document["model"]):
            words = parse_expression(f"{SPACE}+[^{SPACE}]*|[^{SPACE}]+")
            patterns = [_Pattern(words, {})]  # nothing merges across, and short words are faster
        cuts = compile_cuts([pattern.node for pattern in patterns], (ord(" "), ord(SPACE)))
    if len(patterns) > _MOST_STAGES:
        raise FormatError(f"a pre-tokenizer of {len(patterns)} steps: too many for a tokenizer image")
    for stage, pattern in enumerate(patterns):
        if pattern.must_cover and not cuts.covers(stage):
            raise _unsupported(pattern.step)
    return Plan(flags, cuts, _find_foreign(maps))


@dataclass(frozen=True)
class _Pattern:
    node: Node
    step: Step  # what it came from
    must_cover: bool = False  # what is between matches is thrown away, so there must be nothing


def _flatten(part: Any, inner: str) -> list[Step]:
    if part is None:
        return []
    return (
        [step for each in part[inner] for step in _flatten(each, inner)]
        if part["type"] == "Sequence"
        else [part]
    )


def _split_maps(steps: list[Step]) -> tuple[list[Step], list[Step]]:
    """The steps that map characters, which must come first, and those after them."""
    count = next((at for at, step in enumerate(steps) if step["type"] not in _CHARACTER_MAPS), len(steps))
    return steps[:count], steps[count:]


def _read_normalizer(steps: list[Step]) -> int:
    """The flags of SentencePiece's steps, in its order; ▁ may be put before or after spaces are replaced."""
    flags = 0
    for step in steps:
        flag = _flag_of(step)
        late = flags & ~LOW_LINE if flag == PREPEND else flags
        if flag is None or late >= flag or (flag == STRIP_RIGHT and not flags & LOW_LINE):
            raise _unsupported(step)
        flags |= flag
    return flags


def _flag_of(step: Step) -> int | None:
    if step["type"] == "Prepend" and step["prepend"] == SPACE:
        return PREPEND
    if step["type"] != "Replace":
        return None
    known = [
        ({"Regex": r"\A +"}, "", STRIP_LEFT),
        ({"Regex": " {2,}"}, " ", COLLAPSE),
        ({"String": " "}, SPACE, LOW_LINE),
        ({"Regex": SPACE + r"+\z"}, "", STRIP_RIGHT),
    ]
    return next(
        (
            flag
            for pattern, content, flag in known
            if (step["pattern"], step["content"]) == (pattern, content)
        ),
        None,
    )


def _read_byte_level(cutters: list[Step]) -> tuple[int, list[_Pattern]]:
    patterns: list[_Pattern] = []
    *before, last = cutters  # one is there, or the kind would not be byte-level
    if last["type"] != "ByteLevel":
        raise _unsupported(last)
    patterns = [_read_cutter(step) for step in before]
    if last["add_prefix_space"] and patterns:
        raise _unsupported(last)  # HF would put a space before every part
    if last["use_regex"]:
        patterns.append(_Pattern(parse_expression(_GPT2_CUT), last))
    return PREPEND_UNLESS * last["add_prefix_space"], patterns


def _read_low_line(flags: int, cutters: list[Step]) -> tuple[int, list[_Pattern]]:
    patterns: list[_Pattern] = []
    if cutters and cutters[0]["type"] == "Metaspace":
        step, *cutters = cutters
        scheme = step["prepend_scheme"]
        if step["replacement"] != SPACE or (scheme == "first" and flags & STRIP_LEFT):
            raise _unsupported(step)
        flags |= LOW_LINE | (PREPEND_UNLESS if scheme != "never" else 0)
        if step["split"]:
            patterns.append(_Pattern(parse_expression(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+"), step))
    if not flags & LOW_LINE:
        raise FormatError("spaces are not written ▁, which no tokenizer image can say")
    patterns += [_read_cutter(step) for step in cutters if not _is_idle(step)]
    return flags, patterns


def _is_idle(step: Step) -> bool:
    """Whether it cuts at plain spaces, of which there are none any more (Gemma's)."""
    return step["type"] == "Split" and step["pattern"] == {"String": " "} and not step["invert"]


def _read_cutter(step: Step) -> _Pattern:
    if step["type"] == "Digits":
        digit = Node("set", NUMERIC)
        return _Pattern(digit if step["individual_digits"] else repeat(digit, 1, None), step)
    if step["type"] != "Split":
        raise _unsupported(step)
    spelled = step["pattern"]
    node = literal(spelled["String"]) if "String" in spelled else parse_expression(spelled["Regex"])
    if step["behavior"] == "Isolated":
        return _Pattern(node, step)
    if step["behavior"] == "Removed" and step["invert"]:
        return _Pattern(node, step, must_cover=True)
    raise _unsupported(step)


def _words_are_apart(model: dict[str, Any]) -> bool:
    """Whether nothing merges, and no unknown characters fuse, across the place between another character
    and a ▁."""
    crossing = re.compile(f"[^{SPACE}]{SPACE}")
    return (
        not model.get("ignore_merges")
        and SPACE in model["vocab"]
        and not any(crossing.search(left + right) for left, right in model["merges"])
    )


def _find_foreign(maps: list[Step]) -> Members:
    """The characters that `maps` may change, alone or beside others; none without maps."""
    foreign = np.zeros(POINTS, dtype=np.bool_)
    if not maps:
        return foreign
    bare = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}
    chain = {"normalizer": {"type": "Sequence", "normalizers": maps}}
    normalizer = HFTokenizer.from_str(json.dumps(bare | chain)).normalizer
    foreign[:] = True
    for first, end in _SOLITARY:
        foreign[first:end] = [
            normalizer.normalize_str(chr(point)) != chr(point) for point in range(first, end)
        ]
    foreign[ord("\r")] |= any(step["type"] == "Precompiled" for step in maps)  # CR LF is one character to it
    return foreign


def _unsupported(step: Step) -> FormatError:
    spelled = json.dumps(step, ensure_ascii=False)[:200]
    return FormatError(f"a tokenizer image cannot say the step {spelled}: encode in Python")
