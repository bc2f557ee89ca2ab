"""An exported story on processors that this machine is not, emulated: each logit and letter is the same."""

import contextlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


def load_beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


processors, story_cases = load_beside("processors"), load_beside("story_cases")


@pytest.fixture(scope="module")
def cases(request):
    """All of them: made once, and stories260K among them where it is."""
    made = list(story_cases.iter_cases())
    with contextlib.suppress(pytest.skip.Exception):
        made.append(story_cases.make_260k(request.getfixturevalue("shared")))
    return made


def run_hosted(processor, program, case):
    """Logits (T, V) and the story, by the program's own main()."""
    lines = processor.run(program, "--logits", *map(str, case.ids)).splitlines()
    settings = ["-t", str(story_cases.TENTHS / 10), "-p", str(story_cases.TOP_P)]
    settings += ["-s", str(story_cases.SEED), "-n", str(story_cases.TOLD)]
    told = processor.run(program, *settings, story_cases.PROMPT)
    return np.array([line.split() for line in lines], int), told


def run_bare(processor, program, case):
    """The same from a board's serial line."""
    lines = processor.run(program).splitlines(keepends=True)
    logits = [np.frombuffer(bytes.fromhex(line.strip()), ">i2") for line in lines[: len(case.ids)]]
    return np.array(logits), "".join(lines[len(case.ids) :])


@pytest.mark.parametrize("name", processors.PROCESSORS)
def test_an_exported_story_is_the_same_on_every_processor(name, cases, tmp_path):
    processor = processors.PROCESSORS[name]
    if reason := processor.missing():
        pytest.skip(reason)
    for number, case in enumerate(cases):
        sources = case.sources(library=processor.bare)
        program = processors.build(processor, sources, tmp_path / str(number), case.as_header())
        logits, told = (run_bare if processor.bare else run_hosted)(processor, program, case)
        np.testing.assert_array_equal(logits, case.logits, case.name)
        assert told == f"{case.text}\n", case.name
