"""Settings: one way to change them, and what a wrong one is told."""

from pathlib import Path

import pytest

from lilliput.config import Config, near_miss, read_toml
from lilliput.errors import ConfigError


class Inner(Config):
    learning_rate: float = 0.1
    minutes: float | None = None


class Outer(Config):
    name: str = "x"
    train: Inner = Inner()


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
