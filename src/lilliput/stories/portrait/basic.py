"""Basic words: how much of a text a list of base forms covers, and how much of the list a text uses."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from lilliput.errors import DataError

OURS = "basic_words.txt"
"""The list in this package; its first lines say how it was made."""
_SHORT = ("n't", "'s", "'ll", "'re", "'ve", "'d", "'m", "'")
_VOWELS = "aeiouy"


class BasicWords:
    """A list of base forms, and the rule by which a word of a text belongs to it.

    A word belongs if it, in lower case, is in the list, or becomes a word of the list by taking away an
    English short form ('s, n't …), a regular ending (-s -es -ies -d -ed -ied -ing -er -est -ly, with a
    doubled consonant or a dropped e restored), or by a table of irregular forms; or if it is a compound
    with hyphens whose parts all belong. The rule is by spelling, so it also takes `winged` for `wing`.
    """

    def __init__(self, words: Iterable[str], name: str) -> None:
        self.words = frozenset(word.lower().replace("’", "'") for word in words)
        self.name = name
        if not self.words:
            raise DataError(f"{name} holds no words: write one a line, or several with spaces between")

    def base_of(self, word: str) -> str | None:
        """The word of the list that `word` is a form of; None where it is of none."""
        word = word.lower().replace("’", "'")
        if word in self.words:
            return word
        for base in _candidates(word):
            if base in self.words:
                return base
        return None

    def covers(self, word: str) -> bool:
        """Whether `word` belongs to the list."""
        if self.base_of(word) is not None:
            return True
        parts = word.split("-")
        return len(parts) > 1 and all(self.base_of(part) is not None for part in parts)

    def measure(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Of counts of words in lower case: `words_covered`, the share of running words that belong;
        `list_used`, the share of the list that occurs in some form."""
        total = sum(counts.values())
        covered = sum(count for word, count in counts.items() if self.covers(word))
        used = {base for word in counts if (base := self.base_of(word)) is not None}
        return {
            "words_covered": covered / total if total else 0.0,
            "list_used": len(used) / len(self.words),
        }


def read_basic_words(path: Path | None) -> BasicWords:
    """The list of a file of words with spaces or lines between (# begins a comment); ours for None.

    Raises DataError for a file that cannot be read or holds none.
    """
    if path is None:
        return BasicWords(_words_of(_packaged(OURS)), "Lilliput's basic words")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: give a list of words, one a line") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    return BasicWords(_words_of(text), str(path))


def _words_of(text: str) -> list[str]:
    return [word for line in text.splitlines() for word in line.partition("#")[0].split()]


def _packaged(name: str) -> str:
    return files("lilliput.stories.portrait").joinpath(name).read_text(encoding="utf-8")


@cache
def _irregular() -> dict[str, tuple[str, ...]]:
    """Form to base forms: `saw` is of see alone, `lay` of lie; a list may hold either."""
    bases: dict[str, tuple[str, ...]] = {}
    for line in _packaged("irregular_forms.txt").splitlines():
        base, *forms = line.partition("#")[0].split() or [""]
        for form in forms:
            bases[form] = (*bases.get(form, ()), base)
    return bases


def _candidates(word: str) -> list[str]:
    """Base forms that `word` may be of, the likelier first."""
    for short in _SHORT:
        if word.endswith(short) and len(word) > len(short):
            stem = {"ca": "can", "wo": "will", "sha": "shall"}.get(word[: -len(short)], word[: -len(short)])
            return [stem, *_candidates(stem)]
    found = list(_irregular().get(word, ()))
    for ending in ("s", "es", "d", "ed", "ing", "er", "est", "r", "st", "ly", "y"):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 2 or not any(letter in _VOWELS for letter in stem):
            continue
        found.append(stem)
        if ending in ("es", "ed", "er", "est", "ly") and stem.endswith("i"):
            found.append(stem[:-1] + "y")
        if ending in ("ed", "ing", "er", "est", "y"):
            found.append(stem + "e")
            if stem[-1] == stem[-2] and stem[-1] not in "aeiou":
                found.append(stem[:-1])
    if word.endswith("ly"):
        found.append(word[:-1] + "e")  # gently of gentle
    return found
