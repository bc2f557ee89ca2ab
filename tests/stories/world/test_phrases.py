"""The tables of phrasings fit the events that the plots record."""

import re
import string
from collections import defaultdict

import pytest

from lilliput.stories.world.draw import Draw
from lilliput.stories.world.english.phrases import compile_line
from lilliput.stories.world.english.tables import PHRASES, TABLES
from lilliput.stories.world.english.time import phrases
from lilliput.stories.world.plots.families import FAMILIES
from lilliput.stories.world.state import BREAK, UNTOLD, World

PARTICIPANTS = "abctpx"


def slots(text: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def given() -> dict[str, set[str]]:
    """For every kind of event, the participants that it has in all its occurrences."""
    have: dict[str, set[str]] = defaultdict(lambda: set(PARTICIPANTS))
    for seed in range(20_000):
        draw = Draw(seed)
        plot = FAMILIES[seed % len(FAMILIES)]
        world = World(draw, plot.__name__)
        plot(world)
        for kind, *participants in [*world.events, *world.summary]:
            there = {
                name for name, it in zip(PARTICIPANTS, participants, strict=True) if it not in (None, "")
            }
            have[kind] &= there
    return have


def test_every_event_has_phrasings_and_every_phrasing_has_an_event(given: dict[str, set[str]]) -> None:
    told = set(given) - {BREAK, UNTOLD}
    assert told <= set(PHRASES)
    assert set(PHRASES) - told - {UNTOLD} == set()


def test_a_phrasing_uses_only_what_its_event_has(given: dict[str, set[str]]) -> None:
    times = set(phrases(Draw(0)))
    for kind, phrasings in PHRASES.items():
        for phrasing in phrasings.all:
            for text in phrasing.texts:
                assert slots(text) <= given[kind] | times, (kind, text)


def test_every_event_has_at_least_two_phrasings_but_for_summaries() -> None:
    few = [k for k, p in PHRASES.items() if ".sum." not in k and k != UNTOLD and len(p.all) < 2]
    assert not few


def test_every_event_can_be_told_without_speech() -> None:
    assert [kind for kind, phrasings in PHRASES.items() if not phrasings.quiet] == [UNTOLD]


def test_every_phrasing_of_an_opening_tells_the_trait() -> None:
    for kind in ("open.who", "open.love", "open.where", "open.speech"):
        for phrasing in PHRASES[kind].all:
            assert all(re.search(r"\{a\.(trait|atrait|intro)\}", text) for text in phrasing.texts), phrasing


def test_no_two_tables_phrase_the_same_event() -> None:
    kinds = [kind for table in TABLES for kind in table.PHRASES]
    assert len(kinds) == len(set(kinds))


def test_no_phrasing_introduces_the_same_character_twice() -> None:
    for phrasings in PHRASES.values():
        for phrasing in phrasings.all:
            for text in phrasing.texts:
                assert text.count("{b.ref}") + text.count("{b.Ref}") <= 1, text
                assert text.count("{c.ref}") + text.count("{c.Ref}") <= 1, text


def test_brackets_are_expanded_to_every_choice() -> None:
    line = compile_line("{A} [ran|went] to [the sea|{b}].")
    assert set(line.texts) == {
        "{a.Ref} ran to the sea.",
        "{a.Ref} ran to {b.ref}.",
        "{a.Ref} went to the sea.",
        "{a.Ref} went to {b.ref}.",
    }
    assert (line.names_a, line.names_b, line.ending) == (True, True, "")


def test_a_line_of_speech_keeps_its_last_mark_and_names_its_speaker() -> None:
    line = compile_line(">Where is it, {b.call}?")
    assert line.texts == ("Where is it, {b.call}",)
    assert (line.ending, line.names_a, line.calls_b) == ("?", True, True)
