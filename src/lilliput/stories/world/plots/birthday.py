"""A birthday that everyone seems to have forgotten."""

from lilliput.stories.world.casting import make_elder, make_friend, make_hero, make_thing, own
from lilliput.stories.world.lexicon import foods, places
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, Thing, World

HERE = tuple(
    places.BY_NOUN[noun] for noun in ("garden", "yard", "barn", "park", "living room", "kitchen", "orchard")
)


def birthday(w: World) -> None:
    """It is the hero's birthday, and nobody says a word."""
    draw = w.draw
    a = make_hero(w)
    b = make_friend(w)
    c = make_elder(w)
    t = make_thing(w, "gift")
    p = draw.pick(HERE)
    w.wants("have a birthday party")
    w.verbs += ["forget", "hope", "wait"]
    w.nouns += ["birthday", "party", t.kind.noun]
    opens(w)
    w.beat()
    w.happens("birthday.is", a)
    w.happens("birthday.hopes", a, t=t)
    w.happens("birthday.elder", c, a)
    w.happens("birthday.friend", b, a)
    hint = draw.chance(60)
    w.feels(a, "sad", tell=draw.chance(60))
    if hint:
        w.has("Foreshadowing")
        w.happens(draw.pick(("birthday.hint.whisper", "birthday.hint.smell")), a, b)
    w.beat()
    if hint or draw.chance(60):
        _party(w, a, b, c, t)
        w.happens("birthday.place", a, p=p)
        a.place = p.noun
        lesson(w, "family", 45)
        closes(w, b)
    else:
        _forgotten(w, a, b, c, t)


def _party(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    w.has("Twist")
    own(t, a)
    w.happens("birthday.called", a, b, c)
    w.happens("birthday.surprise", b, a)
    w.feels(a, "surprised")
    w.happens("birthday.cake", c, a, x=w.draw.pick(foods.BY_MARK["fruit"]))
    w.happens("birthday.gift", b, a, t=t)
    w.feels(a, "happy", tell=w.draw.chance(60))
    if w.draw.chance(50):
        thanks(w, a, b)
    w.facts["forgotten"] = False
    w.sums_up("birthday.sum.party", b, t=t)


def _forgotten(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    """They did forget; the hero says so, and it is made up for, or keeps it in."""
    draw = w.draw
    w.facts["forgotten"] = True
    if draw.chance(60):
        w.happens("birthday.tells", a, c)
        w.feels(c, "sorry", tell=False)
        w.happens("birthday.elder.sorry", c, a)
        own(t, a)
        w.happens("birthday.late.gift", c, a, b, t=t)
        w.feels(a, "happy")
        lesson(w, "speaking up", 60)
        closes(w, b)
        w.sums_up("birthday.sum.late", c, t=t)
        return
    w.ends_badly()
    w.happens("birthday.says.nothing", a)
    w.happens("birthday.alone", a)
    w.feels(a, "lonely")
    w.happens("birthday.next.day", c, a)
    lesson(w, "speaking up", 65)
    w.sums_up("birthday.sum.forgotten", b)
