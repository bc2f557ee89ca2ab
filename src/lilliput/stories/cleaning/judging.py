"""Stages that judge a text without changing it: empty, over-long, script, language, fragment, graphic."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np

from lilliput.stories.cleaning.block import Block, Finding, Stage, Verdict
from lilliput.stories.cleaning.config import Fragments, Graphic, Language, Length
from lilliput.stories.cleaning.corpus import Corpus, count_scripts, share_of_stories
from lilliput.stories.cleaning.prints import Among, hash_words

_END_MARKS = frozenset(
    ".!?\u2026\u203c\u203d\u2047\u2048\u2049"  # of most scripts
    "\u3002\uff01\uff1f\uff0e\uff61"  # Chinese, Japanese
    "\u0964\u0965\u061f\u06d4\u0589\u1362\u17d4\u104b"  # Devanagari to Burmese
)
_CLOSERS = "\"'\u201d\u2019\u201c\u2018\u00bb\u00ab\u203a)]}\u300d\u300f\u300b\u3011\uff09*_~ \n"
_OPENERS = (
    "\"'\u201c\u2018\u201e\u00ab\u201a\u2039([\u00bf\u00a1*_-\u2013\u2014 \n\u2026"
    "\u300c\u300e\u300a\u3010\uff08"
)
_THE_END = re.compile(r"\bthe end\W*\Z", re.IGNORECASE)
_HABIT = 0.5  # share of a corpus's stories that must have a habit before its lack is a fault
_FEWEST_WORDS = 8  # of a story whose language can be told


def make_empty(config: Length) -> Stage:
    """Fewer words than `min_words`; punctuation alone holds none."""

    def stage(block: Block) -> Iterator[Finding]:
        counts = np.diff(block.prints.stories)
        for place in np.flatnonzero(counts < config.min_words).tolist():
            why = "no word" if counts[place] == 0 else f"fewer than {config.min_words} words"
            yield place, Verdict(why)

    return stage


def make_long(config: Length) -> Stage:
    """More words than `max_words`: often many stories whose separator was lost."""

    def stage(block: Block) -> Iterator[Finding]:
        counts = np.diff(block.prints.stories)
        for place in np.flatnonzero(counts > config.max_words).tolist():
            yield place, Verdict(f"more than {config.max_words} words")

    return stage


def make_script(config: Language, corpus: Corpus) -> Any:
    """Letters of scripts that are not the corpus's."""
    latin = "LATIN" in corpus.scripts

    def look(text: str) -> Verdict | None:
        if latin and text.isascii():
            return None
        letters = count_scripts(text)
        total = sum(letters.values())
        inside = sum(letters[script] for script in corpus.scripts)
        if inside >= config.least_in_script * total:
            return None
        foreign = max(
            (name for name in letters if name not in corpus.scripts), key=lambda name: letters[name]
        )
        return Verdict(f"{foreign.capitalize()} letters")

    return look


def make_language(config: Language, corpus: Corpus) -> Stage:
    """Few of the corpus's commonest words, against the middle story: another language, or no language."""
    least, is_common = config.least_common * corpus.common_share, Among(corpus.common)

    def stage(block: Block) -> Iterator[Finding]:
        prints = block.prints
        shares = share_of_stories(is_common.roughly(prints.words), prints.stories)
        doubtful = (shares < least) & (np.diff(prints.stories) >= _FEWEST_WORDS)
        for place in np.flatnonzero(doubtful).tolist():
            yield place, Verdict("few of the corpus's commonest words")

    return stage


def make_fragment(config: Fragments, corpus: Corpus) -> Any:
    """A story that was cut; judged only by a habit that half of the corpus's stories have."""
    ends = config.ends and corpus.ends_share >= _HABIT
    begins = config.begins and corpus.begins_share >= _HABIT

    def look(text: str) -> Verdict | None:
        if ends and not ends_whole(text):
            return Verdict("no end mark")
        if begins and not begins_whole(text):
            return Verdict("begins in the middle")
        return None

    return look


def ends_whole(text: str) -> bool:
    """Whether a text ends with an end mark (and what closes after it), a picture, or `The End`."""
    last = text[-1:]
    if last in (".", "!"):
        return True
    body = text.rstrip(_CLOSERS)
    if not body:
        return False
    if body[-1] in _END_MARKS or unicodedata.category(body[-1]) == "So":
        return True
    return _THE_END.search(body[-20:]) is not None


def begins_whole(text: str) -> bool:
    """Whether a text begins with a capital, a figure, or a letter of a script that has no capitals."""
    body = text if text[:1].isupper() else text.lstrip(_OPENERS)
    if not body:
        return False
    kind = unicodedata.category(body[0])
    return kind in ("Lu", "Lt", "Lo", "Lm", "So") or kind[0] == "N"


def make_graphic(config: Graphic) -> Stage:
    """Words of violence, drink and sex: a label, or removal."""
    is_graphic = Among(np.sort(hash_words(config.words)))
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, config.words))})\b", re.IGNORECASE)

    def stage(block: Block) -> Iterator[Finding]:
        prints = block.prints
        places = np.flatnonzero(is_graphic(prints.words))
        for place in np.unique(np.searchsorted(prints.stories, places, side="right") - 1).tolist():
            words = sorted({match.lower() for match in pattern.findall(block.texts[place])})
            if words:
                yield place, Verdict("graphic words", labels=None if config.remove else {"graphic": words})

    return stage
