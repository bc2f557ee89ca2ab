"""Words and sentences of a text in any script, by two definitions that all of the room share.

A *word* is a run of letters, digits and the marks that belong to them (Unicode's L, M, N), with single
apostrophes and hyphens inside; case is kept. Chinese, Japanese and Thai put no space between words: a
run of their letters counts as one word there, and measures by words say little of them.

A *sentence* ends at . ! ? … or their fellows in other scripts, with the quotes and brackets behind them,
where whitespace and anything but a small letter follows (so `"Hi!" said Tom.` is one sentence), at
full stops of full width, at an empty line, and at the end. A title such as `Mr.` ends none.
"""

import re
import sys
import unicodedata
from functools import cache

_TITLES = frozenset(["mr.", "mrs.", "ms.", "dr.", "st.", "prof."])
_CLOSING = "\"'”’»)\\]"
_END = re.compile(
    rf"(?:[.!?…।॥؟۔]+[{_CLOSING}]*)(?=\s+(?P<next>\S))|[。！？]+[」』”）]*\s*|[^\S\n]*\n\s*\n\s*",
)


@cache
def word_pattern() -> re.Pattern[str]:
    """What matches one word of a text; see the room's definition above."""
    marks = "".join(
        re.escape(chr(code))
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code))[0] == "M"
    )
    run = rf"(?:[^\W_]|[{marks}])+"
    return re.compile(rf"{run}(?:['’\-]{run})*")


_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:['\-][A-Za-z0-9]+)*")


def split_words(text: str) -> list[str]:
    """The words of a text, in their order and their case."""
    return (_ASCII_WORD if text.isascii() else word_pattern()).findall(text)


def split_sentences(text: str) -> list[str]:
    """The sentences of a text without the whitespace around them, each a part of the text as it is."""
    found, begin = [], 0
    for match in _END.finditer(text):
        follower = match["next"]
        if follower is not None:
            words = text[max(begin, match.start() - 8) : match.end()].split()
            if follower.islower() or (words and words[-1].lower().lstrip("\"'“‘(") in _TITLES):
                continue
        sentence = text[begin : match.end()].strip()
        if sentence:
            found.append(sentence)
        begin = match.end()
    last = text[begin:].strip()
    return [*found, last] if last else found
