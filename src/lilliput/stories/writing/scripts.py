"""Which script a text is written in, by the names that Unicode gives its letters."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_LEAST_NEEDED = 0.2
"""Share of a language's own letters where it borrows another's: kana among a Japanese text's ideographs."""


@lru_cache(maxsize=1 << 16)
def script_of(character: str) -> str:
    """The first word of a letter's or a vowel sign's Unicode name (LATIN, DEVANAGARI, …); "" for all else.

    Digits, punctuation and whitespace belong to no script. CJK ideographs are CJK; the prolonged sound
    mark and its like, which Unicode names after two scripts, go with the first of them.
    """
    if unicodedata.category(character)[0] not in "LM":
        return ""
    word = unicodedata.name(character, "").split(" ")[0].split("-")[0]
    return "CJK" if word == "IDEOGRAPHIC" else word


def measure_script(text: str, scripts: Sequence[str]) -> float:
    """The share of `text`'s letters and vowel signs that belong to `scripts`; 0 where there are none."""
    found = [script for script in map(script_of, text) if script and script != "COMBINING"]
    return sum(script in scripts for script in found) / len(found) if found else 0.0


def explain_wrong_script(
    text: str, scripts: Sequence[str], needed: Sequence[str], least: float
) -> str | None:
    """Why `text` is not of the language written in `scripts`; None if nothing speaks against it.

    `needed` are those of the scripts that no text of the language does without; `least` is the share of
    letters that must be in `scripts`.
    """
    share = measure_script(text, scripts)
    if share < least:
        return f"{share:.0%} of its letters are {' or '.join(scripts)}"
    own = measure_script(text, needed) if needed else 1.0
    if own < _LEAST_NEEDED:
        return f"{own:.0%} of its letters are {' or '.join(needed)}"
    return None
