"""Bad weather comes; who saw the signs and listened is dry, and who did not is not."""

from lilliput.stories.world.casting import (
    make_animal,
    make_elder,
    make_friend,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, Thing, World

OUT = tuple(place for place in places.BY_MARK["out"] if "town" not in place.marks)


def storm(w: World) -> None:
    """The hero plays outside with a thing that the wind can take; a storm comes."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "hard", "any", "shy"))
    t = own(make_thing(w, "fly", without="home"), a)
    p = draw.pick(OUT)
    a.place = p.noun
    there = opens(w, place=p, thing=t if draw.chance(60) else None)
    w.wants("stay safe and keep the " + t.kind.noun)
    w.verbs += ["blow", "rain", "listen"]
    w.nouns += ["wind", "storm", p.noun]
    w.beat()
    w.happens("storm.out.there" if there else "storm.out", a, t=t, p=p)
    w.has("Foreshadowing")
    w.happens("storm.sign", a)
    b = make_friend(w, bents=("good", "shy")) if draw.chance(50) else make_elder(w)
    w.happens("storm.warns", b, a)
    listens = w.does_right(a)
    w.facts["listened"] = listens
    w.happens("storm.obeys" if listens else "storm.stays", a, b, t=t)
    w.beat()
    w.happens("storm.breaks", a)
    if listens:
        _inside(w, a, b)
    else:
        _outside(w, a, b, t)


def _inside(w: World, a: Character, b: Character) -> None:
    draw = w.draw
    a.place = "house"
    w.happens("storm.watches", a, b)
    if draw.chance(50):
        c = make_animal(w, "small", without="swim")
        w.happens("storm.knock", c, a)
        w.happens("storm.lets.in", a, c)
        w.happens("storm.grateful", c, a)
    w.happens("storm.over", a)
    w.feels(a, "happy", tell=draw.chance(60))
    lesson(w, "listening", 50)
    closes(w, b if b.trait else None)
    w.sums_up("storm.sum.inside", b)


def _outside(w: World, a: Character, b: Character, t: Thing) -> None:
    draw = w.draw
    t.state = "wet"
    w.feels(a, "scared")
    lost = draw.chance(60)
    if lost:
        t.state = "blown away"
        w.puts(t, "far away")
        w.happens("storm.takes", a, t=t)
    w.happens("storm.shelter", a)
    a.place = "house"
    w.happens("storm.comes.for", b, a)
    thanks(w, a, b)
    if lost and draw.chance(45):
        c = make_animal(w, "fly", without="small")
        w.has("Twist")
        w.gives(t, a)
        t.state = "wet"
        w.happens("storm.brought.back", c, a, t=t)
        w.feels(a, "happy")
        w.sums_up("storm.sum.back", c, t=t)
    elif lost:
        w.ends_badly()
        w.happens("storm.gone", a, t=t)
        w.sums_up("storm.sum.lost", b, t=t)
    else:
        w.happens("storm.wet", a, b)
        w.sums_up("storm.sum.wet", b)
    lesson(w, "listening", 65)
    closes(w, percent=40)
