"""A race: who shows off, who goes on, who stops to help, who cheats."""

from lilliput.stories.world.casting import (
    make_friend,
    make_grown_up,
    make_hero,
    make_thing,
    own,
)  # fmt: skip
from lilliput.stories.world.lexicon import places
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, Thing, World

PATHS = tuple(place for place in places.BY_MARK["path"] if "shop" not in place.marks)


def race(w: World) -> None:
    """The hero and a friend race for a prize."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "shy", "any", "hard"))
    b = make_friend(w, ("friend", "neighbor", "cousin"), ("hard", "bold"))
    c = make_grown_up(w, draw.pick(("baker", "teacher", "farmer", "mayor")))
    t = make_thing(w, "gift", without="roll")
    start, goal = draw.pick_two(PATHS)
    a.place = b.place = goal.noun
    w.wants("win the race")
    w.verbs += ["race", "run", "win"]
    w.nouns += ["race", "prize", t.kind.noun, goal.noun]
    opens(w)
    w.beat()
    w.happens("race.news", c, a, t=t, p=start, x=goal)
    w.happens("race.wants", a, b, t=t)
    if draw.chance(65):
        w.has("Conflict")
        w.happens("race.boasts", b, a)
    w.happens("race.starts", a, b, c)
    w.beat()
    roll = draw.below(10)
    if roll < 3:
        _rests(w, a, b, c, t)
    elif roll < 6 and w.does_right(a):
        _stops_to_help(w, a, b, c, t)
    elif roll < 8:
        _short_cut(w, a, b, c, t)
    else:
        _runs(w, a, b, c, t)


def _wins(w: World, who: Character, c: Character, t: Thing) -> None:
    own(t, who)
    w.facts["winner"] = who.id
    w.happens("race.prize", c, who, t=t)


def _rests(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    """The fast one is sure to win and takes a rest."""
    w.has("Twist")
    w.happens("race.ahead", b, a)
    w.happens("race.naps", b, a)
    w.happens("race.steady", a, b)
    w.happens("race.passes", a, b)
    _wins(w, a, c, t)
    w.feels(a, "proud")
    w.happens("race.good.loser", b, a)
    lesson(w, "humility", 60, b if b.bent == "hard" else a)
    closes(w, b)
    w.sums_up("race.sum.rests", b, t=t)


def _stops_to_help(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    draw = w.draw
    w.happens("race.falls", b, a)
    w.happens("race.stops", a, b)
    w.happens("race.last", a, b)
    w.facts["stopped_to_help"] = True
    if draw.chance(65):
        w.has("Twist")
        own(t, a)
        w.facts["winner"] = a.id
        w.happens("race.kind.prize", c, a, b, t=t)
        w.feels(a, "happy")
        w.sums_up("race.sum.kind", b, t=t)
    else:
        w.ends_badly()
        w.facts["winner"] = "someone else"
        w.happens("race.no.prize", a, b, t=t)
        w.happens("thanks", b, a)
        w.sums_up("race.sum.lost.kind", b, t=t)
        w.feels(a, "glad", tell=draw.chance(50))
    lesson(w, "helping", 65)


def _short_cut(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    """The rival takes a short cut; it is seen, or leads into the mud."""
    w.happens("race.cheats", b, a)
    w.has("Conflict")
    w.facts["cheated"] = b.id
    if w.draw.chance(50):
        w.happens("race.mud", b, a)
    else:
        w.has("Twist")
        w.happens("race.seen", c, b)
    _wins(w, a, c, t)
    w.feels(a, "happy")
    w.happens("sorry", b, a)
    w.happens("forgive", a, b)
    lesson(w, "fairness", 65, b)
    w.sums_up("race.sum.cheats", b, t=t)


def _runs(w: World, a: Character, b: Character, c: Character, t: Thing) -> None:
    """A fair race; the one who trips over a bold step loses."""
    w.happens("race.side", a, b)
    if w.draw.chance(45):
        w.happens("race.sprint", a, b)
        _wins(w, a, c, t)
        w.feels(a, "happy")
        w.happens("race.good.loser", b, a)
        closes(w, b)
        w.sums_up("race.sum.wins", b, t=t)
        return
    w.happens("race.trips", a, b)
    w.ends_badly()
    _wins(w, b, c, t)
    w.feels(a, "sad")
    w.happens("race.lets.share", b, a, t=t)
    lesson(w, "humility", 50)
    w.sums_up("race.sum.loses", b, t=t)
