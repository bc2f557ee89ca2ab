"""Chunks to parts, in this process or in several, in bounded memory.

Worker processes and not `datasets`' own: its `map` needs the whole corpus as an Arrow table in a cache
first, and knows nothing of parts that are done. A worker gets a chunk, writes its files and says its number;
no more than two chunks a worker are under way.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from lilliput.errors import DataError
from lilliput.stories.cleaning.chunks import Chunk, Cleaner, part_serves
from lilliput.stories.cleaning.stages import Known

_CHUNKS_A_WORKER = 2
OnChunk = Callable[[Chunk, bool], None]  # a chunk that is done; whether its part was there before


@dataclass(frozen=True)
class Work:
    """What every worker needs: the stages' names, what is known, the settings' fingerprint, the folder."""

    names: Sequence[str]
    known: Known
    settings: str
    folder: Path


def write_parts(chunks: Iterator[Chunk], work: Work, workers: int, on_chunk: OnChunk) -> int:
    """Make the parts that are missing; returns how many chunks there are."""
    cleaner = Cleaner(work.names, work.known, work.settings)  # also says here which package is missing
    if workers > 1:
        return _write_parts_together(chunks, work, workers, on_chunk)
    count = 0
    for chunk in chunks:
        count += 1
        done = part_serves(work.folder, chunk.number, chunk.digest, work.settings)
        if not done:
            cleaner.write_part(chunk, work.folder)
        on_chunk(chunk, done)
    return count


def _write_parts_together(chunks: Iterator[Chunk], work: Work, workers: int, on_chunk: OnChunk) -> int:
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks as they stand
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(work,))
    waiting: dict[Future[None], Chunk] = {}
    count = 0
    try:
        for chunk in chunks:
            count += 1
            if part_serves(work.folder, chunk.number, chunk.digest, work.settings):
                on_chunk(chunk, True)
                continue
            waiting[pool.submit(_work, chunk)] = chunk
            if len(waiting) >= _CHUNKS_A_WORKER * workers:
                _take_done(waiting, on_chunk)
        while waiting:
            _take_done(waiting, on_chunk)
    except BrokenProcessPool:
        raise DataError(
            "a worker process was ended from outside, perhaps for want of memory: run the same command "
            "again to go on, with fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return count


def _take_done(waiting: dict[Future[None], Chunk], on_chunk: OnChunk) -> None:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        chunk = waiting.pop(future)
        future.result()
        on_chunk(chunk, False)


_worker: tuple[Cleaner, Path] | None = None


def _start(work: Work) -> None:
    """Make the stages in a worker; Ctrl-C is the first process's business, and its end is ours."""
    global _worker  # noqa: PLW0603 - the one way in which an initializer can hand something on
    os.environ["RAYON_NUM_THREADS"] = "1"  # a worker is one core
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _worker = Cleaner(work.names, work.known, work.settings), work.folder


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)  # the first process was killed: nobody will ask for more


def _work(chunk: Chunk) -> None:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    cleaner, folder = _worker
    cleaner.write_part(chunk, folder)
