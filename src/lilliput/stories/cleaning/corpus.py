"""What a corpus is like, seen in a sample of it: its scripts, its commonest words, how its stories end."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lilliput.stories.cleaning.config import Language
from lilliput.stories.cleaning.prints import Hashes, make_prints

_LEAST_SHARE = 0.1  # of the sample's letters, for a script to be one of the corpus's
_EAST_ASIAN = "JAPANESE OR CHINESE"
_SAME = {
    **dict.fromkeys(("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "IDEOGRAPHIC"), _EAST_ASIAN),
    "FULLWIDTH": "LATIN",
}


@dataclass(frozen=True)
class Corpus:
    """Scripts by name, the hashes of the commonest words (sorted), and shares measured in the sample:
    the middle story's words that are common, stories with an end mark, stories that begin as such."""

    scripts: tuple[str, ...]
    common: Hashes  # (C,)
    common_share: float
    ends_share: float
    begins_share: float


def look_at_corpus(texts: Sequence[str], config: Language) -> Corpus:
    """The portrait of a sample that the stages language and fragment judge by."""
    from lilliput.stories.cleaning.judging import begins_whole, ends_whole

    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(count_scripts(text))
    total = sum(letters.values())
    scripts = tuple(name for name, count in letters.most_common() if count >= _LEAST_SHARE * total)
    prints = make_prints(texts)
    words, counts = np.unique(prints.words, return_counts=True)
    order = np.lexsort((words, -counts))[: config.common_words]
    common = np.sort(words[order])
    sizes = np.diff(prints.stories)
    shares = share_of_stories(np.isin(prints.words, common), prints.stories)[sizes > 0]
    whole = max(1, sum(map(bool, map(str.strip, texts))))
    return Corpus(
        scripts=config.scripts or scripts,
        common=common,
        common_share=float(np.median(shares)) if len(shares) else 0.0,
        ends_share=sum(map(ends_whole, texts)) / whole,
        begins_share=sum(map(begins_whole, texts)) / whole,
    )


def share_of_stories(found: np.ndarray, stories: np.ndarray) -> np.ndarray:
    """(S,) the share of each story's words that are `found` (W,); 0 for a story without words."""
    sums = np.concatenate(([0], np.cumsum(found, dtype=np.int32)))
    sizes = np.diff(stories)
    return np.asarray((sums[stories[1:]] - sums[stories[:-1]]) / np.maximum(sizes, 1))


def count_scripts(text: str) -> Counter[str]:
    """How many letters of each script a text holds."""
    if text.isascii():
        return Counter({"LATIN": sum(map(str.isalpha, text))})
    found: Counter[str] = Counter()
    for sign, count in Counter(text).items():
        if script := script_of(sign):
            found[script] += count
    return found


@lru_cache(maxsize=1 << 14)
def script_of(sign: str) -> str:
    """The script of a letter by its Unicode name; empty for what belongs to none."""
    if not sign.isalpha() and unicodedata.category(sign)[0] != "M":
        return ""
    name = unicodedata.name(sign, "")
    first = name.split(" ")[0]
    if first in ("COMBINING", "MODIFIER", "ZERO", "FEMININE", "MASCULINE", "MICRO", "VARIATION"):
        return ""
    return _SAME.get(first, first)
