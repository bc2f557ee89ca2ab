"""A corpus in, a clean corpus and its report out; a run that was killed goes on where it was."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from lilliput.errors import DataError
from lilliput.rundir import atomic_write, remove_leftovers
from lilliput.stories.cleaning.chunks import Chunk, iter_chunks, part_path, read_tally
from lilliput.stories.cleaning.config import Cleaning
from lilliput.stories.cleaning.corpus import Corpus, look_at_corpus
from lilliput.stories.cleaning.duplicates import Parts, Twin, find_duplicates
from lilliput.stories.cleaning.leaks import make_leak_index
from lilliput.stories.cleaning.report import make_report
from lilliput.stories.cleaning.settings import fingerprint_settings
from lilliput.stories.cleaning.stages import EXACT, Known
from lilliput.stories.cleaning.tally import REMOVED, Tally, count_lengths, excerpt
from lilliput.stories.cleaning.working import Work, write_parts
from lilliput.stories.sources import Opened

CHUNK_CHARACTERS = 4_000_000  # a few seconds' work: what a killed run loses
_SAMPLE_STORIES, _SAMPLE_CHARACTERS = 2000, 2_000_000  # of each source, to see what the corpus is like

OnProgress = Callable[[str, float, float | None], None]  # what is done, how much, of how much
WriteReport = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Order:
    """What is to be cleaned, how, and where to."""

    opened: Opened
    against: Opened | None
    output: Path
    names: Sequence[str]
    config: Cleaning
    workers: int = 1
    chunk_characters: int = CHUNK_CHARACTERS


def work_folder(output: Path) -> Path:
    """Where the parts of a run lie until `output` is whole."""
    return output.with_name(f"{output.name}.parts")


def clean_stories(order: Order, write_report: WriteReport, on_progress: OnProgress) -> dict[str, Any]:
    """Clean a corpus into `order.output`; returns the report after `write_report` has taken it.

    `output` appears last of all. A killed run leaves its parts beside it; the same call goes on with those
    whose stories and settings are still the same. Raises DataError when no story is left, and when another
    run is at work on the same output.
    """
    folder = work_folder(order.output)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            remove_leftovers(folder)
            for leftover in order.output.parent.glob(f".{order.output.name}.*.part"):
                leftover.unlink(missing_ok=True)
            report = _clean(order, folder, write_report, on_progress)
    except Timeout:
        raise DataError(f"{order.output} is being made by another run: wait, or name another") from None
    shutil.rmtree(folder, ignore_errors=True)
    return report


def _clean(order: Order, folder: Path, write_report: WriteReport, on_progress: OnProgress) -> dict[str, Any]:
    on_progress("looking", 0, None)
    known = _learn(order)
    settings = fingerprint_settings(order.names, known)
    characters, reused = 0, 0

    def on_chunk(chunk: Chunk, was_there: bool) -> None:
        nonlocal characters, reused
        characters += sum(len(story.text) for story in chunk.stories)
        reused += was_there
        on_progress("cleaning", characters, None)

    chunks = iter_chunks(order.opened.stories, order.chunk_characters)
    count = write_parts(chunks, Work(order.names, known, settings, folder), order.workers, on_chunk)
    tally, leaked = Tally(order.config.samples), set[int]()
    for number in range(count):
        more, found = read_tally(folder, number)
        tally.merge(more)
        leaked |= found
    parts = Parts(folder, count)
    try:
        gone = find_duplicates(
            parts, tuple(order.names), order.config.near, lambda share: on_progress("comparing", share, 1.0)
        )
    finally:
        parts.close()
    if len(gone) == len(parts):
        raise DataError(f"no story is left of {tally.stories_in:,}: {_heaviest(tally)}; --skip that stage")
    with atomic_write(order.output) as file:
        digest = _write_clean(file, parts, folder, gone, tally, on_progress)
        report = make_report(order.names, known, tally, leaked)
        report |= {"read_as": order.opened.description, "sha256": digest, "parts_reused": reused}
        write_report(report)
    return report


def _learn(order: Order) -> Known:
    texts: list[str] = []
    for source in order.opened.sources:
        size = 0
        for story in islice(source.read(), _SAMPLE_STORIES):
            texts.append(story.text)
            size += len(story.text)
            if size > _SAMPLE_CHARACTERS / len(order.opened.sources):
                break
    corpus: Corpus = look_at_corpus(texts, order.config.language)
    against = order.against
    return Known(
        order.config,
        corpus,
        None if against is None else make_leak_index(against.stories, order.config.leaks),
    )


def _write_clean(
    file: IO[bytes], parts: Parts, folder: Path, gone: dict[int, Twin], tally: Tally, on_progress: OnProgress
) -> str:
    """Copy the lines that stay, count those that go; returns the sha256 of what was written."""
    digest = hashlib.sha256()
    numbers, words, sizes = parts.column("numbers"), parts.column("words"), parts.column("sizes")
    for number in range(parts.count):
        on_progress("writing", number, parts.count)
        for run, place in _read_lines(part_path(folder, number, ".jsonl"), parts.places(number), gone):
            if place is None:
                digest.update(run)
                file.write(run)
                continue
            twin = gone[place]
            text = str(json.loads(run)["text"])
            why = "equal to an earlier story" if twin.stage == EXACT else "much like an earlier story"
            rank = tally.wants(twin.stage, why, text)
            sample = None
            if rank is not None:
                sample = {"rank": rank, "story": int(numbers[place]) + 1, "text": excerpt(text)}
                sample |= {"like": int(numbers[twin.kept]) + 1, "similarity": round(twin.similarity, 3)}
                sample |= {"like_text": excerpt(parts.text(twin.kept))}
            tally.add(twin.stage, REMOVED, why, sample, int(sizes[place]))
    places = list(gone)
    tally.stories_out -= len(places)
    tally.bytes_out -= int(sizes[places].sum())
    for edge, count in count_lengths(words[places]).items():
        tally.lengths_out[edge] -= count
    parts.close()
    return digest.hexdigest()


def _read_lines(path: Path, places: range, gone: dict[int, Twin]) -> Iterator[tuple[bytes, int | None]]:
    """The part in pieces: lines that stay, with None, and each line that goes, with its place."""
    with path.open("rb") as file:
        for place, line in zip(places, file, strict=True):
            yield line, place if place in gone else None


def _heaviest(tally: Tally) -> str:
    sums = {name: tally.total(name, REMOVED) for name in tally.counts}
    name = max(sums, key=lambda name: sums[name], default="")
    return f"the stage {name} removed {sums[name]:,}" if name else "all were empty"
