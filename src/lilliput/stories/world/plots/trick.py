"""A trickster wants the hero's food and has a sweet word or a sly plan."""

from lilliput.stories.world.casting import add, make_friend, make_hero
from lilliput.stories.world.lexicon import animals, foods, places
from lilliput.stories.world.lexicon.foods import Food
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World

TRICKSTERS = tuple(animals.BY_NOUN[noun] for noun in ["fox", "crow", "raccoon", "monkey", "goat", "cat"])
TRICKS = ("trick.sings", "trick.falling.star", "trick.magic", "trick.race", "trick.guard")


def trick(w: World) -> None:
    """The hero has food; a sly animal asks for it in its own way."""
    draw = w.draw
    a = make_hero(w)
    kind = draw.pick(TRICKSTERS)
    while kind.noun == a.kind:
        kind = draw.pick(TRICKSTERS)
    b = add(w, kind.noun, "", "it", "trickster", "", "hard", draw.pick(("sly", "hungry", "clever", "thin")))
    food = draw.pick(foods.BY_MARK["carry"])
    p = draw.pick(places.BY_MARK["wild"])
    a.place = p.noun
    w.wants("eat the " + food.noun)
    w.verbs += ["trick", "eat", "sit"]
    w.nouns += [food.noun, b.kind]
    there = opens(w, place=p)
    w.beat()
    w.happens("trick.has.there" if there else "trick.has", a, p=p, x=food)
    w.happens("trick.comes", b, a, x=food)
    way = draw.pick(TRICKS)
    w.facts["trick"] = way.removeprefix("trick.")
    w.happens(way, b, a, x=food)
    w.beat()
    w.has("Twist")
    seen = draw.chance(70 if a.trait in ("clever", "smart", "careful", "curious") else 40)
    w.facts["seen_through"] = seen
    if seen:
        w.happens("trick.thinks", a, b, x=food)
        w.happens("trick.turns", a, b, x=food)
        if draw.chance(45):
            w.happens("trick.admits", b, a, x=food)
            w.happens("trick.shares", a, b, x=food)
        else:
            w.happens("trick.slinks", b, a)
        w.feels(a, "proud", tell=draw.chance(60))
        lesson(w, "caution")
        closes(w)
        w.sums_up("trick.sum.seen", b, x=food)
        return
    _fooled(w, a, b, food)


def _fooled(w: World, a: Character, b: Character, food: Food) -> None:
    draw = w.draw
    w.has("Conflict")
    w.happens("trick.falls", a, b, x=food)
    w.happens("trick.takes", b, a, x=food)
    w.feels(a, draw.pick(("sad", "angry", "surprised")))
    if draw.chance(40):
        c = make_friend(w, ("friend",), ("good", "bold"))
        w.happens("trick.friend", c, a, x=food)
        w.happens("trick.hungry.fox", b, a)
    w.ends_badly()
    lesson(w, "caution", 70)
    closes(w, percent=50)
    w.sums_up("trick.sum.fooled", b, x=food)
