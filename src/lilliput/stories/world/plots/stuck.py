"""An animal is stuck; who helps it may be helped by it later."""

from lilliput.stories.world.casting import (
    make_animal,
    make_elder,
    make_friend,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places, snags
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, World


def stuck(w: World) -> None:
    """The hero finds an animal in a fix and helps it, alone or with another, or walks on."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "shy", "any", "hard"))
    p = draw.pick(places.BY_MARK["path"])
    a.place = p.noun
    snag = draw.pick(snags.SNAGS)
    b = make_animal(w, snag.ability, without="pet swim zoo")
    w.wants("free" if draw.chance(50) else "help")
    w.verbs += ["help", "pull", "free"]
    w.nouns += [b.kind, p.noun]
    there = opens(w, place=p)
    w.beat()
    if not there:
        w.happens("stuck.walks", a, p=p)
    w.happens("stuck.hears", a, b)
    w.happens("stuck.sees", b, a, x=snag)
    w.feels(b, "scared", tell=draw.chance(50))
    w.facts.update(stuck=b.kind, stuck_in=snag.where)
    if not w.does_right(a):
        _walks_on(w, a, b, snag)
        return
    w.happens("stuck.kind", a, b)
    w.happens("stuck.tries", a, b, x=snag)
    helper = None
    if draw.chance(55):
        helper = make_elder(w) if draw.chance(50) else make_friend(w, bents=("good", "bold"))
        w.happens("stuck.fails", a, b, x=snag)
        w.beat()
        w.happens("ask.help", a, helper)
        w.happens("agree", helper, a)
        w.happens("stuck.together", a, helper, b, x=snag)
    else:
        w.beat()
        w.happens("stuck.frees", a, b, x=snag)
    w.facts["freed"] = True
    w.feels(b, "happy", tell=False)
    w.happens("stuck.thanks", b, a)
    w.feels(a, "happy", tell=draw.chance(50))
    if draw.chance(55):
        _is_repaid(w, a, b)
    else:
        lesson(w, "teamwork" if helper and draw.chance(50) else "helping")
        closes(w)
    w.sums_up("stuck.sum.frees", b, x=snag)


def _is_repaid(w: World, a: Character, b: Character) -> None:
    """Later the hero is in need, and the animal that was helped comes."""
    w.has("Twist")
    w.facts["repaid"] = True
    w.beat()
    if w.draw.chance(50):
        t = own(make_thing(w, "small"), a)
        w.happens("stuck.drops", a, t=t)
        w.happens("stuck.brings", b, a, t=t)
    else:
        w.happens("stuck.astray", a)
        w.feels(a, "scared", tell=w.draw.chance(60))
        w.happens("stuck.leads", b, a)
    w.feels(a, "happy", tell=False)
    thanks(w, a, b)
    lesson(w, "helping", 65)


def _walks_on(w: World, a: Character, b: Character, snag: snags.Snag) -> None:
    """The hero does not help; someone else does, and later the hero stands alone."""
    w.facts["freed"] = False
    w.ends_badly()
    w.happens("stuck.leaves", a, b)
    w.beat()
    w.happens("stuck.trips", a)
    w.happens("stuck.calls", a)
    w.happens("stuck.alone", a, b)
    w.feels(a, "sorry")
    lesson(w, "helping", 70)
    w.sums_up("stuck.sum.leaves", b, x=snag)
