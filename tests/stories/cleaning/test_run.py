"""A whole run: labels stay, counts add up, a killed run goes on to the same file, workers change nothing."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lilliput.errors import DataError
from lilliput.stories.cleaning.config import Cleaning
from lilliput.stories.cleaning.page import make_page
from lilliput.stories.cleaning.run import Order, clean_stories, work_folder
from lilliput.stories.cleaning.stages import NAMES, choose_stages
from lilliput.stories.sources import open_stories
from lilliput.stories.story import Story, read_jsonl, write_jsonl
from lilliput.stories.world import iter_world

pytest.importorskip("ftfy", reason="needs the extra data")
pytest.importorskip("rensa", reason="needs the extra data")

CHUNK = 20_000  # characters: some twenty chunks of what follows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The world's stories with labels, and some faults."""
    stories = list(iter_world(1, 500))
    stories[50] = Story(stories[50].text.rstrip(".!\"”' "), {"n": 50})
    stories[100] = Story("", {"n": 100})
    stories[150] = Story(stories[3].text, {"n": 150})
    stories[200] = Story(stories[200].text.replace(". ", ".  "), {"n": 200, "theme": ["мир", None, 1.5]})
    stories[499] = Story(stories[400].text.replace("e", "é", 1), {"n": 499})
    write_jsonl(tmp_path / "data.jsonl", stories)
    return tmp_path / "data.jsonl"


def clean(
    data: Path,
    output: Path,
    on_progress: Callable[..., None] = lambda *_: None,
    against: Path | None = None,
    only: tuple[str, ...] = (),
    workers: int = 1,
    config: Cleaning | None = None,
) -> dict[str, Any]:
    order = Order(
        opened=open_stories([str(data)], keep_empty=True),
        against=open_stories([str(against)]) if against else None,
        output=output,
        names=choose_stages(only, (), against is not None),
        config=config or Cleaning(),
        workers=workers,
        chunk_characters=CHUNK,
    )
    return clean_stories(order, lambda _: None, on_progress)


def removed_by(report: dict[str, Any]) -> dict[str, int]:
    return {stage["stage"]: stage["removed"] for stage in report["stages"] if stage["removed"]}


def test_faults_go_labels_stay_and_counts_add_up(data: Path, tmp_path: Path) -> None:
    report = clean(data, tmp_path / "clean.jsonl")
    assert removed_by(report) == {"empty": 1, "fragment": 1, "exact": 1, "near": 1}
    given, left = list(read_jsonl(data)), list(read_jsonl(tmp_path / "clean.jsonl"))
    gone = {50, 100, 150, 499}
    assert [story.labels for story in left] == [s.labels for at, s in enumerate(given) if at not in gone]
    assert left[200 - 3].text == given[200].text.replace(".  ", ". ")
    assert report["stories_in"] == 500
    assert report["stories_out"] == len(left) == 500 - report["removed"]
    assert report["bytes_in"] == sum(len(story.text.encode()) for story in given)
    assert report["bytes_out"] == sum(len(story.text.encode()) for story in left)
    bins = report["words_per_story"]
    assert sum(entry["before"] for entry in bins) == 500
    assert sum(entry["after"] for entry in bins) == len(left)
    near = next(stage for stage in report["stages"] if stage["stage"] == "near")["reasons"][0]["samples"][0]
    assert (near["story"], near["like"]) == (500, 401)
    assert not work_folder(tmp_path / "clean.jsonl").exists()


def test_clean_stories_are_clean(data: Path, tmp_path: Path) -> None:
    clean(data, tmp_path / "once.jsonl")
    report = clean(tmp_path / "once.jsonl", tmp_path / "twice.jsonl")
    assert (tmp_path / "once.jsonl").read_bytes() == (tmp_path / "twice.jsonl").read_bytes()
    assert all(stage["removed"] == stage["mended"] == 0 for stage in report["stages"])


def test_workers_change_nothing(data: Path, tmp_path: Path) -> None:
    alone = clean(data, tmp_path / "one.jsonl")
    together = clean(data, tmp_path / "two.jsonl", workers=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert alone == together


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_stopped_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "clean.jsonl"
    whole = clean(data, tmp_path / "whole.jsonl")
    for stop in (3, 5, 9):
        seen = []

        def on_progress(doing: str, *_: object, seen: list[str] = seen, stop: int = stop) -> None:
            seen.append(doing)
            if seen.count("cleaning") == stop:
                raise Killed

        with pytest.raises(Killed):
            clean(data, output, on_progress)
        assert not output.exists()
    report = clean(data, output)
    assert report.pop("parts_reused") == 9
    assert report.items() <= whole.items()
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_parts_of_other_stories_or_settings_are_made_anew(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "clean.jsonl"

    def stop(doing: str, *_: object) -> None:
        if doing == "writing":
            raise Killed

    with pytest.raises(Killed):
        clean(data, output, stop)
    stories = list(read_jsonl(data))
    stories[20] = Story("A cat sat on the mat and was happy.", {"n": 20})
    write_jsonl(data, stories)
    # the sample, and so the commonest words, are others now: nothing may be reused
    assert clean(data, output, config=Cleaning(samples=4))["parts_reused"] == 0
    assert list(read_jsonl(output))[20].labels == {"n": 20}


def test_a_killed_process_leaves_no_half_file_and_its_parts_are_used(data: Path, tmp_path: Path) -> None:
    whole = clean(data, tmp_path / "whole.jsonl")
    output = tmp_path / "clean.jsonl"
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from lilliput.stories.cleaning.config import Cleaning\n"
        "from lilliput.stories.cleaning.run import Order, clean_stories\n"
        "from lilliput.stories.cleaning.stages import choose_stages\n"
        "from lilliput.stories.sources import open_stories\n"
        "order = Order(open_stories([sys.argv[1]], keep_empty=True), None, Path(sys.argv[2]),\n"
        f"    choose_stages((), (), False), Cleaning(), 1, {CHUNK})\n"
        "def slowly(doing, *_):\n"
        "    if doing == 'cleaning': time.sleep(0.1)\n"
        "clean_stories(order, lambda _: None, slowly)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(data), str(output)])
    while len(list(work_folder(output).glob("*.json"))) < 3:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not output.exists()
    report = clean(data, output)
    assert report["parts_reused"] >= 3
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert report["sha256"] == whole["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.jsonl", "data.jsonl", "whole.jsonl"]


def test_two_runs_do_not_work_on_one_output(data: Path, tmp_path: Path) -> None:
    def again(doing: str, *_: object) -> None:
        if doing == "cleaning":
            with pytest.raises(DataError, match="by another run"):
                clean(data, tmp_path / "clean.jsonl")

    clean(data, tmp_path / "clean.jsonl", again)


def test_a_corpus_of_which_nothing_is_left_is_an_error_that_names_the_stage(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data.jsonl", [Story("One.", {}), Story("Two.", {})])
    with pytest.raises(DataError, match="no story is left of 2: the stage empty removed 2"):
        clean(tmp_path / "data.jsonl", tmp_path / "clean.jsonl")
    assert not (tmp_path / "clean.jsonl").exists()


def test_only_and_skip_choose_stages() -> None:
    assert choose_stages((), (), True) == NAMES
    assert choose_stages((), ("near", "exact"), False) == tuple(
        name for name in NAMES if name not in ("near", "exact", "leak")
    )
    assert choose_stages(("near", "repair"), (), False) == ("repair", "near")


def test_repair_alone_changes_nothing_else(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/other/TinyStories-train.v1.first1000.json"
    report = clean(source, tmp_path / "mended.jsonl", only=("repair",))
    assert report["stages"][0]["mended"] == 83
    given = [text.strip() for text in json.loads(source.read_text("utf-8"))]
    left = [story.text for story in read_jsonl(tmp_path / "mended.jsonl")]
    assert sum(one != other for one, other in zip(given, left, strict=True)) == 83
    assert [one for one in given if one.isascii()] == [one for one in left if one.isascii()]


def test_the_page_shows_the_counts_and_needs_nothing_else(data: Path, tmp_path: Path) -> None:
    stories = [*read_jsonl(data), Story("A sad <script>alert(1)</script> story & more.", {})]
    write_jsonl(data, stories)
    report = clean(data, tmp_path / "clean.jsonl")
    page = make_page(report)
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    for outside in ("http", "src=", "href=", "url(", "@import"):
        assert outside not in page
    for stage in report["stages"]:
        for reason in stage["reasons"]:
            assert f">{reason['stories']:,}</b>" in page
