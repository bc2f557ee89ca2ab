"""A promise, a temptation, and what comes of keeping or breaking it."""

from lilliput.stories.world.casting import (
    make_elder,
    make_friend,
    make_hero,
)  # fmt: skip
from lilliput.stories.world.lexicon import activities
from lilliput.stories.world.lexicon.duties import DUTIES, Duty
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World


def promise(w: World) -> None:
    """The hero promises to do something; something more fun comes along."""
    draw = w.draw
    a = make_hero(w, ("good", "hard", "bold", "any"))
    b = make_friend(w) if draw.chance(60) else make_elder(w)
    duty = draw.pick(DUTIES)
    fun = draw.pick(activities.BY_MARK["out"])
    w.wants("keep the promise")
    w.verbs += ["promise", "forget", fun.base]
    w.nouns += ["promise"]
    opens(w)
    w.beat()
    w.happens("promise.asks", b, a, x=duty)
    w.happens("promise.says", a, b, x=duty)
    w.facts["promise"] = duty.do
    b.place = "away"
    w.happens("promise.leaves", b, a)
    w.beat()
    c = make_friend(w, ("friend",), ("bold", "hard"))
    w.happens("promise.tempts", c, a, x=fun)
    kept = w.does_right(a)
    w.facts["kept"] = kept
    if kept:
        _keeps(w, a, b, c, duty)
    else:
        _breaks(w, a, b, c, duty)


def _keeps(w: World, a: Character, b: Character, c: Character, duty: Duty) -> None:
    draw = w.draw
    w.happens("promise.remembers", a, c, x=duty)
    w.happens("promise.does", a, b, x=duty)
    if draw.chance(50):
        w.happens("promise.joins", c, a)
    w.beat()
    w.happens("promise.back", b, a)
    w.happens("promise.good", b, a, x=duty)
    w.feels(b, "happy", tell=False)
    w.happens("promise.pleased", b, a)
    w.feels(a, "proud")
    lesson(w, "promises")
    closes(w, b if b.trait else None)
    w.sums_up("promise.sum.kept", b, x=duty)


def _breaks(w: World, a: Character, b: Character, c: Character, duty: Duty) -> None:
    draw = w.draw
    w.happens("promise.goes", a, c)
    w.happens("promise.plays", a, c)
    w.beat()
    w.happens("promise.too.late", a, x=duty)
    w.happens("promise.bad", a, b, x=duty)
    w.feels(a, "sorry")
    w.ends_badly()
    w.happens("promise.back", b, a)
    w.happens("promise.sad", b, a, x=duty)
    w.feels(b, "sad", tell=False)
    w.happens("sorry", a, b)
    if draw.chance(60):
        w.happens("forgive", b, a)
        w.happens("promise.again", a, b)
    else:
        w.has("Conflict")
        w.happens("sorry.refused", b, a)
    lesson(w, "promises", 65)
    closes(w, percent=35)
    w.sums_up("promise.sum.broken", b, x=duty)
