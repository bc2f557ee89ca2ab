"""From stories to two shards in one pass."""

from pathlib import Path

import pytest

from lilliput.errors import DataError
from lilliput.stories.shards import open_shard, tokenize_stories
from lilliput.stories.sources import fingerprint_stories, open_stories
from lilliput.stories.split import is_valid
from lilliput.stories.story import Story

TALES = [Story(f"Tale {number} of a König.") for number in range(300)]


def tokenized(folder: Path, stories, tokenizer, share: float = 0.1, **options):
    return tokenize_stories(
        stories, tokenizer, folder / "train.shard", folder / "valid.shard", share, **options
    )


def test_each_story_goes_to_its_side_in_order(tmp_path: Path, byte_tokenizer) -> None:
    counts = tokenized(tmp_path, iter(TALES), byte_tokenizer)
    for name, side in (("train", False), ("valid", True)):
        shard = open_shard(tmp_path / f"{name}.shard", byte_tokenizer.fingerprint)
        wanted = [tale.text.encode() for tale in TALES if is_valid(tale.text, 0.1) is side]
        rows = [shard.story(index).tolist() for index in range(len(shard))]
        assert [bytes(i - 3 for i in row[1:-1]) for row in rows] == wanted
        assert shard.story_bytes.tolist() == [len(text) for text in wanted]
        assert {(row[0], row[-1]) for row in rows} == {(1, 2)}
        assert shard.header == getattr(counts, name)
        assert shard.header.source == fingerprint_stories(TALES)


def test_the_sides_stay_as_they_are_when_the_data_grow(tmp_path: Path, byte_tokenizer) -> None:
    tokenized(tmp_path / "few", TALES[:200], byte_tokenizer)
    tokenized(tmp_path / "more", [*reversed(TALES)], byte_tokenizer)
    for name in ("train.shard", "valid.shard"):
        few, more = open_shard(tmp_path / "few" / name), open_shard(tmp_path / "more" / name)
        rows = {more.story(index).tobytes() for index in range(len(more))}
        assert {few.story(index).tobytes() for index in range(len(few))} < rows


def test_progress_is_told_in_stories_and_bytes(tmp_path: Path, byte_tokenizer) -> None:
    told: list[tuple[int, int]] = []
    long = [Story(f"{number} " + "a" * 400_000) for number in range(20)]
    tokenized(tmp_path, long, byte_tokenizer, 0.3, on_progress=lambda *done: told.append(done))
    assert len(told) == 7
    assert told == sorted(told)
    assert told[-1] == (20, sum(len(story.text) for story in long))


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "there is no story"), (1, "one story is not enough.*--separator"), (2, "none of the 2")],
)
def test_too_few_stories_are_refused_and_nothing_is_left(
    tmp_path: Path, byte_tokenizer, count: int, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        tokenized(tmp_path, TALES[:count], byte_tokenizer, 0.01)
    assert not any(tmp_path.iterdir())


def test_a_source_that_fails_in_the_middle_leaves_the_old_shards(tmp_path: Path, byte_tokenizer) -> None:
    tokenized(tmp_path, TALES, byte_tokenizer)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    bad = tmp_path / "bad.jsonl"
    bad.write_text("".join(f'{{"text": "{number}"}}\n' for number in range(90)) + "{")
    with pytest.raises(DataError, match="line 91"):
        tokenized(tmp_path, open_stories([str(bad)]).stories, byte_tokenizer)
    bad.unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_share_that_leaves_one_side_empty_is_refused(tmp_path: Path, byte_tokenizer, share: float) -> None:
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        tokenized(tmp_path, TALES, byte_tokenizer, share)


def test_a_real_tokenizer_gives_the_text_back(shared, tmp_path: Path) -> None:
    from lilliput.tokens import load_tokenizer

    tokenizer = load_tokenizer(shared / "tokenizers/tok512.model")
    stories = list(open_stories([str(shared / "data/tinystories-valid.txt")]).stories)
    counts = tokenized(tmp_path, stories, tokenizer, 0.05)
    assert counts.train.stories + counts.valid.stories == 1316
    assert counts.train.text_bytes + counts.valid.text_bytes == 1_048_615
    shard = open_shard(tmp_path / "train.shard", tokenizer.fingerprint)
    first = next(story.text for story in stories if not is_valid(story.text, 0.05))
    assert tokenizer.decode(shard.story(0)[1:-1].tolist()).strip() == first
