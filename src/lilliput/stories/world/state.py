"""The state of a small world, and the record of what happened in it.

Plots change the state and record events; nothing here knows any sentence. An event is a kind such as
"lost.notices" and up to six participants; a language has a table of phrasings for each kind.
"""

from typing import Any

from lilliput.stories.world.draw import Draw
from lilliput.stories.world.lexicon.places import Place
from lilliput.stories.world.lexicon.things import ThingKind


class Character:
    """Someone in the story: what they are, what they feel, where they are, what they hold."""

    __slots__ = (
        "bent", "feeling", "index", "kind", "look", "name", "place", "role", "sex", "trait"
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        kind: str,
        name: str,
        sex: str,
        role: str,
        trait: str = "",
        bent: str = "",
        look: str = "",
    ) -> None:
        self.index = index
        self.kind = kind  # "girl", "boy", "rabbit", "woman" …
        self.name = name  # empty for an animal known by its kind
        self.sex = sex  # "she", "he" or "it"
        self.role = role  # "hero", "friend", "mom", "stranger" …: what they are to the hero
        self.trait = trait
        self.bent = bent  # of the trait: good, hard, bold, shy, any
        self.look = look  # an adjective of an animal known by its kind
        self.feeling = "calm"
        self.place = ""

    @property
    def id(self) -> str:
        """The name, or the kind of one that has none."""
        return self.name or self.kind


class Thing:
    """A thing in the story: its look, its state, who holds it, where it is."""

    __slots__ = ("adjective", "holder", "index", "kind", "owner", "place", "state")

    def __init__(self, index: int, kind: ThingKind, adjective: str) -> None:
        self.index = index
        self.kind = kind
        self.adjective = adjective
        self.state = "whole"  # whole, broken, mended, torn, dirty, clean, wet, sold, blown away …
        self.owner: Character | None = None
        self.holder: Character | None = None
        self.place = ""  # a spot or place, where nobody holds it


Event = tuple[
    str,
    Character,
    Character | None,
    Character | None,
    Thing | None,
    Place | None,
    Any,
]
BREAK = "paragraph"
UNTOLD = "untold feeling"  # a feeling that changes how one speaks and is not mentioned
RIGHT_PERCENT = {"good": 90, "hard": 30, "bold": 65, "shy": 70, "any": 65, "": 90}


class World:
    """Characters, things, a want, and the events so far."""

    __slots__ = (
        "cast", "draw", "events", "facts", "features", "fulfilled", "hero", "nouns", "plot",
        "summary", "things", "verbs", "want",
    )  # fmt: skip

    hero: Character

    def __init__(self, draw: Draw, plot: str) -> None:
        self.draw = draw
        self.plot = plot
        self.cast: list[Character] = []
        self.things: list[Thing] = []
        self.events: list[Event] = []
        self.features: list[str] = []
        self.want = ""
        self.fulfilled = True
        self.facts: dict[str, Any] = {}
        self.summary: list[Event] = []
        self.verbs: list[str] = []  # what the story is about, for its required words
        self.nouns: list[str] = []

    def happens(
        self,
        kind: str,
        a: Character,
        b: Character | None = None,
        c: Character | None = None,
        t: Thing | None = None,
        p: Place | None = None,
        x: Any = "",
    ) -> None:
        """Record that `kind` happened: `a` did it, to or with `b` and `c`, a thing, a place, an extra."""
        self.events.append((kind, a, b, c, t, p, x))

    def beat(self) -> None:
        """The next event begins a paragraph."""
        self.events.append((BREAK, self.hero, None, None, None, None, ""))

    def feels(self, who: Character, feeling: str, tell: bool = True) -> None:
        """`who` feels so from now on; told unless `tell` is false."""
        who.feeling = feeling
        kind = "feel." + feeling if tell else UNTOLD
        self.events.append((kind, who, None, None, None, None, feeling))

    def does_right(self, who: Character) -> bool:
        """Whether `who` does the right thing when it is hard; the trait bends the odds."""
        return self.draw.chance(RIGHT_PERCENT[who.bent])

    def gives(self, thing: Thing, to: Character) -> None:
        """`to` holds the thing now (told by an event of the plot's own)."""
        thing.holder = to
        thing.place = ""

    def puts(self, thing: Thing, place: str) -> None:
        """Nobody holds the thing now: it is at `place`."""
        thing.holder = None
        thing.place = place

    def wants(self, what: str) -> None:
        """The hero's want, on which the story turns."""
        self.want = what

    def has(self, feature: str) -> None:
        """A feature is true of the story from now on."""
        if feature not in self.features:
            self.features.append(feature)

    def ends_badly(self) -> None:
        """The want is not fulfilled."""
        self.fulfilled = False
        self.has("BadEnding")

    def sums_up(
        self,
        kind: str,
        b: Character | None = None,
        t: Thing | None = None,
        p: Place | None = None,
        x: Any = "",
    ) -> None:
        """The event that tells the whole story in a sentence or two."""
        self.summary.append((kind, self.hero, b, None, t, p, x))

    def truth(self) -> dict[str, Any]:
        """What is so when the story ends, as JSON values."""
        return {
            "plot": self.plot,
            "hero": self.hero.id,
            "want": self.want,
            "fulfilled": self.fulfilled,
            "characters": [
                {
                    "name": who.id,
                    "kind": who.kind,
                    "role": who.role,
                    "trait": who.trait,
                    "feels": who.feeling,
                    "place": who.place,
                }
                for who in self.cast
            ],
            "things": [
                {
                    "noun": thing.kind.noun,
                    "adjective": thing.adjective,
                    "state": thing.state,
                    "owner": thing.owner.id if thing.owner else None,
                    "holder": thing.holder.id if thing.holder else None,
                    "place": thing.place,
                }
                for thing in self.things
            ],
            **self.facts,
        }
