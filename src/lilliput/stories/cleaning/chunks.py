"""A chunk of stories through the stages into a part: files that say what came of it.

`N.jsonl` holds the stories that are left, `N.npz` and `N.npy` their prints for the search of duplicates,
`N.json` the tally and the digests that tell whether the part can serve a run that goes on; it comes last.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.errors import DataError
from lilliput.rundir import atomic_write, write_text
from lilliput.stories.cleaning.block import Block, Verdict
from lilliput.stories.cleaning.leaks import leaked_from
from lilliput.stories.cleaning.minhash import make_bands
from lilliput.stories.cleaning.stages import EXACT, NEAR, STAGES, Known
from lilliput.stories.cleaning.tally import (
    FLAGGED,
    MENDED,
    REMOVED,
    Tally,
    count_lengths,
    excerpt,
    excerpt_change,
)
from lilliput.stories.story import Story

BANDS = ".npy"  # of a part: a file of its own, so that one band is read without the others
_BLOCK_CHARACTERS = 1 << 17  # of text: its hashes then stay in the processor's cache

_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Chunk:
    """Consecutive stories; `first` is the number of the first one, from 0."""

    number: int
    first: int
    stories: list[Story]

    @property
    def digest(self) -> str:
        """Tells whether a part was made of these very stories."""
        digest = hashlib.blake2b(f"{self.number} {self.first}".encode(), digest_size=16)
        for story in self.stories:
            text = story.text.encode()
            digest.update(len(text).to_bytes(8, "little") + text)
            if story.labels:
                digest.update(json.dumps(story.labels, sort_keys=True, default=str).encode())
        return digest.hexdigest()


def iter_chunks(stories: Iterator[Story], chunk_characters: int) -> Iterator[Chunk]:
    """Cut a stream of stories into chunks of about `chunk_characters` of text."""
    held: list[Story] = []
    number = first = size = 0
    for story in stories:
        held.append(story)
        size += len(story.text)
        if size >= chunk_characters:
            yield Chunk(number, first, held)
            number, first, held, size = number + 1, first + len(held), [], 0
    if held:
        yield Chunk(number, first, held)


def part_path(folder: Path, number: int, ending: str) -> Path:
    """The file of a part: `ending` is .jsonl, .npz or .json."""
    return folder / f"{number:06d}{ending}"


def part_serves(folder: Path, number: int, digest: str, settings: str) -> bool:
    """Whether the part is whole, and was made of the same stories with the same settings."""
    try:
        said = json.loads(part_path(folder, number, ".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    files = (part_path(folder, number, ending) for ending in (".jsonl", ".npz", BANDS))
    same = said.get("digest") == digest and said.get("settings") == settings
    return bool(same) and all(file.is_file() for file in files)


def read_tally(folder: Path, number: int) -> tuple[Tally, set[int]]:
    """A part's tally, and which validation stories it leaks from."""
    said = json.loads(part_path(folder, number, ".json").read_text(encoding="utf-8"))
    return Tally(**said["tally"]), set(said["leaked"])


class Cleaner:
    """The stages, made once in each process, and what they do to a chunk."""

    def __init__(self, names: Sequence[str], known: Known, settings: str) -> None:
        self._names = names
        self._known = known
        self._settings = settings
        self._stages = [(name, STAGES[name](known)) for name in names if name in STAGES]

    def write_part(self, chunk: Chunk, folder: Path) -> None:
        """Clean a chunk into its three files."""
        tally = Tally(self._known.config.samples)
        leaked: set[int] = set()
        prints: list[dict[str, np.ndarray]] = []
        with atomic_write(part_path(folder, chunk.number, ".jsonl")) as file:
            start, size = chunk.first, 0
            for stories in _cut(chunk.stories):
                block = Block([story.text for story in stories], [story.labels for story in stories])
                leaked |= self._run_stages(block, tally, start)
                lines, kept = _make_lines(block, start)
                file.writelines(lines)
                sizes = np.fromiter(map(len, lines), np.int64, len(lines))
                found = self._prints_of(block, kept)
                prints.append({"starts": size + np.cumsum(sizes) - sizes, "numbers": start + kept, **found})
                start, size = start + len(stories), size + int(sizes.sum())
        merged = {name: np.concatenate([part[name] for part in prints], axis=-1) for name in prints[0]}
        merged["starts"] = np.append(merged["starts"], size)
        tally.stories_out, tally.bytes_out = len(merged["numbers"]), int(merged["sizes"].sum())
        tally.lengths_out = count_lengths(merged["words"])
        with atomic_write(part_path(folder, chunk.number, BANDS)) as file:
            np.save(file, merged.pop("bands"))
        with atomic_write(part_path(folder, chunk.number, ".npz")) as file:
            np.savez(file, allow_pickle=False, **merged)
        said: dict[str, Any] = {"digest": chunk.digest, "settings": self._settings, "leaked": sorted(leaked)}
        said["tally"] = asdict(tally)
        write_text(part_path(folder, chunk.number, ".json"), json.dumps(said, ensure_ascii=False))

    def _run_stages(self, block: Block, tally: Tally, start: int) -> set[int]:
        tally.stories_in += len(block.texts)
        tally.bytes_in += sum(map(_size, block.texts))
        leaked: set[int] = set()
        for name, stage in self._stages:
            for place, verdict in stage(block):
                if place in block.removed:
                    continue
                if name == "leak" and self._known.leaks is not None:
                    leaked.update(
                        leaked_from(block.texts[place], self._known.config.leaks, self._known.leaks)
                    )
                _apply(block, place, name, verdict, tally, start)
        for edge, count in count_lengths(np.diff(block.prints.stories)).items():
            tally.lengths_in[edge] = tally.lengths_in.get(edge, 0) + count
        return leaked

    def _prints_of(self, block: Block, kept: np.ndarray) -> dict[str, np.ndarray]:
        texts = [block.texts[place].encode() for place in kept.tolist()]
        found = {
            "sizes": np.fromiter(map(len, texts), np.int64, len(texts)),
            "words": np.diff(block.prints.stories)[kept],
        }
        if EXACT in self._names:
            whole = b"".join(hashlib.blake2b(text, digest_size=16).digest() for text in texts)
            found["exact"] = np.frombuffer(whole, np.uint64).reshape(-1, 2).T
        found["bands"] = np.zeros((0, len(kept)), np.uint32)
        if NEAR in self._names:
            found["bands"] = make_bands(block.prints, self._known.config.near)[:, kept]
        return found


def _apply(block: Block, place: int, name: str, verdict: Verdict, tally: Tally, start: int) -> None:
    text = block.texts[place]
    rank = tally.wants(name, verdict.why, text)
    sample: dict[str, Any] | None = None if rank is None else {"rank": rank, "story": start + place + 1}
    if verdict.text is not None:
        if sample is not None:
            sample["before"], sample["after"] = excerpt_change(text, verdict.text)
        block.mend(place, verdict.text)
        tally.add(name, MENDED, verdict.why, sample)
        return
    if sample is not None:
        sample["text"] = excerpt(text)
    if verdict.labels is not None:
        if sample is not None:
            sample["labels"] = verdict.labels
        block.labels[place] = {**verdict.labels, **block.labels[place]}
        tally.add(name, FLAGGED, verdict.why, sample)
        return
    block.removed[place] = (name, verdict)
    tally.add(name, REMOVED, verdict.why, sample, _size(text))


def _cut(stories: list[Story]) -> Iterator[list[Story]]:
    held: list[Story] = []
    size = 0
    for story in stories:
        held.append(story)
        size += len(story.text)
        if size >= _BLOCK_CHARACTERS:
            yield held
            held, size = [], 0
    if held:
        yield held


def _make_lines(block: Block, start: int) -> tuple[list[bytes], np.ndarray]:
    """The JSON lines of the stories that are left, and their places in the block."""
    kept = list(block.left())
    lines = []
    for place in kept:
        labels = block.labels[place]
        if "text" in labels:
            raise DataError(f"story {start + place + 1}: a label cannot be called text: rename it")
        try:
            rest = f", {_encode(labels)[1:]}" if labels else "}"
            lines.append(f'{{"text": {encode_basestring(block.texts[place])}{rest}\n'.encode())
        except (TypeError, ValueError) as error:
            raise DataError(f"story {start + place + 1} cannot be written as JSON: {error}") from None
    return lines, np.array(kept, np.int64)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
