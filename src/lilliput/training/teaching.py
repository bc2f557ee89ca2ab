"""A run's teacher: another model, or n-grams of the text, asked once what it expects at every token.

A run goes over its text many times and the teacher over it once, so that its answers cost little: of each
token only its likeliest ids are kept (`top`), and what is left of the probability is the token's own. So the
lesson is right on the average wherever the teacher is, and no worse than the text where it knows nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lilliput.errors import ConfigError
from lilliput.formats.folder import ModelFolder, load_folder, load_folder_tokenizer
from lilliput.formats.image import write_image
from lilliput.runtime.native import MAX_WIDTH, NativeEngine, available_threads, library_path, place_image
from lilliput.stories.lessons import Lesson, write_lessons
from lilliput.stories.shard_files import Shard
from lilliput.stories.windows import iter_spans
from lilliput.tokens import Tokenizer
from lilliput.training.ngrams import iter_ngram_lessons
from lilliput.training.plan import Plan

_TELL_EVERY = 10  # parts of the text


class _Model(Protocol):
    """A model that says what comes next."""

    context: int

    def expect(self, ids: NDArray[np.int64], top: int, end: int) -> Lesson:
        """The likeliest ids below `end` behind each of ids (T,). (T, top)"""


def check_teacher(plan: Plan, tokenizer: Tokenizer) -> None:
    """Raise ConfigError for a model trained with another tokenizer than the run's: it knows other ids."""
    if plan.teacher.folder is None:
        return
    if load_folder_tokenizer(Path(plan.teacher.folder)).fingerprint != tokenizer.fingerprint:
        raise ConfigError(
            f"teacher.folder: {plan.teacher.folder} reads with another tokenizer than this run; leave out "
            "tokenizer and --from, and the run takes the teacher's"
        )


def teach(plan: Plan, shard: Shard, path: Path, tell: Callable[[str], None]) -> None:
    """Write what the plan's teacher expects at each token of the shard."""
    teacher = plan.teacher
    top = min(teacher.top, shard.header.vocab_size)
    if teacher.folder is None:
        tell(f"teacher: counting up to {teacher.ngrams} tokens in a row")
        name, lessons = f"{teacher.ngrams}-grams", iter_ngram_lessons(shard, teacher.ngrams, top)
    else:
        name, folder = teacher.folder, load_folder(Path(teacher.folder))
        threads = plan.train.threads or available_threads()
        lessons = _ask(_open_models(folder, threads), shard, top, tell)
    size = write_lessons(path, shard, lessons, top, name)
    tell(f"teacher: {size / 1e6:,.0f} MB of what it expects")


def _ask(models: Sequence[_Model], shard: Shard, top: int, tell: Callable[[str], None]) -> Iterator[Lesson]:
    """What a model, opened once a thread, expects at each token of every story, in the shard's order."""
    end = shard.header.vocab_size
    tell(f"teacher: reading {shard.header.tokens:,} tokens")
    part = -(-len(shard) // _TELL_EVERY)
    with ThreadPoolExecutor(len(models)) as pool:
        free = list(models)

        def ask(number: int) -> Lesson:
            model = free.pop()
            try:
                return _read_story(model, shard.story(number).astype(np.int64), top, end)
            finally:
                free.append(model)

        numbers = iter(range(len(shard)))
        done = 0
        while some := list(islice(numbers, 64)):  # so many stories' answers are held at once
            yield from pool.map(ask, some)
            done += len(some)
            if done % part < len(some) and done < len(shard):
                tell(f"teacher: {done / len(shard):.0%} read")


def _read_story(model: _Model, ids: NDArray[np.int64], top: int, end: int) -> Lesson:
    """A story from its BOS to its end: the lesson of its BOS is empty."""
    likeliest, chances = np.zeros((len(ids), top), np.int32), np.zeros((len(ids), top), np.float32)
    for span in iter_spans(len(ids) - 1, model.context):
        found = model.expect(ids[span.start : span.stop], top, end)
        skip = span.new - span.start
        likeliest[span.new + 1 : span.stop + 1] = found.ids[skip:]
        chances[span.new + 1 : span.stop + 1] = found.chances[skip:]
    return Lesson(likeliest, chances)


def _open_models(folder: ModelFolder, threads: int) -> list[_Model]:
    """The model by the C engine, once for each thread, or by torch where that was not built."""
    if library_path() is None:
        from lilliput.training.teacher_torch import TorchTeacher

        return [TorchTeacher(folder)]
    image = place_image(write_image(folder.config, folder.weights, lambda _name, matrix: matrix))
    return [_CTeacher(NativeEngine(image, width=MAX_WIDTH)) for _ in range(threads)]


class Teacher:
    """A plan's teacher that is asked anew for every batch, and says all that it expects."""

    def __init__(self, plan: Plan) -> None:
        assert plan.teacher.folder is not None
        self._model = _open_models(load_folder(Path(plan.teacher.folder)), 1)[0]
        self._end = plan.model.vocab_size

    def expect(self, row: NDArray[np.int64]) -> Lesson:
        """What it expects at each target of a row (T + 1,): probabilities of all ids. (T, V)"""
        lesson = _read_story(self._model, row, self._end, self._end)
        return Lesson(lesson.ids[1:], lesson.chances[1:])


class _CTeacher:
    """See _Model."""

    def __init__(self, engine: NativeEngine) -> None:
        self._engine, self.context = engine, engine.context

    def expect(self, ids: NDArray[np.int64], top: int, end: int) -> Lesson:
        """See _Model.expect."""
        if top == self._engine.vocab_size:  # no need to look for the likeliest
            self._engine.cancel(0)
            logits = self._engine.read(0, ids.tolist(), all_logits=True)
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            return Lesson(np.broadcast_to(np.arange(top, dtype=np.int32), chances.shape), chances)
        return Lesson(*self._engine.expect(ids.astype(np.int32), top, end))
