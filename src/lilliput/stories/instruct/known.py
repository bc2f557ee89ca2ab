"""What is known of a story that an instruction can ask for: from its labels, else from its text."""

from typing import Any

from lilliput.stories.instruct.record import Kind
from lilliput.stories.story import Story
from lilliput.stories.wording import split_sentences, split_words
from lilliput.stories.world.draw import Draw

WORDS = 3
"""Words to ask for where labels name none."""
_SHORTEST_WORD = 4  # letters: shorter words are seldom what a story is about
_INSIDE = "'’-"
_FEWEST_SENTENCE_WORDS = 3
_FUNCTION_WORDS = frozenset(
    split_words("""
    about above after again against ago all almost along already also although always among and
    another any anything are around away back because been before began behind being below beside
    best better between both but came can come could did does doing done down each either else
    enough even ever every everyone everything few for from gave get goes going gone got had has
    have having her here hers herself him himself his how into its itself just knew know last least
    less let like little long look looked lots made make many maybe might mine more most much must
    myself near need never next nobody none nor not nothing now off often once one only onto other
    others our ours out over own perhaps quite rather really said same saw say says she should since
    some somebody someone something soon still such take than thank thanks that the their theirs
    them themselves then there these they thing things this those though three through time times
    together told too took toward towards two under until upon very want wanted was way well went
    were what whatever when where which while who whole whom whose why will with without would yes
    yet you your yours yourself
    """)
)


def read_known(story: Story, draw: Draw) -> dict[Kind, str]:
    """What an instruction of each kind would say of a story; kinds of which nothing is known are left out.

    Labels: `words` (or `verb`, `noun`, `adjective`), `features`, `summary`, also inside `instruction`, as
    in the records of TinyStories' all_data. Without words there, WORDS of the text are drawn that are no
    names and no function words of English; a sentence is always drawn from the text, never the first.
    """
    inside = story.labels.get("instruction")
    labels = {**inside, **story.labels} if isinstance(inside, dict) else story.labels
    words = _list_of(labels.get("words")) or _list_of([labels.get(k) for k in ("verb", "noun", "adjective")])
    summary = labels.get("summary")
    known: dict[Kind, str] = {
        "words": ", ".join(words or _draw_words(story.text, draw)),
        "features": ", ".join(_list_of(labels.get("features"))),
        "summary": " ".join(summary.split()) if isinstance(summary, str) else "",
        "sentence": _draw_sentence(story.text, draw),
    }
    return {kind: text for kind, text in known.items() if text}


def _list_of(value: Any) -> list[str]:
    """The texts of a list, or of a text with commas; anything else is none."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [" ".join(one.split()) for one in value if isinstance(one, str) and one.strip()]


def _draw_words(text: str, draw: Draw) -> list[str]:
    left = [
        word
        for word in dict.fromkeys(split_words(text))  # in their order, each once
        if len(word) >= _SHORTEST_WORD
        and not any(letter.isdigit() or letter in _INSIDE for letter in word)
        and word == word.lower()  # a name is never in small letters
        and word not in _FUNCTION_WORDS
    ]
    return [left.pop(draw.below(len(left))) for _ in range(min(WORDS, len(left)))]


def _draw_sentence(text: str, draw: Draw) -> str:
    first, *others = [" ".join(sentence.split()) for sentence in split_sentences(text)] or [""]
    fit = [one for one in others if one != first and len(split_words(one)) >= _FEWEST_SENTENCE_WORDS]
    return draw.pick(fit) if fit else ""
