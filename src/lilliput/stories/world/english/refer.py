"""How characters, things, places and activities are called in a sentence.

A phrasing's slot such as `{a.his}` reads an attribute of these classes. `{a}` and `{A}` are the actor as
the subject of the sentence, by name or by pronoun; `{b}` and `{c}` are others. `ref` starts as a phrase
that introduces ("her friend Tom", "a small frog") and becomes the name once that was said.
"""

from functools import cache

from lilliput.stories.world.english.grammar import PRONOUNS, capital, with_article
from lilliput.stories.world.lexicon import animals, verbs
from lilliput.stories.world.lexicon.activities import Activity
from lilliput.stories.world.lexicon.places import Place
from lilliput.stories.world.lexicon.things import ThingKind
from lilliput.stories.world.state import Character, Thing

FAMILY = ("mom", "dad", "grandma", "grandpa")


class Who:
    """The ways to call one character."""

    __slots__ = (
        "He", "His", "Name", "Ref", "atrait", "call", "cry", "first", "he", "him", "his", "intro", "kind",
        "known",
        "name", "nom", "poss", "ref", "self", "trait",
    )  # fmt: skip

    def __init__(self, who: Character, hero: Character) -> None:
        self.he, self.him, self.his, self.self, self.He, self.His = PRONOUNS[who.sex]
        self.kind = who.kind
        role = who.role
        own = PRONOUNS[hero.sex][2]  # the hero's: "her" of "her friend Tom"
        self.trait = who.trait
        self.atrait = with_article(who.trait) if who.trait else ""
        name = who.name
        if not name:
            self.name = "the " + who.kind
            self.Name = "The " + who.kind
            self.first = self.intro = with_article(f"{who.look} {who.kind}")
            self.call = f"{who.look} {who.kind}"
            self.cry = animals.BY_NOUN[who.kind].sound
        else:
            self.name = self.Name = self.call = name
            self.intro = f"{with_article(f'{who.trait} {who.kind}'.strip())} named {name}"
            if role in FAMILY:
                self.first = f"{own} {role}"
                self.intro = self.first
            elif role in ("hero", "newcomer"):
                self.first = self.intro
            elif who.trait == "":
                self.first = f"{name} the {role}"
                self.intro = f"{with_article(role)} named {name}"
            else:
                self.first = f"{own} {role} {name}"
        self.poss = self.name + "'s"
        self.forget()

    def forget(self) -> None:
        """Nothing was said yet: the next mention introduces."""
        self.known = False
        self.ref = self.nom = self.first
        self.Ref = capital(self.first)

    def introduced(self) -> None:
        """From now on the name alone will do."""
        self.known = True
        self.ref = self.nom = self.name
        self.Ref = self.Name


class What:
    """The ways to call one thing."""

    __slots__ = ("The", "a", "adj", "full", "noun", "the", "use", "used", "using")

    def __init__(self, thing: Thing) -> None:
        self.noun, self.the, self.The, self.use, self.used, self.using = _thing_words(thing.kind)
        self.adj = thing.adjective
        self.full = f"{thing.adjective} {self.noun}"
        self.a = with_article(self.full)


@cache
def _thing_words(kind: ThingKind) -> tuple[str, ...]:
    verb, _, rest = kind.use.partition(" ")
    tail = " " + rest if rest else ""
    uses = (kind.use, verbs.past(verb) + tail, verbs.ing(verb) + tail)
    return (kind.noun, "the " + kind.noun, "The " + kind.noun, *uses)


class Where:
    """The ways to call one place."""

    __slots__ = ("a", "at", "noun", "the", "to")

    def __init__(self, place: Place) -> None:
        self.noun = place.noun
        self.the = "the " + place.noun
        self.a = with_article(place.noun)
        self.at = f"{place.preposition} the {place.noun}"
        self.to = "to the " + place.noun


@cache
def where(place: Place) -> Where:
    """The ways to call `place`."""
    return Where(place)


class Doing:
    """The forms of an activity's phrase."""

    __slots__ = ("base", "did", "ing")

    def __init__(self, activity: Activity) -> None:
        verb, _, rest = activity.base.partition(" ")
        tail = " " + rest if rest else ""
        self.base = activity.base
        self.did = verbs.past(verb) + tail
        self.ing = verbs.ing(verb) + tail


@cache
def doing(activity: Activity) -> Doing:
    """The forms of `activity`."""
    return Doing(activity)
