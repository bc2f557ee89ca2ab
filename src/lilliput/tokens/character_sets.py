r"""Which characters a set of a regular expression holds, such as `\p{L}` or `[^\s\p{N}]`.

HF `tokenizers` carries its own Unicode tables, which change with its version, so it is asked: the set
is replaced in a text of all characters. Planes 4 to 13 hold no characters at all, and 15 and 16 only
private ones: one of each kind is asked for all of its kind.
"""

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, normalizers, pre_tokenizers

from lilliput.errors import FormatError

Members = NDArray[np.bool_]  # (POINTS,)
POINTS = 0x110000
NUMERIC = "Digits"  # not an expression: the characters that HF's pre-tokenizer of this name takes out
_MARK = "\x00"
_ASKED = [*range(1, 0xD800), *range(0xE000, 0x40001), *range(0xE0000, 0xF0001)]
_LITERAL = re.compile(r"([^.\\])|\\([^\w])", re.DOTALL)  # one character, perhaps behind a backslash
_UNIFORM = ((0x40000, 0xE0000), (0xF0000, POINTS))  # each like its first


@cache
def members_of(expression: str) -> Members:
    """(POINTS,) whether each code point is in the set; surrogates, which no text has, are where U+FFFD is.

    Raises FormatError for an expression that HF refuses, or that can match more than one character.
    """
    members = np.zeros(POINTS, dtype=np.bool_)
    plain = _LITERAL.fullmatch(expression)
    if plain:
        members[ord(plain[1] or plain[2])] = True
        return members
    asked = "".join(map(chr, _ASKED))
    try:
        members = _digits(asked) if expression == NUMERIC else _replaced(asked, expression)
    except Exception as error:  # HF raises plain Exception
        raise FormatError(f"the set {expression!r} of a regular expression: {error}") from None
    for first, end in _UNIFORM:
        members[first:end] = members[first]
    members[0xD800:0xE000] = members[0xFFFD]
    members.flags.writeable = False
    return members


def _replaced(asked: str, expression: str) -> Members:
    replace = normalizers.Replace(Regex(expression), _MARK).normalize_str
    answer = replace(asked)
    if len(answer) != len(asked):
        raise FormatError("it can match more than one character at once")
    members = np.zeros(POINTS, dtype=np.bool_)
    members[_ASKED] = np.frombuffer(answer.encode("utf-32-le"), dtype=np.uint32) == 0
    members[ord(_MARK)] = normalizers.Replace(Regex(expression), "a").normalize_str(_MARK) == "a"
    return members


def _digits(asked: str) -> Members:
    members = np.zeros(POINTS, dtype=np.bool_)
    digits = pre_tokenizers.Digits(individual_digits=False)
    for piece, _ in digits.pre_tokenize_str(asked):
        if len(digits.pre_tokenize_str(f"a{piece[0]}")) == 2:
            members[[ord(character) for character in piece]] = True
    return members
