"""Verb forms, and the words around them."""

import pytest

from lilliput.stories.world.english.grammar import capital, with_article
from lilliput.stories.world.english.refer import doing
from lilliput.stories.world.lexicon import verbs
from lilliput.stories.world.lexicon.activities import ACTIVITIES, Activity
from lilliput.stories.world.lexicon.chores import CHORES, SKILLS


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("run", ("run", "ran", "run", "running", "runs")),
        ("carry", ("carry", "carried", "carried", "carrying", "carries")),
        ("play", ("play", "played", "played", "playing", "plays")),
        ("bake", ("bake", "baked", "baked", "baking", "bakes")),
        ("hop", ("hop", "hopped", "hopped", "hopping", "hops")),
        ("catch", ("catch", "caught", "caught", "catching", "catches")),
        ("write", ("write", "wrote", "written", "writing", "writes")),
        ("help", ("help", "helped", "helped", "helping", "helps")),
    ],
)
def test_forms_of_a_verb(base: str, forms: tuple[str, ...]) -> None:
    assert verbs.forms(base) == forms


@pytest.mark.parametrize("activity", [*ACTIVITIES, *CHORES, *SKILLS], ids=lambda activity: activity.base)
def test_an_activity_has_a_past_of_its_own(activity: Activity) -> None:
    words = doing(activity)
    assert words.ing.split()[0].endswith("ing")
    assert words.did.split()[0] == verbs.past(activity.base.split()[0])
    assert words.did.split()[1:] == activity.base.split()[1:]


def test_articles_go_by_sound() -> None:
    assert with_article("orange ball") == "an orange ball"
    assert with_article("honest girl") == "an honest girl"
    assert with_article("useful key") == "a useful key"
    assert capital("the frog") == "The frog"
