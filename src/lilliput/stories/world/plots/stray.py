"""A small animal that belongs to somebody, and a hero who would like to keep it."""

from lilliput.stories.world.casting import make_animal, make_elder, make_grown_up, make_hero
from lilliput.stories.world.lexicon import animals, foods, places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World

YOUNG = tuple(animals.BY_NOUN[noun] for noun in ["puppy", "kitten", "chick", "lamb", "bunny", "duck", "bird"])
JOBS = ("farmer", "baker", "teacher", "doctor", "gardener", "painter")


def stray(w: World) -> None:
    """The hero finds a young animal, feeds it, and learns whose it is."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "any", "shy", "hard"))
    b = make_animal(w, "small", without="dig")
    kind = draw.pick(YOUNG)
    while kind.noun == a.kind:
        kind = draw.pick(YOUNG)
    b.kind, b.look, b.role = kind.noun, draw.pick(kind.looks), "stray"
    p = draw.pick(places.BY_MARK["out"])
    spot = draw.pick(p.spots)
    food = draw.pick(foods.FOODS)
    w.wants("keep the " + b.kind)
    w.verbs += ["find", "keep", "feed"]
    w.nouns += [b.kind, "home", p.noun]
    there = opens(w, place=p)
    w.beat()
    if not there:
        w.happens("stray.goes", a, p=p)
    w.happens("stray.finds", a, b, x=spot)
    w.facts.update(found_at=spot, animal=b.kind)
    marked = draw.chance(45)
    if marked:
        w.has("Foreshadowing")
        w.happens("stray.mark", b, a)
    w.happens("stray.feeds", a, b, x=food)
    w.happens("stray.loves", a, b)
    w.feels(a, "happy", tell=draw.chance(50))
    w.beat()
    c = make_elder(w)
    w.happens("stray.asks", a, c, b)
    w.happens("stray.answer", c, a, b)
    if not marked and draw.chance(50):
        w.has("Twist")
        w.facts["owner"] = None
        w.happens("stray.no.owner", a, c, b)
        w.happens("stray.stays", b, a)
        w.feels(a, "happy", tell=False)
        lesson(w, "helping", 45)
        closes(w)
        w.sums_up("stray.sum.keeps", b)
        return
    _owner(w, a, b)


def _owner(w: World, a: Character, b: Character) -> None:
    draw = w.draw
    d = make_grown_up(w, draw.pick(JOBS))
    w.facts["owner"] = d.id
    w.happens("stray.owner", d, a, b)
    w.feels(a, "sad", tell=draw.chance(70))
    if not w.does_right(a):
        w.facts["gave_back"] = False
        w.has("Conflict")
        w.happens("stray.hides.it", a, d, b)
        w.happens("stray.cries", b, a)
        w.feels(a, "sorry")
    w.facts["gave_back"] = True
    w.happens("stray.gives", a, d, b)
    w.happens("stray.glad", d, a, b)
    if draw.chance(55):
        w.has("Twist")
        w.happens("stray.visits", d, a, b)
        w.facts["may_visit"] = True
        w.feels(a, "happy")
    else:
        w.ends_badly()
        w.happens("stray.misses", a, b)
    lesson(w, "returning")
    closes(w, percent=50)
    w.sums_up("stray.sum.gives", b)
