"""Something of a grown-up's breaks; the one who did it owns up, or hides it."""

from lilliput.stories.world.casting import (
    make_elder,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, Thing, World

ROOMS = tuple(places.BY_NOUN[noun] for noun in ("house", "kitchen", "living room", "bedroom"))
TIDY = ("in the closet", "under the rug", "behind the sofa", "under the bed", "in a drawer", "in the bin")


def broken(w: World) -> None:
    """The hero breaks a thing that an elder loves."""
    draw = w.draw
    a = make_hero(w, ("good", "hard", "bold", "shy", "any"))
    c = make_elder(w)
    t = own(make_thing(w, "break", also="home"), c)
    p = draw.pick(ROOMS)
    a.place = p.noun
    opens(w)
    w.wants("not be scolded")
    w.verbs += ["break", "tell", "fall"]
    w.nouns += [t.kind.noun, p.noun]
    w.beat()
    warned = draw.chance(40)
    w.happens("broken.owns", c, a, t=t, p=p)
    if warned:
        w.has("Foreshadowing")
        w.happens("broken.warns", c, a, t=t)
    w.happens("broken.plays", a, t=t, p=p)
    t.state = "broken"
    w.happens("broken.falls", a, t=t)
    w.feels(a, "scared" if draw.chance(50) else "worried")
    w.beat()
    if w.does_right(a):
        _owns_up(w, a, c, t, warned)
    else:
        _hides(w, a, c, t)


def _owns_up(w: World, a: Character, c: Character, t: Thing, warned: bool) -> None:
    draw = w.draw
    w.facts["told_truth"] = True
    if draw.chance(60):
        w.happens("broken.tempted", a, t=t)
    w.happens("broken.tells", a, c, t=t)
    w.feels(a, "sorry", tell=draw.chance(40))
    if draw.chance(30) and not warned:
        w.has("Twist")
        w.happens("broken.old.crack", c, a, t=t)
    else:
        w.happens("broken.forgives", c, a, t=t)
    if draw.chance(65):
        t.state = "mended"
        w.happens("broken.mends", a, c, t=t)
    else:
        t.state = "replaced"
        w.happens("broken.replaces", a, c, t=t)
    w.feels(a, "glad", tell=draw.chance(60))
    lesson(w, "care" if warned and draw.chance(40) else "honesty", 60)
    closes(w)
    w.sums_up("broken.sum.tells", c, t=t)


def _hides(w: World, a: Character, c: Character, t: Thing) -> None:
    draw = w.draw
    spot = draw.pick(TIDY)
    w.facts.update(told_truth=False, hidden_at=spot)
    w.puts(t, spot)
    w.happens("broken.hides", a, t=t, x=spot)
    w.happens("broken.asked", c, a, t=t)
    w.happens("broken.lies", a, c, t=t)
    w.feels(a, "worried", tell=draw.chance(50))
    w.beat()
    w.has("Conflict")
    if draw.chance(50):
        w.happens("broken.found", c, a, t=t, x=spot)
        w.feels(a, "sorry")
        w.ends_badly()
        w.happens("broken.punished", c, a, t=t)
        lesson(w, "honesty", 70)
        closes(w)
        w.sums_up("broken.sum.hides", c, t=t)
    else:
        w.happens("broken.cannot", a, c, t=t)
        w.facts["told_truth"] = True
        w.happens("broken.tells", a, c, t=t)
        w.happens("broken.forgives", c, a, t=t)
        w.feels(a, "glad")
        lesson(w, "honesty", 70)
        closes(w, percent=50)
        w.sums_up("broken.sum.late", c, t=t)
