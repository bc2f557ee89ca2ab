"""Something that somebody else has lost is found: keep it, or give it back?"""

from lilliput.stories.world.casting import make_elder, make_friend, make_grown_up, make_hero, make_thing, own
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, Thing, World


def finder(w: World) -> None:
    """The hero finds a thing that is not the hero's."""
    draw = w.draw
    a = make_hero(w, ("good", "hard", "bold", "any", "shy"))
    t = make_thing(w, "small", also="gift")
    p = draw.pick(places.BY_MARK["out"])
    spot = draw.pick(p.spots)
    grown = draw.chance(35)
    w.wants("keep the " + t.kind.noun)
    w.verbs += ["find", "keep", "give"]
    w.nouns += [t.kind.noun, p.noun]
    there = opens(w, place=p)
    w.beat()
    w.happens("finder.finds.there" if there else "finder.finds", a, t=t, p=p, x=spot)
    w.facts["found_at"] = spot
    w.gives(t, a)
    w.happens("finder.likes", a, t=t)
    w.feels(a, "happy" if draw.chance(50) else "excited", tell=draw.chance(60))
    b = make_grown_up(w, draw.pick(("baker", "farmer", "teacher", "painter"))) if grown else make_friend(w)
    t.owner = b
    w.beat()
    w.happens("finder.sees.owner", a, b, t=t)
    w.feels(b, "sad", tell=False)
    w.happens("finder.owner", b, a, t=t)
    if w.does_right(a):
        _gives_back(w, a, b, t)
    else:
        _keeps(w, a, b, t)


def _gives_back(w: World, a: Character, b: Character, t: Thing) -> None:
    draw = w.draw
    w.facts["gave_back"] = True
    w.wants("give the " + t.kind.noun + " back")
    if draw.chance(55):
        w.happens("finder.thinks", a, t=t)
    w.gives(t, b)
    w.happens("finder.gives", a, b, t=t)
    w.feels(b, "happy", tell=draw.chance(40))
    w.happens("thanks", b, a)
    if draw.chance(45):
        w.has("Twist")
        own(t, a)
        w.happens("finder.may.keep", b, a, t=t)
    elif draw.chance(60):
        gift = own(make_thing(w, "gift"), a)
        w.happens("finder.reward", b, a, t=gift)
        w.facts["reward"] = gift.kind.noun
    else:
        w.happens("finder.empty.hands", a, b, t=t)
    w.feels(a, draw.pick(("happy", "glad")), tell=draw.chance(50))
    lesson(w, "returning")
    closes(w, percent=50)
    w.sums_up("finder.sum.gives", b, t=t)


def _keeps(w: World, a: Character, b: Character, t: Thing) -> None:
    draw = w.draw
    w.has("Conflict")
    w.happens("finder.hides", a, b, t=t)
    w.happens("finder.no.joy", a, b, t=t)
    w.feels(a, "sorry", tell=draw.chance(60))
    w.beat()
    if draw.chance(55):
        c = make_elder(w)
        w.happens("finder.elder", c, a, t=t)
        w.gives(t, b)
        w.facts["gave_back"] = True
        w.wants("make it right")
        w.happens("finder.gives", a, b, t=t)
        w.happens("sorry", a, b)
        w.happens("forgive", b, a)
        lesson(w, "returning", 65)
        w.sums_up("finder.sum.late", b, t=t)
        return
    w.ends_badly()
    w.facts["gave_back"] = False
    w.happens("finder.seen", b, a, t=t)
    w.gives(t, b)
    w.happens("sorry.refused", b, a)
    lesson(w, "returning", 70)
    closes(w, percent=60)
    w.sums_up("finder.sum.keeps", b, t=t)
