"""Somebody cannot sleep, and several things are tried."""

from lilliput.stories.world.casting import PARENTS, make_animal, make_elder, make_hero, make_thing, own
from lilliput.stories.world.lexicon.nights import CURES, NOISES
from lilliput.stories.world.plots.beats import lesson, opens
from lilliput.stories.world.state import Character, World


def bedtime(w: World) -> None:
    """The hero lies awake; there is a noise, or a thing is missing from the bed."""
    draw = w.draw
    a = make_hero(w)
    c = make_elder(w, PARENTS)
    first, second = draw.pick_two(CURES)
    w.wants("sleep")
    w.verbs += ["sleep", "listen", "yawn"]
    w.nouns += ["bed", "night", "moon"]
    opens(w)
    w.beat()
    w.happens("bedtime.evening", a, c)
    w.happens("bedtime.awake", a)
    w.happens("bedtime.calls", a, c)
    w.feels(c, "kind", tell=False)
    w.happens("bedtime.cure", c, a, x=first)
    w.happens("bedtime.still", a, c)
    w.facts.update(tried=[first.noun])
    w.beat()
    _why_awake(w, a, c)
    if draw.chance(22):
        w.ends_badly()
        w.happens("bedtime.up.all.night", a, c)
        w.happens("bedtime.nods.off", a)
        w.sums_up("bedtime.sum.awake", c)
        lesson(w, "rest", 50)
        return
    if draw.chance(45):
        w.happens("bedtime.cure", c, a, x=second)
        w.facts["tried"].append(second.noun)
    w.feels(a, "tired")
    w.happens("bedtime.sleeps", a, c)
    a.feeling = "asleep"
    lesson(w, "rest", 35)
    if draw.chance(40):
        w.happens("bedtime.last", c, a)
    w.sums_up("bedtime.sum.sleeps", c)


def _why_awake(w: World, a: Character, c: Character) -> None:
    """A noise, a thing that is missing from the bed, or somebody else who is awake."""
    draw = w.draw
    way = draw.below(3)
    if way == 0:
        noise = draw.pick(NOISES)
        w.happens("bedtime.noise", a, x=noise)
        w.feels(a, "scared", tell=draw.chance(60))
        w.has("Twist")
        w.facts["noise"] = noise.noun
        w.happens("bedtime.source", c, a, x=noise)
        w.happens("bedtime.laugh", a, c)
    elif way == 1:
        t = own(make_thing(w, "small", also="tear"), a)
        w.puts(t, "under the bed")
        w.nouns.append(t.kind.noun)
        w.happens("bedtime.missing", a, c, t=t)
        w.happens("bedtime.found", c, a, t=t)
        w.gives(t, a)
    else:
        b = make_animal(w, "small", without="swim")
        w.happens("bedtime.window", a, b)
        w.happens("bedtime.alone.too", b, a)
        w.happens("bedtime.together", a, b)
