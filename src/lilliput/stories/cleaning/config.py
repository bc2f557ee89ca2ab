"""What cleaning is told: one group of settings for each kind of fault."""

from typing import Annotated

from pydantic import Field, model_validator

from lilliput.config import Config

Share = Annotated[float, Field(ge=0, le=1)]

GRAPHIC_WORDS = (
    "abuse", "abused", "beheaded", "bled", "bleed", "bleeding", "blood", "bloody", "corpse", "corpses",
    "drunk", "execution", "gore", "gory", "gun", "guns", "hanged", "intestines", "kidnap", "kidnapped",
    "kill", "killed", "killer", "killing", "kills", "murder", "murdered", "murderer", "naked", "pistol",
    "rape", "raped", "rifle", "sex", "sexual", "sexy", "shotgun", "slaughter", "slaughtered", "stab",
    "stabbed", "stabbing", "strangled", "suicide", "torture", "tortured", "whiskey",
)  # fmt: skip


class Repair(Config):
    """Encoding: what is to happen to a text in which mojibake is left after the repair."""

    remove_broken: bool = True


class Markup(Config):
    """Tags, entities and Markdown: stripped where the text underneath is plain, or the story removed."""

    strip: bool = True


class Length(Config):
    """Words of a story, both ends allowed; a sign of a script without spaces counts as a word."""

    min_words: int = Field(default=3, ge=1)
    max_words: int = Field(default=2000, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Length":
        if self.max_words < self.min_words:
            raise ValueError(f"max_words {self.max_words} is less than min_words {self.min_words}")
        return self


class Language(Config):
    """Script and language, both measured against the corpus itself.

    `scripts` are names such as LATIN or CYRILLIC (empty: those with a tenth of the corpus's letters), of
    which a story needs `least_in_script` of its letters. `least_common`: share of a story's words among
    the corpus's commonest, as a fraction of the middle story's share.
    """

    scripts: tuple[str, ...] = ()
    least_in_script: Share = 0.9
    common_words: int = Field(default=1000, ge=1)
    least_common: Share = 0.5


class Fragments(Config):
    """Stories cut at their end (no end mark) or their beginning (a small letter, a comma)."""

    ends: bool = True
    begins: bool = True


class Graphic(Config):
    """Words that flag a story (a label `graphic` lists those found); `remove` drops it instead."""

    words: tuple[str, ...] = GRAPHIC_WORDS
    remove: bool = False


class Leaks(Config):
    """What counts as leaked from the validation set, besides the whole story: equal runs of `words` words,
    equal paragraphs of at least `paragraph_words`."""

    words: int = Field(default=30, ge=2)
    paragraph_words: int = Field(default=15, ge=2)


class Near(Config):
    """Near-duplicates: Jaccard similarity of the sets of `shingle_words` words in a row.

    Candidates agree in one of `bands` groups of `rows` MinHash values; two stories of similarity s meet
    with probability 1 − (1 − s^rows)^bands. Each candidate pair is then measured exactly.
    """

    similarity: Share = 0.6
    shingle_words: int = Field(default=3, ge=1)
    bands: int = Field(default=50, ge=1, le=1000)
    rows: int = Field(default=4, ge=1, le=100)


class Cleaning(Config):
    """All settings of `lilliput data clean`."""

    repair: Repair = Repair()
    markup: Markup = Markup()
    length: Length = Length()
    language: Language = Language()
    fragments: Fragments = Fragments()
    graphic: Graphic = Graphic()
    leaks: Leaks = Leaks()
    near: Near = Near()
    samples: int = Field(default=5, ge=0, le=100)  # of each reason, in the report
