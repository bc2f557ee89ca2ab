"""`lilliput data write`: stories by a language model behind an OpenAI-compatible endpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_facts, print_json, say

if TYPE_CHECKING:
    from lilliput.stories.writing.config import WriteConfig
    from lilliput.stories.writing.journal import State
    from lilliput.stories.writing.protocol import Asker

_SHOWN = 3  # prompts of a dry run


def write(
    output: Annotated[
        Path, typer.Option("-o", help="JSON lines to write, or to go on with.", metavar="FILE")
    ],
    model: Annotated[str, typer.Option(help="What the endpoint calls the model.", metavar="NAME")],
    count: Annotated[int, typer.Option(help="How many stories there are to be.", min=1)] = 100,
    base_url: Annotated[
        str | None,
        typer.Option(
            help="The endpoint, such as http://127.0.0.1:8000/v1; OpenAI's if not given. Its key is "
            "OPENAI_API_KEY of the environment.",
            envvar="OPENAI_BASE_URL",
            metavar="URL",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="How stories are asked for: tinystories, simplestories, openings (for a model that only "
            "goes on with a text, as ours do), or a TOML file of the same form."
        ),
    ] = "tinystories",
    language: Annotated[str, typer.Option(help="en, ja, hi, mr, bn or ar.")] = "en",
    seed: options.Seed = 0,
    concurrency: Annotated[int, typer.Option(help="Requests at once.", min=1, max=1000)] = 8,
    requests_per_minute: Annotated[int | None, typer.Option(help="Of any sixty seconds.", min=1)] = None,
    tokens_per_minute: Annotated[
        int | None, typer.Option(help="Prompts and answers, of any sixty seconds.", min=1)
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Of one answer.", min=1)] = 1000,
    price_in: Annotated[
        float | None, typer.Option(help="US dollars for a million tokens of prompts.", min=0)
    ] = None,
    price_out: Annotated[
        float | None, typer.Option(help="US dollars for a million tokens of answers.", min=0)
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="US dollars that are never passed; needs both prices.", min=0)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first prompts and what all will take; ask nobody.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one more setting: temperature=0.9", metavar="NAME=V"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput data write -o told.jsonl --model gpt-4o-mini --count 1000 --dry-run
      lilliput data write -o told.jsonl --model gpt-4o-mini --count 1000 --price-in 0.15
        --price-out 0.6 --max-cost 1
      lilliput data write -o kahani.jsonl --model qwen3 --language hi
        --base-url http://127.0.0.1:11434/v1
      lilliput data write -o ours.jsonl --model story --protocol openings
        --base-url http://127.0.0.1:8000/v1

    Have stories written by a language model behind any OpenAI-compatible endpoint, with what was
    asked for as labels. Killed or stopped at any moment, the same command goes on where it was:
    FILE.journal knows what was sent and what came back, FILE.report counts it. What else --set
    can change, and what a protocol file holds: docs/writing.md
    """
    from lilliput.errors import ConfigError
    from lilliput.stories.writing.config import WriteConfig
    from lilliput.stories.writing.protocol import load_asker

    config = WriteConfig(
        model=model,
        protocol=protocol,
        language=language,
        seed=seed,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        max_tokens=max_tokens,
    ).with_settings(
        [
            *(f"{name}={value!r}" for name, value in _money(price_in, price_out, max_cost).items()),
            *(settings or []),
        ]
    )
    asker, api = load_asker(config.protocol, config.language, config.api, config.answer)
    if config.json_mode and (api, asker.answer) != ("chat", "json"):
        raise ConfigError("json_mode is for api chat and answer json")
    if dry_run:
        _show_dry_run(config, asker, count, as_json)
        return
    report = _write(output, count, config, asker, api, base_url or None)
    if as_json:
        print_json(report)
    else:
        print_facts(_facts(report))
    _end(report["ended"], report["stories"], count, config)


def _money(price_in: float | None, price_out: float | None, max_cost: float | None) -> dict[str, float]:
    given = {"price_in": price_in, "price_out": price_out, "max_cost": max_cost}
    return {name: value for name, value in given.items() if value is not None}


def _write(
    output: Path, count: int, config: "WriteConfig", asker: "Asker", api: Any, base_url: str | None
) -> dict[str, Any]:
    import asyncio
    import os
    import time

    from lilliput.app.progress import writing
    from lilliput.stories.writing.endpoint import OpenAIEndpoint, check_endpoint
    from lilliput.stories.writing.write import write as write_all
    from lilliput.stories.writing.writer import Surroundings

    def tell(estimate: dict[str, Any], state: "State") -> None:
        if state.requests:
            say(f"going on: {state.done:,} stories are there, after {state.requests:,} requests")
        say(_estimate_line(estimate))
        most = estimate["at_most"].get("cost_usd")
        if (
            config.max_cost is not None
            and most is not None
            and estimate["about"]["cost_usd"] > config.max_cost
        ):
            say(f"--max-cost {config.max_cost:g} will end it before all stories are there")

    key = os.environ.get("OPENAI_API_KEY")
    check_endpoint(key, base_url)  # its complaints come before any file is made
    with writing(count) as on_progress:
        return write_all(
            output,
            count,
            config,
            asker,
            api,
            lambda: OpenAIEndpoint(config, api, key=key, base_url=base_url),
            around=Surroundings(
                time.time,
                asyncio.sleep,
                lambda state: on_progress(state.done, state.requests, state.ledger.known_cost),
            ),
            on_estimate=tell,
        )


def _estimate_line(estimate: dict[str, Any]) -> str:
    about, most = estimate["about"], estimate["at_most"]
    tokens = f"{about['prompt_tokens']:,} tokens of prompts and {about['answer_tokens']:,} of answers"
    begin = f"stories to write: {estimate['stories']:,}; about {tokens}"
    if "cost_usd" not in about:
        return f"{begin}; their price is not known (--price-in, --price-out)"
    cost = (
        f"about ${about['cost_usd']:.4g}, at most ${most['cost_usd']:.4g} where none needs a second attempt"
    )
    return f"{begin}; {cost}"


def _show_dry_run(config: "WriteConfig", asker: "Asker", count: int, as_json: bool) -> None:
    from lilliput.stories.writing.report import estimate, labels_of

    asks = [asker.ask(config.seed, number) for number in range(min(_SHOWN, count))]
    row = {**estimate(config, asker, count), "prompts": [labels_of(config, asker, ask) for ask in asks]}
    if as_json:
        print_json(row)
        return
    for ask in asks:
        print(f"--- story {ask.number}")
        print(f"{ask.system}\n\n{ask.prompt}" if ask.system else ask.prompt)
    print("---")
    print(_estimate_line(row))


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    outcomes = ", ".join(f"{name} {number:,}" for name, number in report["outcomes"].items() if number)
    facts = {
        "stories": f"{report['stories']:,} of {report['asked']:,}",
        "requests": report["requests"],
        "outcomes": outcomes or "none",
        "given up": report["given_up"],
        "tokens": f"{report['prompt_tokens']:,} of prompts, {report['answer_tokens']:,} of answers",
    }
    if "cost_usd" in report:
        facts["cost, $"] = f"{report['cost_usd']:.4g}, and perhaps {report['perhaps_cost_usd']:.4g} more"
    return facts


def _end(ended: str, stories: int, count: int, config: "WriteConfig") -> None:
    """Say why it is over, where that is not because all is done."""
    from lilliput.app.interrupts import INTERRUPTED as STATUS
    from lilliput.errors import LilliputError
    from lilliput.stories.writing.writer import CAP, DONE, INTERRUPTED

    if ended == DONE:
        return
    if ended == INTERRUPTED:
        say("stopped; the same command goes on from here")
        raise typer.Exit(STATUS)
    there = f"{stories:,} of {count:,} stories are there"
    if ended == CAP:
        raise LilliputError(
            f"{there}, and one request more could pass --max-cost {config.max_cost:g}: the same command "
            "with a higher one goes on"
        )
    raise LilliputError(f"{there}: {ended.rstrip('.')}. The same command goes on from here")
