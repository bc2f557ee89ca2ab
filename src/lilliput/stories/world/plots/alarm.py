"""False alarms for fun, and a true one that nobody believes."""

from lilliput.stories.world.casting import make_elder, make_friend, make_hero
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.lexicon.alarms import ALARMS, Alarm
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World

OUT = tuple(place for place in places.BY_MARK["wild"] if "path" in place.marks)


def alarm(w: World) -> None:
    """The hero has a job to watch something, is bored, and cries for help as a joke."""
    draw = w.draw
    a = make_hero(w, ("hard", "bold", "any", "good"))
    b = make_friend(w, ("friend", "neighbor", "cousin"), ("good", "bold"))
    p = draw.pick(OUT)
    danger = draw.pick(ALARMS)
    a.place = p.noun
    w.wants("have fun")
    w.verbs += ["watch", "call", "run", "laugh"]
    w.nouns += [p.noun, danger.noun]
    opens(w)
    w.beat()
    w.happens("alarm.job", a, p=p, x=danger)
    w.feels(a, "bored")
    if w.does_right(a):
        _true_alarm(w, a, b, danger)
        return
    w.has("Conflict")
    w.happens("alarm.joke", a, x=danger)
    w.happens("alarm.comes", b, a, x=danger)
    w.happens("alarm.laughs", a, b)
    w.feels(b, "angry", tell=draw.chance(60))
    if draw.chance(60):
        w.happens("alarm.twice", a, b, x=danger)
        w.happens("alarm.warns", b, a)
        w.has("Foreshadowing")
    w.beat()
    w.happens("alarm.real", a, x=danger)
    w.feels(a, "scared", tell=draw.chance(50))
    w.happens("alarm.cries", a, x=danger)
    w.facts["jokes"] = True
    w.has("Twist")
    if draw.chance(65):
        w.ends_badly()
        w.happens("alarm.nobody", b, a)
        w.happens("alarm.loss", a, x=danger)
        w.feels(a, "sorry")
        w.sums_up("alarm.sum.nobody", b, x=danger)
    else:
        c = make_elder(w)
        w.happens("alarm.nobody", b, a)
        w.happens("alarm.elder", c, a, x=danger)
        w.happens("sorry", a, b)
        w.happens("forgive", b, a)
        w.sums_up("alarm.sum.saved", c, x=danger)
    lesson(w, "calling for help", 75)
    closes(w, percent=40)


def _true_alarm(w: World, a: Character, b: Character, danger: Alarm) -> None:
    w.facts["jokes"] = False
    w.happens("alarm.resists", a, x=danger)
    w.beat()
    w.happens("alarm.real", a, x=danger)
    w.feels(a, "scared", tell=w.draw.chance(50))
    w.happens("alarm.cries", a, x=danger)
    w.happens("alarm.believes", b, a, x=danger)
    w.happens("alarm.saved", a, b, x=danger)
    w.feels(a, "proud")
    lesson(w, "honesty")
    closes(w, b)
    w.sums_up("alarm.sum.true", b, x=danger)
