"""Hide and seek: a spot that is too good, a sleep, a sound that gives it away."""

from lilliput.stories.world.casting import make_elder, make_friend, make_hero
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World


def hideseek(w: World) -> None:
    """One hides and one seeks."""
    draw = w.draw
    a = make_hero(w)
    b = make_friend(w)
    p = draw.pick(places.BY_MARK[draw.pick(("play", "home"))])
    here, wrong = draw.pick_two(p.spots)
    a.place = b.place = p.noun
    w.verbs += ["hide", "seek", "count", "find"]
    w.nouns += [p.noun]
    w.wants("find " + b.id)
    opens(w)
    w.happens("friendship", a, b)
    w.beat()
    w.happens("hideseek.begins", b, a, p=p)
    w.happens("hideseek.counts", a, b)
    w.happens("hideseek.hides", b, x=here)
    w.facts.update(hid=here, searched=wrong)
    sound = draw.chance(40)
    if sound:
        w.has("Foreshadowing")
        w.happens("hideseek.tickle", b)
    w.happens("hideseek.looks", a, b, x=wrong)
    w.beat()
    if sound:
        w.facts["gave_away"] = "sneeze"
        w.happens("hideseek.sneeze", b)
        w.happens("hideseek.found", a, b, x=here)
    elif draw.chance(45):
        _asleep(w, a, b, here)
    elif draw.chance(50):
        _goes_home(w, a, b)
        return
    else:
        w.happens("hideseek.clue", a, b, x=here)
        w.happens("hideseek.found", a, b, x=here)
    w.feels(a, "happy", tell=draw.chance(50))
    w.happens("hideseek.again", b, a)
    closes(w, b)
    w.sums_up("hideseek.sum.found", b, p=p, x=here)


def _asleep(w: World, a: Character, b: Character, here: str) -> None:
    w.has("Twist")
    w.facts["asleep"] = True
    w.happens("hideseek.gives.up", a, b)
    w.feels(a, "worried")
    c = make_elder(w)
    w.happens("ask.help", a, c)
    w.happens("hideseek.search", c, a, b)
    w.happens("hideseek.sleeps", b, a, x=here)


def _goes_home(w: World, a: Character, b: Character) -> None:
    """The seeker is tired of it and does not say so; the one who hides waits in vain."""
    w.ends_badly()
    w.has("Conflict")
    w.feels(a, "bored")
    w.happens("hideseek.quits", a, b)
    w.happens("hideseek.waits", b, a)
    w.feels(b, "angry" if w.draw.chance(50) else "sad")
    w.happens("hideseek.complains", b, a)
    w.happens("sorry", a, b)
    w.happens("forgive" if w.draw.chance(60) else "sorry.refused", b, a)
    lesson(w, "fairness.game", 65)
    w.sums_up("hideseek.sum.quits", b)
