"""A fear, what seems to make it true, and whether it is overcome."""

from lilliput.stories.world.casting import (
    make_elder,
    make_friend,
    make_hero,
)  # fmt: skip
from lilliput.stories.world.lexicon.fears import FEARS, Fear
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, World


def fear(w: World) -> None:
    """The hero is afraid, and someone helps."""
    draw = w.draw
    a = make_hero(w, ("shy", "shy", "good", "any", "bold"))
    scare = draw.pick(FEARS)
    w.wants("be brave")
    w.facts["fear"] = scare.of
    w.verbs += ["look", "help", "try"]
    opens(w)
    w.happens("fear.has", a, x=scare)
    w.beat()
    w.happens("fear.comes", a, x=scare)
    w.happens("fear.sign", a, x=scare)
    w.feels(a, "scared")
    c = make_elder(w) if draw.chance(50) else make_friend(w, bents=("good", "bold"))
    w.happens("fear.hides", a, x=scare)
    w.beat()
    w.happens("fear.notices", c, a, x=scare)
    w.happens("fear.brings", c, a, x=scare)
    if draw.chance(22):
        _stays_afraid(w, a, c, scare)
        return
    w.happens("fear.tries", a, c, x=scare)
    w.has("Twist")
    w.facts["it_was"] = scare.was
    w.happens("fear.was", a, c, x=scare)
    w.feels(a, "happy" if draw.chance(50) else "proud")
    w.happens("fear.reward", a, c, x=scare)
    if draw.chance(40):
        thanks(w, a, c)
    lesson(w, "courage")
    closes(w)
    w.sums_up("fear.sum.brave", c, x=scare)


def _stays_afraid(w: World, a: Character, c: Character, scare: Fear) -> None:
    w.ends_badly()
    w.happens("fear.refuses", a, c, x=scare)
    w.happens("fear.without", c, a, x=scare)
    w.feels(a, "sad")
    w.happens("fear.another.day", c, a, x=scare)
    closes(w, percent=40)
    w.sums_up("fear.sum.afraid", c, x=scare)
