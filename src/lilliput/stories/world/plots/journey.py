"""On the way to someone with a gift: who is met, what is in the way, and whether one arrives."""

from lilliput.stories.world.casting import ELDERS, make_animal, make_elder, make_hero
from lilliput.stories.world.lexicon import foods, places
from lilliput.stories.world.lexicon.foods import Food
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World

WAYS = tuple(place for place in places.BY_MARK["wild"] if "path" in place.marks)


def journey(w: World) -> None:
    """The hero brings food to a grandparent and meets an animal that is hungry."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "any", "shy", "hard"))
    c = make_elder(w, ELDERS[2:])
    food = draw.pick(foods.BY_MARK["carry"])
    way, other = draw.pick_two(WAYS)
    w.wants("visit " + c.id)
    w.facts["brings"] = food.noun
    w.verbs += ["walk", "visit", "bring"]
    w.nouns += [way.noun, other.noun, food.noun]
    opens(w)
    w.beat()
    w.happens("journey.sets.out", a, c, x=food)
    w.happens("journey.through", a, p=way)
    b = make_animal(w, homes=("forest", "woods", "meadow", "field"))
    w.happens("meet.animal", a, b)
    w.happens("journey.hungry", b, a, x=food)
    shares = w.does_right(a)
    w.facts["shared"] = shares
    w.happens("journey.shares" if shares else "journey.refuses", a, b, x=food)
    w.beat()
    w.happens("journey.on", a, p=other)
    trouble = draw.pick(("bridge", "fork", "dark", "fog"))
    w.facts["trouble"] = trouble
    w.happens("journey." + trouble, a, p=other)
    if shares:
        w.has("Twist")
        w.happens("journey.guide", b, a)
        w.happens("journey.way." + trouble, b, a)
        _arrives(w, a, c, food)
        lesson(w, "helping", 55)
        closes(w)
        w.sums_up("journey.sum.helped", b, x=c.role)
    elif draw.chance(55):
        w.ends_badly()
        w.feels(a, "scared")
        w.happens("journey.turns.back", a, c)
        lesson(w, "sharing", 55)
        closes(w, percent=50)
        w.sums_up("journey.sum.back", b, x=c.role)
    else:
        w.happens("journey.alone.way", a)
        _arrives(w, a, c, food)
        w.happens("journey.tells", a, c, b)
        w.feels(a, "sorry", tell=draw.chance(50))
        lesson(w, "sharing", 50)
        w.sums_up("journey.sum.alone", b, x=c.role)


def _arrives(w: World, a: Character, c: Character, food: Food) -> None:
    a.place = "house of " + c.id
    w.happens("journey.arrives", a, c, x=food)
    w.feels(c, "happy", tell=False)
    w.happens("journey.glad", c, a, x=food)
    w.feels(a, "happy", tell=False)
