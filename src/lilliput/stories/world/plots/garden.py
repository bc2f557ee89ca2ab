"""A seed is planted; it is watered or not, eaten or not, and grows into what it is."""

from lilliput.stories.world.casting import make_animal, make_animal_of, make_elder, make_friend, make_hero
from lilliput.stories.world.lexicon import animals
from lilliput.stories.world.lexicon.projects import SEEDS, Seed
from lilliput.stories.world.plots.beats import closes, lesson, opens
from lilliput.stories.world.state import Character, World


def garden(w: World) -> None:
    """The hero plants a seed, and must be patient."""
    draw = w.draw
    a = make_hero(w, ("good", "any", "bold", "shy", "hard"))
    c = make_elder(w)
    seed = draw.pick(SEEDS)
    secret = draw.chance(35)  # nobody says what will grow
    w.wants("grow something")
    w.facts.update(seed=seed.of, grown=True)
    w.verbs += ["plant", "water", "grow"]
    w.nouns += ["seed", "garden", "sun"]
    opens(w)
    w.beat()
    w.happens("garden.gets.secret" if secret else "garden.gets", c, a, x=seed)
    w.happens("garden.plants", a, x=seed)
    w.happens("garden.advice", c, a, x=seed)
    w.beat()
    w.happens("garden.waits", a)
    if not w.does_right(a) and draw.chance(75):
        _forgets(w, a, c, seed)
        return
    w.happens("garden.waters", a)
    if draw.chance(40):
        w.happens("garden.sprout", a)
    if draw.chance(45):
        _nibbles(w, a, seed)
        if not w.fulfilled:
            return
    w.beat()
    if secret:
        w.has("Twist")
        w.has("Foreshadowing")
    w.happens("garden.grown.secret" if secret else "garden.grown", a, c, x=seed)
    w.feels(a, "proud" if draw.chance(50) else "happy")
    if draw.chance(50):
        b = make_friend(w)
        w.happens("garden.shares", a, b, x=seed)
    else:
        w.happens("garden.harvest", a, x=seed)
    lesson(w, "patience")
    closes(w)
    w.sums_up("garden.sum.grows", c, x=seed)


def _nibbles(w: World, a: Character, seed: Seed) -> None:
    """An animal is at the plant; it is fed and sent off, or has eaten it all."""
    pest = animals.BY_NOUN[seed.pest]
    b = make_animal_of(w, pest) if pest.noun != a.kind else make_animal(w, homes=("farm",))
    w.happens("garden.pest", b, a)
    if w.draw.chance(30):
        w.ends_badly()
        w.facts["grown"] = False
        w.happens("garden.eaten", b, a)
        w.feels(a, "sad")
        w.happens("garden.again", a)
        closes(w, percent=40)
        w.sums_up("garden.sum.eaten", b, x=seed)
        return
    w.happens("garden.makes.peace", a, b)


def _forgets(w: World, a: Character, c: Character, seed: Seed) -> None:
    w.ends_badly()
    w.facts["grown"] = False
    w.happens("garden.bored", a)
    w.beat()
    w.happens("garden.dry", a)
    w.feels(a, "sad" if w.draw.chance(50) else "sorry")
    w.happens("garden.told.you", c, a)
    lesson(w, "tending", 60)
    closes(w, percent=50)
    w.sums_up("garden.sum.dries", c, x=seed)
