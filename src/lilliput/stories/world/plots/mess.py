"""A room is in a mess, nobody wants to tidy it, and something comes of that."""

from lilliput.stories.world.casting import PARENTS, make_elder, make_friend, make_hero, make_thing, own
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, Thing, World

ROOMS = tuple(places.BY_NOUN[noun] for noun in ("bedroom", "living room", "attic", "kitchen"))


def mess(w: World) -> None:
    """The hero is told to tidy up, does it as a game, or does not."""
    draw = w.draw
    a = make_hero(w, ("hard", "good", "any", "bold"))
    c = make_elder(w, PARENTS)
    p = draw.pick(ROOMS)
    spot = draw.pick(p.spots)
    t = own(make_thing(w, "small", without="roll"), a)
    extra = make_thing(w, "share")
    w.wants("not tidy up")
    w.verbs += ["clean", "tidy", "look"]
    w.nouns += ["room", "floor", t.kind.noun]
    opens(w)
    w.beat()
    w.happens("mess.is", a, t=extra, p=p)
    w.happens("mess.told", c, a)
    tidies = w.does_right(a) and draw.chance(60)
    w.facts["tidied_at_once"] = tidies
    if tidies:
        w.happens("mess.starts", a, p=p)
        _tidies(w, a, c, t, spot)
        return
    w.happens("mess.later", a, c)
    w.beat()
    w.puts(t, spot)
    w.has("Foreshadowing")
    if draw.chance(50):
        w.happens("mess.needs", a, t=t)
        w.happens("mess.cannot.find", a, t=t)
    else:
        w.happens("mess.trips", a, t=extra)
    w.feels(a, "sad" if draw.chance(50) else "sorry", tell=draw.chance(70))
    if draw.chance(30):
        w.ends_badly()
        w.happens("mess.too.late", a, c, t=t)
        lesson(w, "tidiness", 65)
        closes(w, percent=50)
        w.sums_up("mess.sum.late", c, t=t)
        return
    w.happens("mess.starts", a, p=p)
    _tidies(w, a, c, t, spot)


def _tidies(w: World, a: Character, c: Character, t: Thing, spot: str) -> None:
    draw = w.draw
    w.wants("a tidy room")
    w.happens("mess.works", a)
    if draw.chance(50):
        b = make_friend(w)
        w.happens("mess.friend", b, a)
        w.happens("mess.game", a, b)
    w.has("Twist")
    w.gives(t, a)
    w.facts["found_at"] = spot
    w.happens("mess.finds", a, t=t, x=spot)
    w.feels(a, "surprised" if draw.chance(40) else "happy")
    w.beat()
    w.happens("mess.done", a, c)
    w.feels(c, "happy", tell=False)
    w.happens("mess.praise", c, a)
    w.feels(a, "proud", tell=draw.chance(50))
    lesson(w, "tidiness")
    closes(w)
    w.sums_up("mess.sum.tidies", c, t=t)
