"""The hub, as far as a server on this machine can stand for it."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lilliput.errors import DataError, MissingExtraError
from lilliput.stories.hub import (
    TINYSTORIES_FILE,
    TINYSTORIES_REPO,
    default_cache,
    describe_tinystories,
    fetch_tinystories,
    hub_name,
)

pytest.importorskip("huggingface_hub", reason="needs huggingface_hub (extra hub)")

STORY = b"Once upon a time there was a red ball. " * 20 + b"\n<|endoftext|>\n"
MILLION = STORY * (1_200_000 // len(STORY))
LONG_WAIT_S = 20.0


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def tinystories(data: bytes) -> dict[str, dict[str, bytes]]:
    return {TINYSTORIES_REPO: {TINYSTORIES_FILE: data}}


def test_the_first_megabytes_are_kept_up_to_the_last_whole_story(tmp_path: Path, mini_hub) -> None:
    told: list[tuple[int, int]] = []
    with mini_hub.serve_hub(tinystories(MILLION)) as hub:
        path = fetch_tinystories(
            tmp_path / "new", megabytes=1, wait_s=LONG_WAIT_S, endpoint=hub.url,
            on_progress=lambda *done: told.append(done),
        )  # fmt: skip
    assert sum("/resolve/" in request for request in hub.requests) == 1
    stories = 1_000_000 // len(STORY)
    assert path.read_bytes() == STORY * stories
    assert [entry.name for entry in path.parent.iterdir()] == ["tinystories-v2-gpt4-train-1mb.txt"]
    assert told[-1] == (1_000_000, 1_000_000)
    assert told == sorted(told)


def test_a_second_call_asks_nobody(tmp_path: Path, mini_hub) -> None:
    with mini_hub.serve_hub(tinystories(MILLION)) as hub:
        first = fetch_tinystories(tmp_path, megabytes=1, wait_s=LONG_WAIT_S, endpoint=hub.url)
        asked = len(hub.requests)
        assert fetch_tinystories(tmp_path, megabytes=1, endpoint=hub.url) == first
        assert len(hub.requests) == asked
    assert fetch_tinystories(tmp_path, megabytes=1, wait_s=0.1, endpoint=hub.url) == first


def test_a_file_shorter_than_asked_is_kept_whole(tmp_path: Path, mini_hub) -> None:
    with mini_hub.serve_hub(tinystories(STORY * 3)) as hub:
        path = fetch_tinystories(tmp_path, megabytes=5, wait_s=LONG_WAIT_S, endpoint=hub.url)
    assert path.read_bytes() == STORY * 3


def test_a_mark_is_found_where_two_blocks_meet(tmp_path: Path, mini_hub) -> None:
    story = STORY + b"a" * ((1 << 16) - len(STORY) - 5) + b"<|endoftext|>"
    with mini_hub.serve_hub(tinystories(story + b" An unfinished one.")) as hub:
        path = fetch_tinystories(tmp_path, megabytes=1, wait_s=LONG_WAIT_S, endpoint=hub.url)
    assert path.read_bytes() == story + b"\n"


@pytest.mark.parametrize("behave", ["hang", "drip", "stall", "error", "page", "missing", "html"])
def test_a_hub_that_does_not_serve_ends_in_time_and_leaves_nothing(
    tmp_path: Path, mini_hub, behave: str
) -> None:
    data_sets = {"missing": {}, "html": tinystories(b"<html>" * 1000)}
    with mini_hub.serve_hub(data_sets.get(behave, tinystories(MILLION)), behave) as hub:
        begin = time.monotonic()
        with pytest.raises(DataError) as raised:
            fetch_tinystories(tmp_path, megabytes=2, wait_s=1.5, endpoint=hub.url)
        assert time.monotonic() - begin < 3.5
        assert hub.requests
    assert "\n" not in str(raised.value)
    assert not any(tmp_path.iterdir())
    if behave in ("hang", "drip", "stall"):
        assert "nothing came for 1.5 seconds" in str(raised.value)


def test_nobody_listening_is_an_error_at_once(tmp_path: Path, mini_hub) -> None:
    with mini_hub.serve_hub({}) as hub:
        pass  # closed again: its port is free
    begin = time.monotonic()
    with pytest.raises(DataError, match="TinyStories cannot be fetched"):
        fetch_tinystories(tmp_path, wait_s=5, endpoint=hub.url)
    assert time.monotonic() - begin < 5


def test_offline_is_obeyed(tmp_path: Path, mini_hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with mini_hub.serve_hub(tinystories(MILLION)) as hub:
        with pytest.raises(DataError, match="HF_HUB_OFFLINE forbids it"):
            fetch_tinystories(tmp_path, endpoint=hub.url)
        assert not hub.requests


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, mini_hub) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with (
        mini_hub.serve_hub(tinystories(MILLION)) as hub,
        pytest.raises(DataError, match=r"cannot keep downloads .*: set XDG_CACHE_HOME"),
    ):
        fetch_tinystories(blocked / "lilliput", wait_s=LONG_WAIT_S, endpoint=hub.url)


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/where")
    assert default_cache() == Path("/some/where/lilliput")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_cache() == Path("/home/someone/.cache/lilliput")


def test_the_description_says_how_much_of_what() -> None:
    said = describe_tinystories(48)
    assert "the first 48 MB" in said
    assert TINYSTORIES_FILE in said


def test_without_huggingface_hub_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"lilliput\[hub\]"):
        fetch_tinystories(tmp_path)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("hub:owner/name", ("owner/name", None)),
        ("hub:owner/My.Set-2:story text", ("owner/My.Set-2", "story text")),
        ("hub:squad", ("squad", None)),
    ],
)
def test_the_name_and_the_column_are_told_apart(source: str, wanted) -> None:
    assert hub_name(source) == wanted


@pytest.mark.parametrize("source", ["hub:", "hub:a/b/c", "hub:a b", "hub:a/b:", "hub:/a"])
def test_another_form_of_a_hub_name_is_refused(source: str) -> None:
    with pytest.raises(DataError, match="hub:owner/name"):
        hub_name(source)


READ = """
import sys
from lilliput.errors import LilliputError
from lilliput.stories.sources import open_stories
for source in sys.argv[1:]:
    try:
        opened = open_stories([source])
        stories = list(opened.stories)
        print(opened.description, len(stories), stories[-1].text, stories[-1].labels, sep="|")
    except LilliputError as error:
        print(type(error).__name__, error, sep="|")
"""


def read_from(hub: str, home: Path, *sources: str) -> list[str]:
    """In a process of its own: these packages read the hub's address when they are imported."""
    known = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", READ, *sources],
        env={**os.environ, **known}, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_data_sets_of_the_hub_are_streamed(tmp_path: Path, mini_hub) -> None:
    pytest.importorskip("datasets", reason="needs datasets (extra hub)")
    import pyarrow as arrow
    from pyarrow import parquet

    packed = io.BytesIO()
    table = {"story": [f"Story {n}." for n in range(500)], "n": list(range(500))}
    parquet.write_table(arrow.table(table), packed)
    lines = "".join(json.dumps({"tale": f"Line {n}", "topic": "x"}) + "\n" for n in range(300))
    data_sets = {
        "a/parquet": {"data/train-00000-of-00001.parquet": packed.getvalue()},
        "a/lines": {"train.jsonl": lines.encode()},
    }
    sources = ["hub:a/parquet", "hub:a/lines:tale", "hub:a/lines:nope", "hub:a/none"]
    with mini_hub.serve_hub(data_sets) as hub:
        said = read_from(hub.url, tmp_path, *sources)
    assert said[:2] == [
        "a/parquet: the hub's data set|500|Story 499.|{'n': 499}",
        "a/lines: the hub's data set, column tale|300|Line 299|{'topic': 'x'}",
    ]
    assert said[2] == "DataError|a/lines, row 1: no column called nope; its columns: tale, topic"
    assert said[3].startswith("DataError|a/none cannot be read from the Hugging Face hub")
