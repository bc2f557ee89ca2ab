"""From stories to a run that can start, or be resumed: tokenizer, shards, plan."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.config import Config
from lilliput.errors import ConfigError, DataError
from lilliput.formats.folder import load_folder_config, load_folder_tokenizer, read_json_object
from lilliput.formats.weights import write_safetensors
from lilliput.rundir import write_text
from lilliput.stories.shard_files import Shard, open_shard
from lilliput.stories.shards import tokenize_stories
from lilliput.stories.sources import Opened
from lilliput.stories.split import is_valid
from lilliput.stories.story import Story
from lilliput.tokens import Tokenizer, load_tokenizer, train_tokenizer
from lilliput.training.plan import Plan
from lilliput.training.resume import RunFiles, load_plan, save_plan
from lilliput.training.teaching import check_teacher, teach

TOKENIZER_CHARACTERS = 64_000_000
"""A tokenizer is trained on at most this much of the text; more changes nothing but the wait."""


class DataDetails(Config):
    """What a model's folder says about the data it learnt from."""

    description: str
    fingerprint: str
    stories: int
    train_stories: int
    valid_stories: int
    train_tokens: int
    train_bytes: int


@dataclass(frozen=True)
class Prepared:
    """All that a run reads."""

    plan: Plan
    tokenizer: Tokenizer
    train: Shard
    valid: Shard
    data: DataDetails


def prepare(
    plan: Plan,
    open_again: Callable[[], Opened],
    files: RunFiles,
    tell: Callable[[str], None],
    *,
    fit_vocabulary: bool = False,
) -> Prepared:
    """Write tokenizer, shards and plan into a new run's `resume` folder.

    The stories are read twice: for the tokenizer, which never sees a held-back story, and for the
    shards. With `fit_vocabulary`, a text too small for the plan's vocabulary gets the largest that it
    supports; without, it is an error.
    """
    share = plan.data.valid_share or held_back_share(open_again())
    tokenizer = _make_tokenizer(plan, open_again, share, fit_vocabulary)
    check_teacher(plan, tokenizer)
    plan = plan.with_changes({"data": {"valid_share": share}}, "prepare")
    if plan.start is None:
        plan = plan.with_changes({"model": {"vocab_size": tokenizer.vocab_size}}, "prepare")
    tell(f"tokenizer: {tokenizer.vocab_size:,} ids")
    opened, marks = open_again(), set[str]()
    stories = _note_marks(opened.stories, marks)
    counts = tokenize_stories(stories, tokenizer, files.train_shard, files.valid_shard, share)
    plan = plan.with_changes({"data": {"learn_after": _choose_mark(plan, marks)}}, "prepare")
    if plan.data.learn_after is not None:
        tell(f"learning only what comes after {plan.data.learn_after.strip()!r} in each record")
        skips = _count_unlearnt(open_again(), tokenizer, share, plan.data.learn_after)
        write_safetensors(files.unlearnt, {"unlearnt": skips})
    if plan.teacher.writes:
        teach(plan, open_shard(files.train_shard, tokenizer.fingerprint), files.lessons, tell)
    data = DataDetails(
        description=opened.description,
        fingerprint=counts.train.source,
        stories=counts.train.stories + counts.valid.stories,
        train_stories=counts.train.stories,
        valid_stories=counts.valid.stories,
        train_tokens=counts.train.tokens,
        train_bytes=counts.train.text_bytes,
    )
    tokenizer.save(files.tokenizer)
    write_text(files.roles, json.dumps({"bos_token_id": tokenizer.bos, "eos_token_id": tokenizer.end}) + "\n")
    write_text(files.data, data.model_dump_json(indent=2) + "\n")
    save_plan(files, plan)  # last: a folder with a plan is a run that can be resumed
    tell(
        f"stories: {data.train_stories:,} to learn from, {data.valid_stories:,} held back; "
        f"{data.train_tokens:,} tokens, {data.train_bytes / data.train_tokens:.2f} bytes each"
    )
    return load_prepared(files)


def load_prepared(files: RunFiles) -> Prepared:
    """What `prepare` wrote. Raises ConfigError where the tokenizer knows more ids than the model."""
    tokenizer, plan = load_tokenizer(files.tokenizer), load_plan(files)
    if tokenizer.vocab_size > plan.model.vocab_size:
        raise ConfigError(
            f"{files.tokenizer} has {tokenizer.vocab_size:,} ids and the model of {files.plan} "
            f"{plan.model.vocab_size:,}: they are not of one run"
        )
    return Prepared(
        plan,
        tokenizer,
        open_shard(files.train_shard, tokenizer.fingerprint),
        open_shard(files.valid_shard, tokenizer.fingerprint),
        DataDetails.from_dict(read_json_object(files.data), str(files.data)),
    )


def starting_from(plan: Plan, folder: Path, settings: Sequence[str] = ()) -> Plan:
    """The plan, changed by settings, with the model of a folder that its run begins with."""
    config = load_folder_config(folder)
    values = plan.model_dump()
    values |= {"model": config.model_dump(), "tokenizer": None, "start": str(folder.resolve())}
    values["train"]["batch_tokens"] = max(plan.train.batch_tokens, config.context)
    return Plan.from_dict(values).with_settings(settings)


def _note_marks(stories: Iterable[Story], marks: set[str]) -> Iterator[Story]:
    """`stories`, while the marks that their labels name go into `marks`."""
    for story in stories:
        mark = story.labels.get("learn_after")
        if isinstance(mark, str) and mark:
            marks.add(mark)
        yield story


def _choose_mark(plan: Plan, marks: set[str]) -> str | None:
    """See DataPlan.learn_after. Raises DataError where the records do not agree."""
    if plan.data.learn_after is not None:
        return plan.data.learn_after or None
    if len(marks) > 1:
        named = " and ".join(map(repr, sorted(marks)[:2]))
        raise DataError(f"the records are to be learnt after {named}: --set data.learn_after=… decides")
    return next(iter(marks), None)


def _count_unlearnt(opened: Opened, tokenizer: Tokenizer, share: float, mark: str) -> NDArray[np.int64]:
    """For each story to learn from, how many of its first tokens end at or before the end of `mark`.

    Raises DataError where no story has it.
    """
    counts = []
    for story in opened.stories:
        if not is_valid(story.text, share):
            head, found, _ = story.text.partition(mark)
            read = tokenizer.encode(head + mark) if found else []
            whole = tokenizer.encode(story.text) if found else []
            differs = (n for n, (one, other) in enumerate(zip(read, whole, strict=False)) if one != other)
            counts.append(next(differs, len(read)))  # a token that goes on behind the mark is learnt
    if not any(counts):
        raise DataError(f"data.learn_after: no story holds {mark!r}: leave it out, or name what they hold")
    return np.array(counts, dtype=np.int64)


def held_back_share(opened: Opened) -> float:
    """The share of stories to hold back where a plan names none; see DataPlan.valid_share."""
    few = [(20, 1 / 3), (300, 1 / 5)]
    count = sum(1 for _ in islice(opened.stories, few[-1][0]))
    return next((share for most, share in few if count < most), 1 / 50)


def _make_tokenizer(
    plan: Plan, open_again: Callable[[], Opened], share: float, fit_vocabulary: bool
) -> Tokenizer:
    if plan.start is not None:
        return load_folder_tokenizer(Path(plan.start))
    if plan.tokenizer is not None:
        name, tokenizer = plan.tokenizer, load_tokenizer(Path(plan.tokenizer))
    elif plan.teacher.folder is not None:
        name, tokenizer = plan.teacher.folder, load_folder_tokenizer(Path(plan.teacher.folder))
    else:
        texts = _training_texts(open_again(), share)
        return train_tokenizer(texts, plan.model.vocab_size, at_most=fit_vocabulary)
    if tokenizer.vocab_size != plan.model.vocab_size:
        raise ConfigError(
            f"{name} has {tokenizer.vocab_size:,} ids and the model "
            f"{plan.model.vocab_size:,}: --set model.vocab_size={tokenizer.vocab_size}"
        )
    return tokenizer


def _training_texts(opened: Opened, share: float) -> Iterator[str]:
    left = TOKENIZER_CHARACTERS
    for story in opened.stories:
        if left <= 0:
            return
        if not is_valid(story.text, share):
            left -= len(story.text)
            yield story.text
