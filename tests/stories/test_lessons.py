"""Files of lessons: whole, of their shard, or refused."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lilliput.errors import DataError, FormatError
from lilliput.stories.batches import Batches
from lilliput.stories.lessons import Lesson, open_lessons, write_lessons
from lilliput.stories.shard_files import Shard

MakeShard = Callable[[Sequence[Sequence[int]]], Shard]
STORIES = [[5, 6, 7], [], [8, 9, 10, 11, 12, 13]]


def lessons_of(shard: Shard, top: int = 2) -> list[Lesson]:
    """For each story: the first id is the token, the second the next number."""
    return [
        Lesson(
            np.stack([shard.story(number) + place for place in range(top)], 1).astype(np.int32),
            np.full((len(shard.story(number)), top), 0.375, np.float32),
        )
        for number in range(len(shard))
    ]


def test_what_was_written_is_read_at_every_place(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard(STORIES)
    path = tmp_path / "made.lessons"
    write_lessons(path, shard, lessons_of(shard), 2, "a friend")
    lessons = open_lessons(path, shard)
    assert lessons.header.teacher == "a friend"
    for start, stop in ((0, 1), (3, 9), (0, len(shard.tokens))):
        lesson = lessons.at(start, stop)
        assert lesson.ids.dtype == np.int32
        assert lesson.chances.dtype == np.float32
        assert lesson.ids[:, 0].tolist() == shard.tokens[start:stop].tolist()
        assert (lesson.chances == 0.375).all()


def test_a_batch_has_the_lessons_of_its_targets(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard(STORIES)
    write_lessons(tmp_path / "l", shard, lessons_of(shard), 2, "x")
    lessons = open_lessons(tmp_path / "l", shard)
    for rank in (0, 1):
        taught = Batches(shard, batch_tokens=6, context=4, seed=0, rank=rank, world=2, lessons=lessons)
        for step in range(taught.steps_per_epoch):
            batch = taught.at(step)
            assert len(batch.lessons) == len(batch.rows)
            for row, lesson in zip(batch.rows, batch.lessons, strict=True):
                assert lesson.ids[:, 0].tolist() == row[1:].tolist()


def test_lessons_of_too_few_tokens_are_not_kept(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard(STORIES)
    with pytest.raises(DataError, match="the teacher spoke of 7 tokens, the shard has 15"):
        write_lessons(tmp_path / "l", shard, lessons_of(shard)[:2], 2, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["made.shard"]


def test_lessons_of_another_shard_are_refused(make_shard: MakeShard, tmp_path: Path) -> None:
    shard = make_shard(STORIES)
    write_lessons(tmp_path / "l", shard, lessons_of(shard), 2, "x")
    other = make_shard([[5, 6, 8], *STORIES[1:]])
    with pytest.raises(DataError, match="was made for other stories"):
        open_lessons(tmp_path / "l", other)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:100], "it is too short"),
        (lambda data: b"x" + data[1:], "holds no lessons of version 1"),
        (lambda data: data[:30] + b"9" + data[31:], "is damaged"),
        (lambda data: data[:4096] + b"\xff\xff" + data[4098:], "no id or no probability"),
        (lambda data: data[:4100] + b"\0\x7e" + data[4102:], "no id or no probability"),  # a NaN
        (lambda data: data[:4100] + b"\0\x3c" + data[4102:], "no id or no probability"),  # 1 and 0.375
        (lambda data: data[:4096] + b"\x09\0" + data[4098:], "is damaged"),
        (lambda data: data[:-1], "cut short or has too much"),
        (lambda data: data + b"\0", "cut short or has too much"),
    ],
)
def test_a_damaged_file_is_refused(
    make_shard: MakeShard, tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    shard = make_shard(STORIES)
    path = tmp_path / "l"
    write_lessons(path, shard, lessons_of(shard), 2, "x")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=says):
        open_lessons(path, shard)


def test_a_missing_file_says_what_to_do(make_shard: MakeShard, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="start it again"):
        open_lessons(tmp_path / "none", make_shard(STORIES))
