"""Nine kinds of faults, planted into the world's stories, are found, and clean stories stay."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lilliput.stories.story import Story, write_jsonl
from lilliput.stories.world import iter_world

pytest.importorskip("ftfy", reason="needs the extra data")
pytest.importorskip("rensa", reason="needs the extra data")

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
RUSSIAN = "Жила-была маленькая девочка по имени Маша. Она очень любила играть в саду со своей кошкой."


@pytest.fixture(scope="module")
def planted_faults() -> ModuleType:
    return load("planted_faults")


@pytest.fixture(scope="module")
def clean_planted(planted_faults: ModuleType) -> ModuleType:
    return load("clean_planted")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_planted_faults_are_found_and_clean_stories_stay(
    planted_faults: ModuleType, clean_planted: ModuleType, tmp_path: Path
) -> None:
    texts = [story.text for story in iter_world(11, 1500)]
    valid = [story.text for story in iter_world(12, 150)]
    write_jsonl(tmp_path / "valid.jsonl", map(Story, valid))
    planted = planted_faults.plant(texts, valid, [RUSSIAN], 0.12, 0)
    again = planted_faults.plant(texts, valid, [RUSSIAN], 0.12, 0)
    assert planted == again
    left, report = clean_planted.clean_planted(planted, tmp_path / "valid.jsonl", tmp_path)
    found, missed, lost = clean_planted.judge(planted, left)
    for kind in planted_faults.KINDS:
        assert found[kind][1] == 20
        assert found[kind][0] >= 0.99 * found[kind][1], missed
    assert len(lost) <= 0.001 * len(planted.clean)
    assert report["stories_in"] == len(planted.stories)


@pytest.mark.parametrize(
    "kind", ["exact", "near", "mojibake", "fragment", "leak", "script", "long", "markup"]
)
def test_a_fault_is_missed_when_nothing_was_cleaned(
    planted_faults: ModuleType, clean_planted: ModuleType, kind: str
) -> None:
    texts = [story.text for story in iter_world(11, 200)]
    planted = planted_faults.plant(texts, texts[:50], [RUSSIAN], 0.18, 1)
    found, missed, _ = clean_planted.judge(planted, {s.labels["id"]: s.text for s in planted.stories})
    assert found[kind] == [0, 4]
    assert missed
