"""Two make something together: what it needs, what goes wrong, what comes of it."""

from lilliput.stories.world.casting import (
    make_elder,
    make_friend,
    make_hero,
)  # fmt: skip
from lilliput.stories.world.lexicon.projects import PROJECTS, Project
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, World


def making(w: World) -> None:
    """The hero wants to make something; a friend helps; there is a mishap."""
    draw = w.draw
    a = make_hero(w)
    b = make_friend(w)
    plan = draw.pick(PROJECTS)
    w.wants("make a " + plan.noun)
    w.facts["made"] = False
    w.verbs += [plan.verb, "make", "help"]
    w.nouns += [plan.noun]
    opens(w)
    w.beat()
    w.happens("making.idea", a, x=plan)
    w.happens("making.asks", a, b, x=plan)
    w.happens("making.needs", a, b, x=plan)
    if draw.chance(50):
        elder = make_elder(w)
        w.happens("making.lends", elder, a, b, x=plan)
    else:
        w.happens("making.finds", b, a, x=plan)
    w.beat()
    w.happens("making.first", a, b, x=plan)
    if draw.chance(55):
        w.happens("making.second", b, a, x=plan)
    if draw.chance(70):
        w.happens("making.mishap", a, b, x=plan)
        w.feels(a, draw.pick(("sad", "worried", "angry")), tell=draw.chance(60))
        if not _goes_on(w, a, b, plan):
            return
    w.facts["made"] = True
    w.happens("making.done", a, b, x=plan)
    w.feels(a, "proud")
    w.happens("making.use", a, b, x=plan)
    lesson(w, "teamwork")
    closes(w, b)
    w.sums_up("making.sum.done", b, x=plan)


def _goes_on(w: World, a: Character, b: Character, plan: Project) -> bool:
    """After the mishap: blame and an end, or another try; true if they go on."""
    if not w.does_right(a):
        w.has("Conflict")
        w.happens("making.blames", a, b, x=plan)
        w.feels(b, "sad")
        if w.draw.chance(50):
            w.ends_badly()
            w.happens("making.leaves", b, a, x=plan)
            w.happens("making.unfinished", a, b, x=plan)
            w.feels(a, "sorry")
            lesson(w, "teamwork", 60)
            w.sums_up("making.sum.undone", b, x=plan)
            return False
        w.happens("sorry", a, b)
        w.happens("forgive", b, a)
    else:
        w.happens("making.cheers", b, a, x=plan)
    w.happens("making.again", a, b, x=plan)
    if w.draw.chance(25):
        thanks(w, a, b)
    return True
