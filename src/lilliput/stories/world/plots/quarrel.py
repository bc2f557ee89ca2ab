"""Two want the same thing, and pull at it or take turns."""

from lilliput.stories.world.casting import (
    make_elder,
    make_friend,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, Thing, World


def quarrel(w: World) -> None:
    """The hero's thing is wanted by a friend too."""
    draw = w.draw
    a = make_hero(w, ("good", "hard", "hard", "bold", "any"))
    b = make_friend(w)
    t = own(make_thing(w, "share"), a)
    p = draw.pick(places.BY_MARK[draw.pick(("play", "home"))])
    a.place = b.place = p.noun
    opens(w, thing=t)
    w.wants("play with " + b.id)
    w.verbs += ["play", "share", "pull"]
    w.beat()
    w.happens("quarrel.comes", b, a, t=t, p=p)
    w.happens("quarrel.asks", b, a, t=t)
    if w.does_right(a) and draw.chance(35):
        _shares_at_once(w, a, b, t)
        return
    w.has("Conflict")
    w.happens("quarrel.no", a, b, t=t)
    w.feels(b, "sad" if draw.chance(40) else "angry")
    if draw.chance(50):
        _pull(w, a, b, t)
    else:
        _parts(w, a, b, t)


def _shares_at_once(w: World, a: Character, b: Character, t: Thing) -> None:
    w.facts["shared"] = True
    w.happens("quarrel.yes", a, b, t=t)
    w.feels(b, "happy")
    w.happens("quarrel.turns", a, b, t=t)
    w.beat()
    w.feels(a, "happy", tell=False)
    w.happens("quarrel.gift", b, a, t=t)
    lesson(w, "sharing", 70)
    closes(w, b)
    w.sums_up("quarrel.sum.shares", b, t=t)


def _pull(w: World, a: Character, b: Character, t: Thing) -> None:
    """Both pull: what tears tears, the rest falls in the mud; then peace, or none."""
    draw = w.draw
    w.happens("quarrel.pulls", a, b, t=t)
    t.state = "torn" if "tear" in t.kind.marks else "broken" if "break" in t.kind.marks else "dirty"
    w.happens("quarrel." + t.state, a, b, t=t)
    w.feels(a, "sad")
    w.beat()
    if not w.does_right(a) and draw.chance(70):
        w.facts["shared"] = False
        w.ends_badly()
        w.happens("quarrel.blames", a, b, t=t)
        w.happens("sorry.refused", b, a)
        w.happens("quarrel.alone", a, b, t=t)
        w.feels(a, "lonely")
        lesson(w, "saying sorry", 65)
        closes(w)
        w.sums_up("quarrel.sum.breaks", b, t=t)
        return
    if draw.chance(50):
        elder = make_elder(w)
        w.happens("quarrel.elder", elder, a, b, t=t)
    w.happens("sorry", a, b)
    w.happens("forgive", b, a)
    t.state = "clean" if t.state == "dirty" else "mended"
    w.facts["shared"] = True
    w.happens("quarrel.cleans" if t.state == "clean" else "quarrel.mends", a, b, t=t)
    w.happens("quarrel.turns", a, b, t=t)
    w.feels(a, "happy", tell=draw.chance(40))
    lesson(w, draw.pick(("sharing", "saying sorry")))
    closes(w, b)
    w.sums_up("quarrel.sum.mends", b, t=t)


def _parts(w: World, a: Character, b: Character, t: Thing) -> None:
    """The friend goes; alone it is no fun; the hero goes after the friend, or not."""
    draw = w.draw
    w.happens("quarrel.goes", b, a)
    w.beat()
    w.happens("quarrel.dull", a, b, t=t)
    w.feels(a, "lonely")
    if w.does_right(a) or draw.chance(40):
        if draw.chance(40):
            elder = make_elder(w)
            w.happens("quarrel.advice", elder, a, t=t)
        w.happens("quarrel.follows", a, b, t=t)
        w.happens("sorry", a, b)
        w.happens("forgive", b, a)
        w.facts["shared"] = True
        w.happens("quarrel.turns", a, b, t=t)
        w.feels(a, "happy", tell=draw.chance(40))
        lesson(w, "sharing")
        closes(w, b)
        w.sums_up("quarrel.sum.mends", b, t=t)
        return
    w.ends_badly()
    w.facts["shared"] = False
    if draw.chance(50):
        w.has("Twist")
        w.happens("quarrel.elsewhere", b, a, t=t)
    w.happens("quarrel.late", a, b, t=t)
    w.feels(a, "sorry", tell=draw.chance(50))
    lesson(w, "sharing", 65)
    closes(w)
    w.sums_up("quarrel.sum.alone", b, t=t)
