"""Protocols: every language has every one, and what is drawn follows from seed and number."""

from collections import Counter
from pathlib import Path

import pytest

from lilliput.errors import ConfigError
from lilliput.stories.writing.protocol import Asker, builtin_protocols, load_asker
from lilliput.stories.writing.scripts import explain_wrong_script, measure_script

LANGUAGES = ["ar", "bn", "en", "hi", "ja", "mr"]
ALL = [(name, language) for name, languages in builtin_protocols().items() for language in languages]


def load(name: str, language: str) -> Asker:
    return load_asker(name, language, None, None)[0]


def test_every_protocol_speaks_every_language() -> None:
    assert builtin_protocols() == {
        "openings": LANGUAGES,
        "simplestories": LANGUAGES,
        "tinystories": LANGUAGES,
    }


@pytest.mark.parametrize(("name", "language"), ALL)
def test_a_prompt_is_whole_and_in_its_own_script(name: str, language: str) -> None:
    asker = load(name, language)
    for number in range(60):
        ask = asker.ask(3, number)
        assert "{" not in ask.prompt.replace('{"story"', ""), ask.prompt
        plain = ask.prompt.replace("JSON", "").replace("story", "")
        assert explain_wrong_script(plain, asker.language.scripts, asker.language.needed, 0.99) is None
        for words in ask.labels.get("words", []):
            assert words in ask.prompt


@pytest.mark.parametrize(("name", "language"), ALL)
def test_lists_hold_nothing_twice(name: str, language: str) -> None:
    asker = load(name, language)
    lists = {**asker.language.lists, **{part.name: part.values for part in asker.protocol.parameters}}
    for name_of_list, values in lists.items():
        names = [value if isinstance(value, str) else value.name for value in values]
        twice = [value for value, count in Counter(names).items() if count > 1]
        assert not twice, (name_of_list, twice)


def test_what_is_drawn_follows_from_seed_and_number_alone() -> None:
    asker = load("simplestories", "en")
    forwards = [asker.ask(1, number) for number in range(50)]
    backwards = [load("simplestories", "en").ask(1, number) for number in reversed(range(50))]
    assert forwards == backwards[::-1]
    assert len({ask.prompt for ask in forwards}) == 50
    assert forwards != [asker.ask(2, number) for number in range(50)]


def test_draws_cover_the_lists_and_keep_their_shares() -> None:
    asker = load("tinystories", "en")
    asks = [asker.ask(0, number) for number in range(4000)]
    features = Counter(len(ask.labels["features"]) for ask in asks)
    assert sorted(features) == [0, 1, 2, 3]
    assert all(800 < count < 1200 for count in features.values())
    assert {name for ask in asks for name in ask.labels["features"]} == {
        "Dialogue", "Twist", "BadEnding", "MoralValue", "Foreshadowing", "Conflict",
    }  # fmt: skip
    nouns = Counter(ask.labels["words"][0] for ask in asks)
    assert set(nouns) == set(asker.language.lists["nouns"])
    simple = load("simplestories", "en")
    personas = sum("persona" in simple.ask(0, number).labels for number in range(1000))
    assert 270 < personas < 390


def test_weights_are_kept() -> None:
    asker = load("simplestories", "en")
    letters = Counter(asker.ask(0, number).labels["letter"] for number in range(6000))
    assert 10 < letters["t"] / letters["k"] < 26


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "weather.toml"
    text = 'name="weather"\nlanguage="en"\nexpected_tokens=9\nopening="Of {weather}."\nanswer="text"\n'
    path.write_text(text + '[[parameters]]\nname="weather"\nvalues=["rain"]\n')
    asker, api = load_asker(str(path), "en", None, None)
    assert (asker.ask(0, 0).prompt, asker.ask(0, 0).labels, api) == ("Of rain.", {"weather": "rain"}, "chat")
    with pytest.raises(ConfigError, match="--language en"):
        load_asker(str(path), "hi", None, None)
    path.write_text(text + '[[parameters]]\nname="weather"\nlist="noun"\n')
    with pytest.raises(ConfigError, match="did you mean nouns"):
        load_asker(str(path), "en", None, None)
    path.write_text(text + '[[parameters]]\nname="weather"\nmost=2\nvalues=["rain"]\nline="{}"\n')
    with pytest.raises(ConfigError, match="1 to 2 of 1 values"):
        load_asker(str(path), "en", None, None)


@pytest.mark.parametrize(
    ("name", "language", "answer", "says"),
    [
        ("tinystory", "en", None, "did you mean tinystories"),
        ("tinystories", "fr", None, "there are ar, bn"),
        ("none.toml", "en", None, "no such file"),
        ("openings", "en", "json", "needs api completions and answer text"),
    ],
)
def test_what_is_not_there_is_said(name: str, language: str, answer: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_asker(name, language, None, answer)  # type: ignore[arg-type]


def test_scripts_are_told_apart() -> None:
    assert measure_script("The fox, 3 times!", ["LATIN"]) == 1.0
    assert measure_script("एक लोमड़ी ने कहा। 3", ["DEVANAGARI"]) == 1.0
    assert measure_script("12 …", ["LATIN"]) == 0.0
    kana, japanese = ["HIRAGANA", "KATAKANA"], ["HIRAGANA", "KATAKANA", "CJK"]
    assert explain_wrong_script("きつねはケーキを食べた。", japanese, kana, 0.9) is None
    assert "HIRAGANA" in (explain_wrong_script("從前有一隻狐狸住在森林裡。", japanese, kana, 0.9) or "")
    assert explain_wrong_script("ek lomdi ne kaha", ["DEVANAGARI"], [], 0.9)
    assert explain_wrong_script("একটি শিয়াল বলল", ["DEVANAGARI"], [], 0.9)
