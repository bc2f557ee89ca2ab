"""Choosing who and what a story is about, from the lexicon, so that they fit one another."""

from lilliput.stories.world.draw import Draw
from lilliput.stories.world.lexicon import animals, names, things, traits
from lilliput.stories.world.lexicon.animals import Animal
from lilliput.stories.world.lexicon.things import ThingKind
from lilliput.stories.world.lexicon.traits import Trait
from lilliput.stories.world.state import Character, Thing, World

SHE_NAMES = names.GIRLS + names.ANIMAL_SHES
HE_NAMES = names.BOYS + names.ANIMAL_HES
ELDERS = (("mom", "she"), ("dad", "he"), ("grandma", "she"), ("grandpa", "he"))
PARENTS = ELDERS[:2]
FRIENDS = ("friend", "friend", "friend", "best friend", "neighbor", "cousin", "sister", "brother")
NO_SPECIAL = ("friend", "best friend", "neighbor", "cousin")


def add(
    world: World, kind: str, name: str, sex: str, role: str, trait: str = "", bent: str = "", look: str = ""
) -> Character:
    """A new character of the world's cast."""
    who = Character(len(world.cast), kind, name, sex, role, trait, bent, look)
    world.cast.append(who)
    return who


def _trait(draw: Draw, bents: tuple[str, ...]) -> Trait:
    return draw.pick(traits.BY_BENT[draw.pick(bents)])


def _free_name(world: World, options: tuple[str, ...]) -> str:
    name = world.draw.pick(options)
    while any(who.name == name for who in world.cast):
        name = world.draw.pick(options)
    return name


def make_named(world: World, role: str, sex: str, animal: Animal | None, bents: tuple[str, ...]) -> Character:
    """A child, or an animal with a name of its own."""
    trait = _trait(world.draw, bents)
    if animal is None:
        kind, pool = ("girl", names.GIRLS) if sex == "she" else ("boy", names.BOYS)
    elif world.draw.chance(60):
        kind, pool = animal.noun, names.ANIMAL_SHES if sex == "she" else names.ANIMAL_HES
    else:
        kind, pool = animal.noun, names.GIRLS if sex == "she" else names.BOYS
    return add(world, kind, _free_name(world, pool), sex, role, trait.word, trait.bent)


def make_hero(world: World, bents: tuple[str, ...] = ("good", "bold", "shy", "any")) -> Character:
    """Whom the story is about: a child, or an animal that lives like one."""
    draw = world.draw
    sex = "she" if draw.chance(50) else "he"
    animal = None if draw.chance(62) else draw.pick(animals.HEROES)
    world.hero = make_named(world, "hero", sex, animal, bents)
    return world.hero


def is_child(who: Character) -> bool:
    """True of a boy or a girl, false of an animal."""
    return who.kind in ("boy", "girl")


def make_friend(
    world: World,
    roles: tuple[str, ...] = FRIENDS,
    bents: tuple[str, ...] = ("good", "bold", "shy", "hard"),
) -> Character:
    """Someone of the hero's age whom the hero knows; a child for a child, an animal for an animal."""
    draw, hero = world.draw, world.hero
    role = draw.pick(roles)
    other = "he" if hero.sex == "she" else "she"
    sex = other if draw.chance(70) else hero.sex
    if role in ("sister", "brother"):
        sex = "she" if role == "sister" else "he"
    animal = None
    if not is_child(hero):
        animal = draw.pick(animals.HEROES)
        if role in ("sister", "brother", "cousin"):
            animal = animals.BY_NOUN[hero.kind]
    return make_named(world, role, sex, animal, bents)


def make_elder(world: World, among: tuple[tuple[str, str], ...] = ELDERS) -> Character:
    """A grown-up of the hero's family."""
    role, sex = world.draw.pick(among)
    kind = ("woman" if sex == "she" else "man") if is_child(world.hero) else world.hero.kind
    return add(world, kind, role.capitalize(), sex, role)


def make_grown_up(world: World, job: str) -> Character:
    """A grown-up with a last name who is not of the family, such as a baker."""
    sex = "she" if world.draw.chance(50) else "he"
    title = "Mrs." if sex == "she" else "Mr."
    name = f"{title} {world.draw.pick(names.LAST_NAMES)}"
    return add(world, "woman" if sex == "she" else "man", name, sex, job)


def make_animal(world: World, ability: str = "", homes: tuple[str, ...] = (), without: str = "") -> Character:
    """An animal known by its kind ("the frog"), unlike every other of the cast.

    It has the `ability`, or lives in one of the `homes`, where these are given, and has no mark of
    those `without` names.
    """
    if ability:
        options = animals.BY_ABILITY[ability]
    elif homes:
        options = animals.BY_HOME[world.draw.pick(homes)]
    else:
        options = animals.ANIMALS
    return make_animal_of(world, _free_kind(world, options, without))


def make_animal_of(world: World, kind: Animal) -> Character:
    """An animal of a given kind, known by it."""
    look = world.draw.pick(kind.looks)
    return add(world, kind.noun, "", "it", "stranger", "", "", look)


def _fits(world: World, kind: Animal, without: str) -> bool:
    """Whether nobody of the cast is of this kind, and it has none of the marks of `without`."""
    return kind.can.isdisjoint(without.split()) and all(kind.noun != who.kind for who in world.cast)


def _free_kind(world: World, options: tuple[Animal, ...], without: str) -> Animal:
    for _ in range(20):
        kind = world.draw.pick(options)
        if _fits(world, kind, without):
            return kind
    return next(
        kind for kind in animals.ANIMALS
        if _fits(world, kind, without)
    )  # fmt: skip


def make_thing(world: World, mark: str, also: str = "", without: str = "") -> Thing:
    """A thing that has a mark (and another, and lacks a third), with a look that fits it."""
    draw = world.draw
    kind = draw.pick(things.BY_MARK[mark])
    while (also and also not in kind.marks) or (without and without in kind.marks):
        kind = draw.pick(things.BY_MARK[mark])
    return make_thing_of(world, kind)


def make_thing_of(world: World, kind: ThingKind) -> Thing:
    """A thing of a given kind, with a look that fits it."""
    thing = Thing(len(world.things), kind, world.draw.pick(kind.looks))
    world.things.append(thing)
    return thing


def own(thing: Thing, who: Character) -> Thing:
    """The thing is `who`'s, and in their hands."""
    thing.owner = thing.holder = who
    return thing
