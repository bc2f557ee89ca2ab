"""Settings: one way to change them, and what a wrong one is told."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from lilliput.config import Config, near_miss, read_toml
from lilliput.errors import ConfigError


class Inner(Config):
    learning_rate: float = 0.1
    minutes: float | None = None


class Outer(Config):
    name: str = "x"
    train: Inner = Inner()


class Cat(Config):
    kind: Literal["cat"] = "cat"
    legs: int = 4
    lives: int


class Bird(Config):
    kind: Literal["bird"] = "bird"
    legs: int = 2
    wings: int = 2


class Home(Config):
    pet: Annotated[Cat | Bird, Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("train.learning_rate=0.5", Outer(train=Inner(learning_rate=0.5))),
        ("name=some words", Outer(name="some words")),
        ('name="quoted"', Outer(name="quoted")),
        ("train.minutes=3", Outer(train=Inner(minutes=3))),
        ("train.minutes=none", Outer()),
    ],
)
def test_a_setting_changes_one_value(setting: str, expected: Outer) -> None:
    assert Outer().with_settings([setting]) == expected


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("train.lrr=1", "no setting lrr; there are learning_rate, minutes"),
        ("train.learning_rat=1", "did you mean learning_rate"),
        ("trian.minutes=1", "did you mean train"),
        ("train=1", "train is a group; set one of learning_rate, minutes"),
        ("name.x=1", "name holds a value"),
        ("name", "write it as name=value"),
        ("=3", "write it as name=value"),
        ("train.learning_rate=fast", "train.learning_rate = 'fast'"),
        ("name=[1]", "name"),
    ],
)
def test_a_wrong_setting_is_one_line_that_helps(setting: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Outer().with_settings([setting])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_is_refused_with_its_near_miss() -> None:
    with pytest.raises(ConfigError, match=r"f\.json: no setting train\.minuts; did you mean minutes"):
        Outer.from_dict({"train": {"minuts": 3}}, "f.json")


def test_changes_lie_over_a_config_group_by_group() -> None:
    changed = Outer(name="kept").with_changes({"train": {"minutes": 2.0}}, "plan.toml")
    assert changed == Outer(name="kept", train=Inner(minutes=2.0))
    with pytest.raises(ConfigError, match=r"plan\.toml: no setting trane"):
        Outer().with_changes({"trane": {}}, "plan.toml")


def test_a_config_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Outer().name = "y"  # type: ignore[misc]


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = ")
    with pytest.raises(ConfigError, match=r"a\.toml is not a TOML file"):
        read_toml(tmp_path / "a.toml")
    with pytest.raises(ConfigError, match="no such file"):
        read_toml(tmp_path / "b.toml")


def test_a_far_miss_is_told_all_names() -> None:
    assert near_miss("zzz", ["b", "a"]) == "there are a, b"


def test_a_group_that_changes_its_kind_keeps_what_both_kinds_have() -> None:
    home = Home(pet=Cat(legs=3, lives=9))
    assert home.with_settings(["pet.wings=1", "pet.kind=bird"]) == Home(pet=Bird(legs=3, wings=1))
    assert home.with_changes({"pet": {"kind": "bird"}}, "f") == Home(pet=Bird(legs=3))
    back = Home(pet=Bird()).with_settings(["pet.kind=cat", "pet.lives=7"])
    assert back == Home(pet=Cat(legs=2, lives=7))
    assert home.with_settings(["pet.kind=cat"]) == home


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["pet.kind=brid"], "--set: pet.kind = 'brid' is not known; did you mean bird?"),
        (["pet.kind=3"], "--set: pet.kind = '3' is not known; there are bird, cat"),
        (["pet.wings=1"], "--set pet.wings=1: no setting wings; there are kind, legs, lives"),
        (
            ["pet.kind=bird", "pet.lives=1"],
            "--set pet.lives=1: no setting lives; did you mean legs?",
        ),
        (["pet.legs=many"], "--set: pet.legs = 'many'"),
        (["pet=bird"], "--set pet=bird: pet is a group"),
    ],
)
def test_a_wrong_kind_is_one_line_that_helps(settings: list[str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Home(pet=Cat(lives=9)).with_settings(settings)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pet", "told"),
    [
        ({"kind": "bird", "wigns": 1}, "f: no setting pet.wigns; did you mean wings?"),
        ({"kind": "cat"}, "f: pet.lives is missing"),
        ({"legs": 1}, "f: pet.kind is missing; there are bird, cat"),
        (3, "f: pet = 3"),
    ],
)
def test_a_fault_within_a_kind_is_told_without_the_kind(pet: object, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Home.from_dict({"pet": pet}, "f")
    assert str(caught.value).startswith(told)
