"""Somebody new sits alone; a first word is hard, and makes a friend."""

from lilliput.stories.world.casting import is_child, make_elder, make_hero, make_named, make_thing, own
from lilliput.stories.world.lexicon import activities, animals, places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World


def newcomer(w: World) -> None:
    """The hero meets a new child, who is shy or looks unfriendly."""
    draw = w.draw
    a = make_hero(w, ("shy", "bold", "good", "any", "hard"))
    p = draw.pick(places.BY_MARK["play"])
    fun = draw.pick(activities.BY_MARK["two"])
    w.wants("have a friend")
    w.verbs += ["play", "smile", fun.base]
    w.nouns += ["friend", p.noun]
    there = opens(w, place=p)
    w.beat()
    w.feels(a, "lonely", tell=draw.chance(60))
    b = _newcomer(w)
    w.happens("newcomer.sees.there" if there else "newcomer.sees", a, b, p=p)
    w.happens(draw.pick(("newcomer.quiet", "newcomer.cross")), b, a)
    right = w.does_right(a)
    w.facts["said_hello"] = right
    if draw.chance(45):
        elder = make_elder(w)
        w.happens("newcomer.advice", elder, a, b)
        right = right or draw.chance(50)
        w.facts["said_hello"] = right
    if not right:
        _passes_by(w, a, b)
        return
    w.beat()
    w.happens("newcomer.hello", a, b)
    w.feels(b, "shy", tell=draw.chance(40))
    if draw.chance(50):
        t = own(make_thing(w, "share"), a)
        w.happens("newcomer.offers", a, b, t=t)
    w.feels(a, "excited", tell=False)
    w.happens("newcomer.answers", b, a)
    if draw.chance(50):
        w.has("Twist")
        w.happens("newcomer.secret", b, a, x=fun)
    else:
        w.happens("newcomer.same", a, b, x=fun)
    w.feels(a, "happy", tell=draw.chance(50))
    w.feels(b, "happy", tell=False)
    w.happens("newcomer.play", a, b, x=fun)
    lesson(w, "friendship")
    closes(w, b)
    w.sums_up("newcomer.sum.friends", b)


def _newcomer(w: World) -> Character:
    animal = None if is_child(w.hero) else w.draw.pick(animals.HEROES)
    sex = "she" if w.draw.chance(50) else "he"
    return make_named(w, "newcomer", sex, animal, ("shy", "bold", "any"))


def _passes_by(w: World, a: Character, b: Character) -> None:
    w.ends_badly()
    w.happens("newcomer.passes", a, b)
    w.beat()
    w.happens("newcomer.others", b, a)
    w.feels(b, "happy", tell=False)
    w.happens("newcomer.watches", a, b)
    w.feels(a, "lonely" if w.draw.chance(50) else "sad", tell=w.draw.chance(60))
    lesson(w, "friendship", 60)
    closes(w, percent=50)
    w.sums_up("newcomer.sum.passes", b)
