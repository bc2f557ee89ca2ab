"""A skill that others have: falls, laughter, help, practice, and whether one goes on."""

from lilliput.stories.world.casting import make_elder, make_friend, make_hero
from lilliput.stories.world.lexicon.chores import SKILLS
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, World


def learning(w: World) -> None:
    """The hero cannot do what a friend can."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "shy", "any", "hard"))
    skill = draw.pick(SKILLS)
    b = make_friend(w)
    w.wants("learn to " + skill.base)
    w.verbs += [skill.base, "try", "fall", "learn"]
    opens(w)
    w.beat()
    w.happens("learning.sees", a, b, x=skill)
    w.feels(a, "jealous" if draw.chance(35) else "excited", tell=draw.chance(70))
    w.happens("learning.tries", a, x=skill)
    w.happens("learning.fails", a, x=skill)
    if b.bent == "hard":
        w.has("Conflict")
        w.happens("learning.laughs", b, a, x=skill)
        w.feels(a, "sad")
    else:
        w.feels(a, draw.pick(("sad", "angry", "tired")), tell=draw.chance(60))
    w.beat()
    if not w.does_right(a) and draw.chance(70):
        _gives_up(w, a, b, skill.base)
        return
    if draw.chance(60) or b.bent == "hard":
        c = make_elder(w)
        w.happens("learning.teaches", c, a, x=skill)
        w.happens("learning.practice", a, c, x=skill)
    else:
        c = b
        w.happens("learning.shows", b, a, x=skill)
        w.happens("learning.practice", a, b, x=skill)
    w.feels(a, "excited", tell=False)
    w.happens("learning.can", a, x=skill)
    w.facts["learned"] = True
    w.feels(a, "proud")
    if b.bent == "hard":
        w.has("Twist")
        w.happens("learning.asks", b, a, x=skill)
        w.happens("learning.helps", a, b, x=skill)
        lesson(w, "kindness" if draw.chance(30) else "trying")
    else:
        if draw.chance(60):
            thanks(w, a, c)
        lesson(w, "trying")
    closes(w, b)
    w.sums_up("learning.sum.learns", c, x=skill)


def _gives_up(w: World, a: Character, b: Character, what: str) -> None:
    w.ends_badly()
    w.facts["learned"] = False
    w.happens("learning.quits", a)
    w.happens("learning.others", a, b)
    w.feels(a, "sorry", tell=w.draw.chance(50))
    lesson(w, "trying", 65)
    closes(w, percent=50)
    w.sums_up("learning.sum.quits", b, x=what)
