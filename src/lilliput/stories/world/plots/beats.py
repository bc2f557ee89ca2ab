"""Turns that many plots share: openings, thanks, lessons, last sentences."""

from lilliput.stories.world.lexicon import activities, places
from lilliput.stories.world.lexicon.activities import Activity
from lilliput.stories.world.lexicon.places import Place
from lilliput.stories.world.state import Character, Thing, World


def opens(
    w: World,
    place: Place | None = None,
    thing: Thing | None = None,
    activity: Activity | None = None,
) -> bool:
    """Introduce the hero, with the thing or the activity where the plot has chosen one.

    Where a place is given the story may begin in it; returns whether it does.
    """
    draw, hero = w.draw, w.hero
    act = activity or draw.pick(activities.ACTIVITIES)
    style = draw.below(10 if place else 8)
    if style < 3:
        w.happens("open.who", hero)
        if thing is None and draw.chance(60):
            _loves(w, act)
    elif style < 6 or activity:
        w.verbs.append(act.base)
        w.happens("open.love", hero, x=act)
    elif style == 6:
        w.happens("open.where", hero, p=draw.pick(places.BY_MARK["wild"]))
        if thing is None:
            _loves(w, act)
    elif style == 7:
        w.happens("open.speech", hero)
    elif place:
        w.happens("open.scene", hero, p=place)
        w.nouns.append(place.noun)
        if "out" in place.marks and draw.chance(40):
            w.happens("weather", hero)
    if thing is not None:
        _owns(w, thing)
    return style >= 8


def _loves(w: World, act: Activity) -> None:
    w.verbs.append(act.base)
    w.happens("love", w.hero, x=act)


def _owns(w: World, thing: Thing) -> None:
    w.happens("own", w.hero, t=thing)
    if w.draw.chance(50):
        w.happens("own.use", w.hero, t=thing)
    w.verbs.append(thing.kind.use)
    w.nouns.append(thing.kind.noun)


def thanks(w: World, who: Character, helper: Character) -> None:
    """`who` thanks `helper`, who may answer."""
    w.happens("thanks" if helper.name else "thanks.animal", who, helper)
    if w.draw.chance(35):
        w.happens("welcome", helper, who)


def lesson(w: World, virtue: str, percent: int = 55, who: Character | None = None) -> None:
    """A closing lesson, told in `percent` of the stories; `virtue` follows from what happened."""
    if w.draw.chance(percent):
        w.has("MoralValue")
        w.facts["lesson"] = virtue
        w.happens("moral." + virtue, who or w.hero)


def closes(w: World, friend: Character | None = None, percent: int = 70) -> None:
    """A last sentence, in keeping with how the want ended."""
    draw = w.draw
    if not draw.chance(percent):
        return
    far = w.hero.place in places.BY_NOUN and "home" not in places.BY_NOUN[w.hero.place].marks
    if not w.fulfilled:
        w.happens("end.home.sad" if far and draw.chance(50) else "end.sad", w.hero)
    elif friend is not None and draw.chance(60):
        w.happens("end.together", w.hero, friend)
    elif draw.chance(30):
        w.happens("end.after", w.hero)
    else:
        w.happens("end.home" if far and draw.chance(60) else "end.night", w.hero)
