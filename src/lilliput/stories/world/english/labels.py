"""The three required words of a story: a verb, a noun and an adjective that its text holds."""

from lilliput.stories.world.lexicon import verbs
from lilliput.stories.world.state import World

COMMON_VERBS = ("find", "look", "help", "give", "smile", "ask", "want", "come", "say", "go", "like", "be")


def occurs(word: str, text: str) -> bool:
    """Whether `word` stands in `text` as a word of its own, whatever its case."""
    for form in (word, word.capitalize()):
        at = text.find(form)
        while at >= 0:
            end = at + len(form)
            if not (text[end : end + 1].isalpha() or (at and text[at - 1].isalpha())):
                return True
            at = text.find(form, end)
    return False


def required_words(world: World, text: str) -> list[str]:
    """[verb, noun, adjective] in base form; of each, a form occurs in `text`."""
    return [_verb(world, text), _noun(world, text), _adjective(world, text)]


def _verb(world: World, text: str) -> str:
    turn = world.draw.below(len(world.verbs))
    for phrase in (*world.verbs[turn:], *world.verbs[:turn], *COMMON_VERBS):
        base = phrase.partition(" ")[0]
        if any(occurs(form, text) for form in verbs.forms(base)):
            return base
    raise AssertionError(f"no verb of {world.verbs} in {text!r}")


def _noun(world: World, text: str) -> str:
    nouns = [*world.nouns, *[who.kind for who in world.cast]]
    turn = world.draw.below(len(nouns))
    for phrase in (*nouns[turn:], *nouns[:turn]):
        noun = phrase.rpartition(" ")[2]
        if occurs(noun, text):
            return noun
    raise AssertionError(f"no noun of {world.nouns} in {text!r}")


def _adjective(world: World, text: str) -> str:
    looks = [thing.adjective for thing in world.things]
    kinds = [who.look or who.trait for who in reversed(world.cast)]
    for adjective in (*looks, *kinds, "happy", "sad"):
        if adjective and occurs(adjective, text):
            return adjective
    raise AssertionError(f"no adjective in {text!r}")
