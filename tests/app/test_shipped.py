"""The models that come with the package: small, whole, told by name, and what their card says."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lilliput.app.cli import app
from lilliput.app.shipped import FOLDER, shipped_models, split_words
from lilliput.errors import ConfigError
from lilliput.formats.folder import INTEGERS, has_floats, load_folder_config, read_details
from lilliput.models.count import count_parameters
from lilliput.presets import find_plan
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.intmodel_file import fingerprint, load_intmodel
from lilliput.runtime.native import library_path

MOST_BYTES = 3_500_000
MOST_PARAMETERS = {"pocket": 260_032, "laptop": 1_000_000, "cartridge": 400_000}
OF_FLOATS = [name for name, path in shipped_models().items() if has_floats(path)]


def test_together_they_stay_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < MOST_BYTES


@pytest.mark.parametrize("name", shipped_models())
def test_each_is_whole_and_says_how_it_was_made(name: str) -> None:
    path = shipped_models()[name]
    details = read_details(path)
    assert count_parameters(load_folder_config(path)).parameters <= MOST_PARAMETERS[name]
    assert details["plan"]["name"] == name
    plan = find_plan(name).model_dump()
    assert details["plan"]["model"].keys() == plan["model"].keys()
    assert details["scores"]
    for file in path.iterdir():
        if file.suffix in (".json", ".md"):
            text = file.read_text(encoding="utf-8")
            assert "/tmp" not in text
            assert "/home/" not in text
            assert "training.png" not in text  # the picture stays with the run


def test_the_cartridges_integers_are_those_of_its_card_and_a_cartridge_holds_them() -> None:
    path = shipped_models()["cartridge"]
    model = load_intmodel(path / INTEGERS)
    check_cartridge(model)
    assert fingerprint(model) == read_details(path)["integers"]["fingerprint"]


@pytest.mark.parametrize("name", OF_FLOATS)
def test_each_scores_what_it_says(name: str, shared: Path) -> None:
    from lilliput.app.engines import open_scorer
    from lilliput.evaluation.loss import measure_loss
    from lilliput.stories.sources import open_stories

    if library_path() is None:
        pytest.skip("the C engine was not built")
    scorer, folder = open_scorer(shipped_models()[name], "c", 1)
    stories = open_stories([str(shared / "data" / "tinystories-valid.txt")]).stories
    found = measure_loss(scorer, folder.tokenizer, (story.text for story in stories))
    [score] = folder.details["scores"]
    assert found.bits_per_byte == pytest.approx(score["bits_per_byte"], abs=1e-5)


def test_tell_needs_no_model_and_takes_a_beginning() -> None:
    if library_path() is None:
        pytest.skip("the C engine was not built")
    runner = CliRunner()
    done = runner.invoke(app, ["tell", "--seed", "1", "--max-tokens", "20", "--json"])
    assert done.exit_code == 0, done.output
    named = runner.invoke(app, ["tell", "pocket", "--seed", "1", "--max-tokens", "20", "--json"])
    assert json.loads(named.stdout)[0]["text"] == json.loads(done.stdout)[0]["text"]
    begun = runner.invoke(app, ["tell", "Once upon a time", "--max-tokens", "5", "--json"])
    assert json.loads(begun.stdout)[0]["text"].startswith("Once upon a time")


def test_words_are_a_model_or_a_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pocket = FOLDER / "pocket"
    assert split_words([]) == (pocket, "")
    assert split_words(["pocket"]) == (pocket, "")
    assert split_words(["One day"]) == (pocket, "One day")
    assert split_words(["runs/none"]) == (Path("runs/none"), "")  # a slip in a model's name stays one
    assert split_words(["pocket", "Once"]) == (pocket, "Once")
    (tmp_path / "pocket").mkdir()
    assert split_words(["pocket"]) == (Path("pocket"), "")  # a folder of one's own comes first
    with pytest.raises(ConfigError, match="in quotes"):
        split_words(["pocket", "Once", "upon"])
