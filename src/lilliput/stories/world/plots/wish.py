"""A wish for something in a shop, the work for its price, and what becomes of the coins."""

from lilliput.stories.world.casting import (
    is_child,
    make_animal,
    make_elder,
    make_friend,
    make_grown_up,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import foods, places
from lilliput.stories.world.lexicon.chores import CHORES
from lilliput.stories.world.plots.beats import closes, lesson, opens, thanks
from lilliput.stories.world.state import Character, Thing, World


def wish(w: World) -> None:
    """The hero wants a thing, works for it, and buys it, gives the coins away, or comes too late."""
    draw = w.draw
    a = make_hero(w)
    t = make_thing(w, "gift")
    shop = draw.pick(places.SHOPS)
    opens(w)
    w.wants("have")
    w.verbs += ["want", "work", t.kind.use]
    w.nouns += [t.kind.noun]
    w.puts(t, shop)
    w.beat()
    w.happens("wish.sees", a, t=t, x=shop)
    w.happens("wish.poor", a, t=t)
    elder = make_elder(w)
    first, second = draw.pick_two(CHORES)
    hint = draw.chance(22)
    w.happens("wish.asks", a, elder, t=t)
    if hint:
        w.has("Foreshadowing")
        w.happens("wish.hint", elder, a, t=t)
    w.happens("wish.works", a, elder, x=first)
    if draw.chance(60):
        w.happens("wish.works.more", a, elder, x=second)
    w.happens("wish.coins", elder, a)
    w.feels(a, "proud", tell=draw.chance(50))
    w.beat()
    w.happens("wish.walks", a, x=shop)
    if hint:
        _was_bought_for_hero(w, a, elder, t)
    elif draw.chance(35):
        _meets_need(w, a, t)
    elif draw.chance(25):
        _is_sold(w, a, elder, t)
    else:
        _buys(w, a, t)


def _buys(w: World, a: Character, t: Thing) -> None:
    own(t, a)
    w.facts["coins"] = "spent"
    w.happens("wish.buys", a, t=t)
    w.feels(a, "happy")
    w.happens("wish.uses", a, t=t)
    lesson(w, "work")
    closes(w)
    w.sums_up("wish.sum.buys", t=t)


def _was_bought_for_hero(w: World, a: Character, elder: Character, t: Thing) -> None:
    w.has("Twist")
    own(t, a)
    w.facts["coins"] = "kept"
    w.happens("wish.gone", a, t=t)
    w.feels(a, "sad")
    w.happens("wish.secret", elder, a, t=t)
    w.feels(a, "surprised", tell=w.draw.chance(60))
    thanks(w, a, elder)
    w.feels(a, "happy", tell=False)
    lesson(w, "family")
    closes(w)
    w.sums_up("wish.sum.secret", elder, t=t)


def _is_sold(w: World, a: Character, elder: Character, t: Thing) -> None:
    t.state = "sold"
    t.place = ""
    w.ends_badly()
    w.facts["coins"] = "kept"
    w.happens("wish.gone", a, t=t)
    w.feels(a, "sad")
    w.happens("comfort", elder, a)
    closes(w)
    w.sums_up("wish.sum.sold", t=t)


def _meets_need(w: World, a: Character, t: Thing) -> None:
    """Someone hungry is on the way; who gives may get."""
    draw = w.draw
    food = draw.pick(foods.BY_MARK["carry"])
    child = draw.chance(50) and is_child(a)
    b = (
        make_friend(w, ("newcomer",))
        if child
        else make_animal(w, draw.pick(("pet", "slow", "small")), without="swim zoo big")
    )
    w.happens("wish.meets.hungry", a, b)
    w.feels(b, "sad", tell=False)
    if not w.does_right(a):
        w.facts["coins"] = "spent"
        w.happens("wish.passes", a, b)
        own(t, a)
        w.happens("wish.buys", a, t=t)
        w.feels(a, "sorry")
        w.happens("wish.joyless", a, b, t=t)
        lesson(w, "kindness", 70)
        w.sums_up("wish.sum.passes", b, t=t)
        return
    w.facts["coins"] = "given"
    w.happens("wish.feeds", a, b, x=food)
    w.feels(b, "happy", tell=draw.chance(50))
    if draw.chance(60):
        keeper = make_grown_up(w, "shopkeeper")
        w.has("Twist")
        own(t, a)
        w.happens("wish.keeper", keeper, a, b, t=t)
        w.feels(a, "happy")
        lesson(w, "kindness", 70)
        closes(w)
        w.sums_up("wish.sum.keeper", b, t=t)
    else:
        w.ends_badly()
        w.happens("wish.no.coins", a, t=t)
        w.happens("wish.glad.anyway", a, b, t=t)
        w.feels(a, "glad", tell=False)
        lesson(w, "kindness", 70)
        w.sums_up("wish.sum.given", b, t=t)
