"""Something is lost, looked for in the wrong spots, and found where it went, or not at all."""

from lilliput.stories.world.casting import (
    ELDERS,
    FRIENDS,
    make_animal,
    make_elder,
    make_friend,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, Thing, World


def lost(w: World) -> None:
    """The hero loses a thing in a place and looks for it."""
    draw = w.draw
    a = make_hero(w)
    t = own(make_thing(w, "small"), a)
    p = draw.pick(places.BY_MARK[draw.pick(("play", "home", "wild"))])
    here, wrong = draw.pick_two(p.spots)
    a.place = p.noun
    there = opens(w, place=p, thing=t)
    w.beat()
    w.wants("find")
    w.nouns.append(p.noun)
    w.verbs += ["look", "find"]
    if not there:
        w.happens("lost.plays", a, t=t, p=p)
    taker = _goes_missing(w, a, t, here)
    w.happens("lost.notices", a, t=t)
    w.feels(a, draw.pick(("sad", "worried")), tell=draw.chance(70))
    w.happens("lost.looks", a, t=t, x=wrong)
    w.beat()
    helper = _helper(w, a, t)
    found = draw.chance(80)
    w.facts.update(lost_at=here, found=found, searched=wrong)
    if not found:
        _stays_lost(w, a, t, helper)
        return
    t.state = "found"
    w.gives(t, a)
    if taker:
        w.has("Twist")
        w.happens("lost.taken", a, taker, helper, t=t, x=here)
        w.facts["taken_by"] = taker.kind
        w.happens(draw.pick(("lost.taker.bed", "lost.taker.play")), taker, a, t=t)
    else:
        w.feels(a, "excited", tell=False)
        w.happens("lost.found", a, helper, t=t, x=here)
    w.feels(a, "happy")
    if helper:
        thanks(w, a, helper)
    if not taker:
        lesson(w, "helping" if helper and draw.chance(40) else "care")
    closes(w, helper if helper and helper.role in FRIENDS else None)
    w.sums_up("lost.sum.found", t=t, p=p, x=here)


def _goes_missing(w: World, a: Character, t: Thing, here: str) -> Character | None:
    """How it got lost: it rolls or falls (said early, or not), or someone takes it unseen."""
    draw = w.draw
    w.puts(t, here)
    t.state = "lost"
    roll = draw.below(10)
    if roll < 3:
        return make_animal(w, "pet" if draw.chance(50) else "climb", without="big zoo")
    if roll < 7:
        w.has("Foreshadowing")
        rolls = "roll" in t.kind.marks
        w.happens("lost.rolls" if rolls else "lost.drops", a, t=t, x=here)
    return None


def _helper(w: World, a: Character, t: Thing) -> Character | None:
    draw = w.draw
    roll = draw.below(10)
    if roll < 2:
        w.happens("lost.alone", a, t=t)
        return None
    helper = make_elder(w, ELDERS) if roll < 5 else make_friend(w, bents=("good", "bold"))
    w.happens("lost.asks", a, helper, t=t)
    w.happens("lost.advice" if helper.bent == "" else "agree", helper, a, t=t)
    return helper


def _stays_lost(w: World, a: Character, t: Thing, helper: Character | None) -> None:
    w.ends_badly()
    w.happens("lost.never", a, helper, t=t)
    w.feels(a, "sad")
    if helper:
        w.happens("comfort", helper, a)
    lesson(w, "care")
    closes(w)
    w.sums_up("lost.sum.never", t=t)
    w.facts["comforted"] = helper is not None
