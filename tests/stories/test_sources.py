"""Files, folders and what is wrong with them."""

import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lilliput.errors import DataError, LilliputError
from lilliput.stories.sources import Opened, fingerprint_stories, open_stories
from lilliput.stories.story import Story
from lilliput.stories.world import iter_world

TALES = ["Tom had a ball.\nIt was red.", "Lily saw a cat.", "The end – or is it?"]
PLAIN = "\n<|endoftext|>\n".join(TALES).encode()
LINES = "".join(json.dumps({"story": tale, "n": 1}) + "\n" for tale in TALES).encode()
ARRAY = json.dumps([{"story": tale} for tale in TALES]).encode()


def texts(*paths: object, **options: object) -> list[str]:
    return [story.text for story in open_stories([str(path) for path in paths], **options).stories]


def complaint(*paths: object, **options: object) -> str:
    with pytest.raises(DataError) as raised:
        texts(*paths, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", PLAIN), ("a.md", PLAIN), ("a", PLAIN), ("Mr. Smith's tales", PLAIN),
        ("a.jsonl", LINES), ("A.NDJSON", LINES), ("a.json", ARRAY), ("a.json", LINES),
        ("a.txt", LINES), ("a", LINES), ("a.txt.gz", PLAIN), ("a.jsonl.zst", LINES),
        ("a.gz", PLAIN),
    ],
)  # fmt: skip
def test_every_kind_of_file_gives_the_same_stories(tmp_path: Path, name, data, pack) -> None:
    assert texts(put(tmp_path / name, pack(data))) == TALES


def test_parquet_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow (extra hub)")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"content": TALES, "n": [1, 2, 3]}), path)
    assert list(open_stories([str(path)]).stories)[1] == Story(TALES[1], {"n": 2})
    assert texts(put(tmp_path / "b.txt", path.read_bytes())) == TALES
    packed = put(tmp_path / "c.parquet.gz", gzip.compress(path.read_bytes()))
    assert "packed parquet: unpack it" in complaint(packed)
    assert "does not begin like a parquet" in complaint(put(tmp_path / "d.parquet", PLAIN))
    assert "no column called nope; its columns: content, n" in complaint(path, column="nope")


def test_what_was_found_is_said(tmp_path: Path) -> None:
    plain = put(tmp_path / "a.txt", PLAIN)
    blank = put(tmp_path / "b.txt", b"One.\n\nTwo.")
    lines = put(tmp_path / "c.jsonl", LINES)
    opened = open_stories([str(plain), str(blank), str(lines)])
    assert opened.description == (
        f"{plain}: stories separated by <|endoftext|>; {blank}: stories separated by blank lines; "
        f"{lines}: JSON lines"
    )
    assert [source.name for source in opened.sources] == [str(plain), str(blank), str(lines)]


def test_a_separator_is_obeyed(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", b"One.\nStill.\n\nTwo.\r\nToo.\n<|endoftext|>\nThree.")
    assert texts(path) == ["One.\nStill.\n\nTwo.\nToo.", "Three."]
    assert texts(path, separator="blank-line") == [
        "One.\nStill.",
        "Two.\nToo.\n<|endoftext|>\nThree.",
    ]
    assert len(texts(path, separator="line")) == 6
    alone = put(tmp_path / "b.txt", b"One.\nStill one.")
    assert "--separator line" in complaint(alone)
    assert texts(alone, separator="endoftext") == ["One.\nStill one."]


def test_an_option_that_cannot_be_honoured_is_an_error(tmp_path: Path) -> None:
    plain, lines = put(tmp_path / "a.txt", PLAIN), put(tmp_path / "b.jsonl", LINES)
    assert "plain text has no columns" in complaint(plain, column="story")
    assert "for plain text, and there is none" in complaint(lines, separator="line")
    assert texts(plain, lines, column="story", separator="endoftext") == TALES + TALES


def test_a_folder_gives_what_can_be_read_by_name(tmp_path: Path) -> None:
    put(tmp_path / "b.txt", b"Second.\n\nThird.")
    put(tmp_path / "a.jsonl", b'{"text": "First."}')
    put(tmp_path / "c/deep.json", b'["Fourth."]')
    for name in ("README.md", "picture.png", "LICENSE", ".hidden.txt", ".git/x.txt", "data.rtf"):
        put(tmp_path / name, b"not a story\n\nnor this")
    put(tmp_path / "empty.txt", b"")
    assert texts(tmp_path) == ["First.", "Second.", "Third.", "Fourth."]


def test_many_files_are_described_in_one_line(tmp_path: Path) -> None:
    for number in range(9):
        put(tmp_path / f"{number}.txt", b"One.\n\nTwo.")
    said = open_stories([str(tmp_path)]).description
    assert said == f"9 files, {tmp_path / '0.txt'} the first: stories separated by blank lines"


def test_paths_that_cannot_serve_are_named(tmp_path: Path) -> None:
    put(tmp_path / "stories.txt", PLAIN)
    assert "did you mean stories.txt?" in complaint(tmp_path / "storys.txt")
    assert complaint(tmp_path / "no/where.txt").endswith("no such file or folder")
    put(tmp_path / "folder/picture.png", b"x")
    assert "nothing to read in this folder: .txt" in complaint(tmp_path / "folder")
    assert "is empty" in complaint(put(tmp_path / "empty.txt", b""))
    assert "holds no story" in complaint(put(tmp_path / "space.txt", b" \n\n"))
    assert "holds no story" in complaint(put(tmp_path / "marks.txt", b"<|endoftext|>\n" * 9))
    assert "holds no story" in complaint(put(tmp_path / "rows.jsonl", b'{"text": " "}\n'))
    assert "holds no story" in complaint(put(tmp_path / "none.json", b"[]"))
    assert "not an ending that is read" in complaint(put(tmp_path / "a.rtf", b"a,b\n\nc,d"))
    assert "line 1 is not JSON" in complaint(put(tmp_path / "text.jsonl", PLAIN))
    assert "hub:owner/name" in complaint("hub:a b")
    assert "no stories were named" in complaint()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "neither a file nor a folder" in complaint(tmp_path / "pipe.txt")


def test_only_the_ends_of_a_text_are_stripped(tmp_path: Path) -> None:
    inner = " A  b\r\n\tc d\r\n "
    rows = put(tmp_path / "a.jsonl", json.dumps({"text": inner}).encode())
    assert texts(rows) == [inner.strip()]
    plain = put(tmp_path / "a.txt", inner.encode() + b"<|endoftext|>")
    assert texts(plain) == [inner.strip().replace("\r\n", "\n")]


def test_a_text_that_a_model_cannot_read_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", b'{"text": "fine"}\n{"text": "\\udc80"}')
    assert "line 2: text: character 1 is half of a surrogate pair" in complaint(path)
    path = put(tmp_path / "a.jsonl", json.dumps({"text": "a" * 1_000_001}).encode())
    assert "line 1: text has 1,000,001 bytes" in complaint(path)
    path = put(tmp_path / "a.jsonl", json.dumps({"text": "é" * 500_001}).encode())
    assert "line 1: text has 1,000,002 bytes" in complaint(path)


def test_the_fingerprint_is_of_the_texts_in_their_order() -> None:
    one, two = Story("one", {"label": 1}), Story("two")
    length = (3).to_bytes(8, "little")
    wanted = hashlib.sha256(length + b"one" + length + b"two").hexdigest()[:16]
    assert fingerprint_stories([one, two]) == wanted
    assert fingerprint_stories([Story("one"), two]) == wanted
    assert fingerprint_stories([two, one]) != wanted
    assert fingerprint_stories([Story("onetw"), Story("o")]) != wanted


@pytest.mark.parametrize(
    ("name", "count", "size"),
    [
        ("tinystories-train.txt", 13_551, 11_055_421),
        ("other/simplestories-pilot.jsonl", 1373, 1_454_103),
        ("other/TinyStories-train.v1.first1000.json", 1000, None),
        ("other/TinyStories_all_data.data00.record0.json", 1, None),
    ],
)
def test_public_files_have_their_known_counts(shared, name, count, size) -> None:
    stories = texts(shared / "data" / name)
    assert len(stories) == count
    assert size in (None, sum(len(text.encode()) for text in stories))


def _samples() -> dict[str, bytes]:
    samples = {"a.txt": PLAIN, "b.jsonl": LINES, "c.json": ARRAY}
    samples["d.txt.gz"] = gzip.compress(PLAIN, mtime=0)
    samples["e.jsonl.zst"] = zstandard.ZstdCompressor(write_checksum=True).compress(LINES)
    samples["f.txt"] = b"One story.\n\nAnother.\n \nA third one \xc3\xa9.\n" * 3
    return samples


@pytest.mark.parametrize("name", sorted(_samples()))
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_stories_or_one_clear_line(tmp_path: Path, name: str, data) -> None:
    content = bytearray(_samples()[name])
    for _ in range(data.draw(st.integers(0, 4), "flips")):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.integers(0, len(content)), "cut")
    junk = data.draw(st.binary(max_size=20), "junk")
    _read_or_complain(put(tmp_path / name, bytes(content[:cut]) + junk))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.integers(0, 10**6), max_size=3))
def test_damaged_parquet_gives_stories_or_one_clear_line(tmp_path: Path, flips) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow (extra hub)")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"text": TALES * 50, "n": [1, 2, 3] * 50}), path)
    content = bytearray(path.read_bytes())
    for flip in flips:
        content[flip % len(content)] ^= 1 << (flip // 7 % 8)
    _read_or_complain(put(path, bytes(content)))


def _read_or_complain(path: Path) -> None:
    try:
        opened = open_stories([str(path)])
        assert isinstance(opened, Opened)
        for story in opened.stories:
            assert story.text == story.text.strip() != ""
            story.text.encode("utf-8")
    except LilliputError as error:
        _assert_one_line(error)


def _assert_one_line(error: LilliputError) -> None:
    assert "\n" not in str(error)


def test_the_story_world_is_a_source_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened = open_stories(["world:7:3"])
    assert opened.description == "the built-in story world: 7 stories of seed 3"
    assert [story.text for story in opened.stories] == [story.text for story in iter_world(3, 7)]
    for wrong in ("world:", "world:0", "world:x", "world:5:-1"):
        with pytest.raises(DataError, match="world:COUNT"):
            open_stories([wrong])
