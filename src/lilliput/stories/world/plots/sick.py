"""A friend is ill; the hero brings something, or forgets; later it is the other way round."""

from lilliput.stories.world.casting import make_elder, make_friend, make_hero, make_thing, own
from lilliput.stories.world.lexicon import activities, foods
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World


def sick(w: World) -> None:
    """The hero's friend does not come out to play: ill in bed."""
    draw = w.draw
    a = make_hero(w, ("good", "bold", "any", "shy", "hard"))
    b = make_friend(w, ("friend", "best friend", "neighbor", "cousin"))
    fun = draw.pick(activities.BY_MARK["two"])
    w.wants("play with " + b.id)
    w.verbs += ["visit", "bring", "cheer"]
    w.nouns += ["bed", "friend"]
    opens(w, activity=fun if draw.chance(50) else None)
    w.happens("friendship", a, b)
    w.beat()
    w.happens("sick.waits", a, b, x=fun)
    w.happens("sick.hears", a, b)
    w.feels(a, "sad" if draw.chance(50) else "worried", tell=draw.chance(60))
    b.feeling = "ill"
    if not w.does_right(a):
        _forgets(w, a, b)
        return
    elder = make_elder(w)
    food = draw.pick(foods.BY_MARK[draw.pick(("warm", "carry"))])
    w.facts["brought"] = food.noun
    w.happens("sick.plan", a, elder, b, x=food)
    w.beat()
    w.happens("sick.gives", a, b, x=food)
    if draw.chance(50):
        t = own(make_thing(w, "gift"), a)
        own(t, b)
        w.happens("sick.gift", a, b, t=t)
    w.happens(draw.pick(("sick.cheers", "sick.reads")), a, b)
    w.feels(b, "happy", tell=False)
    w.happens("thanks", b, a)
    w.beat()
    w.happens("sick.well", b, a, x=fun)
    if draw.chance(40):
        w.has("Twist")
        a.feeling = "ill"
        w.happens("sick.turn", a, b)
        w.happens("sick.returns", b, a, x=food)
        w.facts["repaid"] = True
    w.feels(a, "happy", tell=draw.chance(50))
    lesson(w, "caring")
    closes(w, b)
    w.sums_up("sick.sum.cares", b, x=food)


def _forgets(w: World, a: Character, b: Character) -> None:
    w.happens("sick.elsewhere", a, b)
    w.beat()
    w.happens("sick.days", b, a)
    w.happens("sick.hurt", b, a)
    w.feels(b, "sad", tell=False)
    w.feels(a, "sorry")
    w.happens("sorry", a, b)
    if w.draw.chance(50):
        w.happens("forgive", b, a)
        w.happens("end.together", a, b)
    else:
        w.has("Conflict")
        w.ends_badly()
        w.happens("sorry.refused", b, a)
        closes(w, percent=50)
    lesson(w, "kindness", 65)
    w.sums_up("sick.sum.forgets", b)
    w.facts["forgiven"] = w.fulfilled
