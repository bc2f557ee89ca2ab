"""What a text is written with: scripts, and formulas of readability."""

import unicodedata
from collections import Counter
from functools import lru_cache

_NOT_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_NOT_SIGNS = b" \t\n\r\v\f"
_NAMES = {"CJK": "Han", "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana"}


def count_letters(text: str) -> Counter[str]:
    """Letters by script ("Latin", "Devanagari", "Han" …); the marks on them are none.

    The script is the first word of a letter's name in Unicode, which is its script in all living ones.
    """
    if text.isascii():
        letters = len(text.encode("ascii").translate(None, _NOT_LETTERS))
        return Counter({"Latin": letters}) if letters else Counter()
    found: Counter[str] = Counter()
    for character, count in Counter(text).items():
        script = _script_of(character)
        if script:
            found[script] += count
    return found


def count_signs(text: str) -> int:
    """Characters that are no whitespace."""
    if text.isascii():
        return len(text.encode("ascii").translate(None, _NOT_SIGNS))
    return sum(map(len, text.split()))


def automated_readability(signs: int, words: int, sentences: int) -> float:
    """The school grade in which English is read so easily: 4.71 signs/words + 0.5 words/sentences - 21.43.

    `signs` are letters, digits and punctuation. Senter and Smith 1967, Automated readability index.
    """
    return 4.71 * signs / words + 0.5 * words / sentences - 21.43


def coleman_liau(letters: int, words: int, sentences: int) -> float:
    """The grade by Coleman and Liau 1975: 5.88 letters/words - 29.6 sentences/words - 15.8."""
    return 5.88 * letters / words - 29.6 * sentences / words - 15.8


@lru_cache(maxsize=1 << 16)
def _script_of(character: str) -> str:
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "UNKNOWN").partition(" ")[0]
    return _NAMES.get(first, first.capitalize())
