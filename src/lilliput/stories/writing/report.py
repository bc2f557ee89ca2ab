"""Estimates before and a report after, and the stories themselves out of the journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lilliput.stories.story import Story, write_jsonl
from lilliput.stories.writing.config import WriteConfig
from lilliput.stories.writing.journal import Journal, State
from lilliput.stories.writing.ledger import Ledger, Prices, Tokens, guess_prompt
from lilliput.stories.writing.protocol import Ask, Asker
from lilliput.stories.writing.writer import reservation

_SAMPLE = 200  # prompts that an estimate looks at
_ENOUGH = 20  # stories after which their own tokens say more than a guess


def recipe_of(config: WriteConfig, asker: Asker, api: str) -> dict[str, Any]:
    """What makes two sets of stories different; a journal goes on with its own recipe only."""
    return {
        "model": config.model,
        "protocol": asker.protocol.name,
        "language": config.language,
        "protocol_fingerprint": asker.fingerprint,
        "seed": config.seed,
        "api": api,
        "answer": asker.answer,
        "temperature": config.temperature,
        "top_p": config.top_p,
    }


def prices_of(config: WriteConfig) -> Prices | None:
    """The prices, where they are known."""
    if config.price_in is None or config.price_out is None:
        return None
    return Prices(config.price_in, config.price_out)


def new_ledger(config: WriteConfig) -> Ledger:
    """A ledger with nothing in it."""
    return Ledger(prices_of(config), config.max_cost)


def estimate(config: WriteConfig, asker: Asker, count: int, state: State | None = None) -> dict[str, Any]:
    """What `count` stories take: `about`, and `at_most` where each is written at the first attempt.

    By the tokens of the stories that there are, if they are enough; else by the protocol's own guess. Cost
    in US dollars where prices are known.
    """
    asks = [asker.ask(config.seed, number) for number in range(min(count, _SAMPLE))]
    asks = asks or [asker.ask(config.seed, 0)]
    bounds = [reservation(config, ask) for ask in asks]
    prompt = sum(guess_prompt([ask.system, ask.prompt]) for ask in asks) / len(asks)
    answer = float(min(asker.protocol.expected_tokens, config.max_tokens))
    if state is not None and state.done >= _ENOUGH and state.ledger.charged[1]:
        prompt, answer = (tokens / state.done for tokens in state.ledger.charged)
    about = (round(prompt * count), round(answer * count))
    at_most = (round(sum(bound[0] for bound in bounds) / len(bounds) * count), config.max_tokens * count)
    return {"stories": count, "about": _priced(about, config), "at_most": _priced(at_most, config)}


def _priced(tokens: Tokens, config: WriteConfig) -> dict[str, Any]:
    prices = prices_of(config)
    cost = {} if prices is None else {"cost_usd": prices.cost(tokens)}
    return {"prompt_tokens": tokens[0], "answer_tokens": tokens[1], **cost}


def write_stories(path: Path, config: WriteConfig, asker: Asker, journal: Journal, state: State) -> int:
    """All stories that there are, by their numbers, with labels and prompt; returns how many."""
    places = {
        number: story.place for number, story in sorted(state.stories.items()) if story.place is not None
    }

    def stories() -> Iterator[Story]:
        texts = journal.iter_texts(list(places.values()))
        for number, text in zip(places, texts, strict=True):
            yield Story(text, labels_of(config, asker, asker.ask(config.seed, number)))

    return write_jsonl(path, stories())


def labels_of(config: WriteConfig, asker: Asker, ask: Ask) -> dict[str, Any]:
    """What a story keeps: what was drawn for it, its prompt, and where it comes from."""
    system = {"system": ask.system} if ask.system else {}
    return {
        **ask.labels,
        "language": config.language,
        "protocol": asker.protocol.name,
        "model": config.model,
        "seed": config.seed,
        "number": ask.number,
        **system,
        "prompt": ask.prompt,
    }


def make_report(
    recipe: dict[str, Any], config: WriteConfig, state: State, count: int, ended: str
) -> dict[str, Any]:
    """What was done, in counts over all runs of this journal; costs in US dollars where prices are known.

    `perhaps` is what was reserved for requests whose answer never came whole: they may have been charged.
    """
    ledger, prices = state.ledger, prices_of(config)
    given_up = sum(story.place is None and story.unfit >= config.tries for story in state.stories.values())
    costs: dict[str, Any] = {}
    if prices is not None:
        costs = {
            "cost_usd": prices.cost(ledger.charged),
            "perhaps_cost_usd": prices.cost(ledger.perhaps),
            "max_cost_usd": config.max_cost,
        }
    return {
        **recipe,
        "asked": count,
        "stories": state.done,
        "ended": ended,
        "requests": state.requests,
        "outcomes": {outcome.value: number for outcome, number in state.outcomes.items()},
        "given_up": given_up,
        "prompt_tokens": ledger.charged[0],
        "answer_tokens": ledger.charged[1],
        "perhaps_prompt_tokens": ledger.perhaps[0],
        "perhaps_answer_tokens": ledger.perhaps[1],
        **costs,
    }
