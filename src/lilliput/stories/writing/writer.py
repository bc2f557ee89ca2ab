"""Writing: so many workers, each with one story at a time, until there are as many as were asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lilliput.errors import ConfigError
from lilliput.stories.writing.answers import FAILURES, Outcome, Reply, judge_answer
from lilliput.stories.writing.config import WriteConfig
from lilliput.stories.writing.endpoint import Endpoint
from lilliput.stories.writing.journal import Journal, State, Story
from lilliput.stories.writing.ledger import Tokens, bound_prompt
from lilliput.stories.writing.limits import Window, backoff_s
from lilliput.stories.writing.protocol import Ask, Asker, draw_for

DONE, CAP, INTERRUPTED = "done", "cap", "interrupted"


@dataclass(frozen=True)
class Surroundings:
    """What comes from outside: seconds since 1970, a sleep of seconds, who hears of each answer."""

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    on_progress: Callable[[State], None] = lambda _: None


class Writer:
    """Writes stories into a journal. `run` it once.

    Raises ConfigError if no request at all could keep the limits.
    """

    def __init__(
        self,
        config: WriteConfig,
        asker: Asker,
        endpoint: Endpoint,
        journal: Journal,
        state: State,
        count: int,
        around: Surroundings,
    ) -> None:
        self._config, self._asker, self._endpoint = config, asker, endpoint
        self._journal, self._state, self._count, self._around = journal, state, count, around
        self._window = Window(config.requests_per_minute, config.tokens_per_minute)
        now_s = around.clock()
        for name, at_s, tokens in state.recent:
            if at_s <= now_s:
                self._window.send(name, at_s, tokens)
        self._upcoming = 0
        self._active = 0
        self._unfit_in_a_row = 0
        self._ended: str | None = None
        self._stopped = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self) -> str:
        """Write what is missing; returns DONE, CAP, INTERRUPTED, or a sentence that says what stopped it.

        Ctrl-C lets the answers under way come in; a second one does not.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._config.concurrency)]
        try:
            try:
                await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            except asyncio.CancelledError:
                self._stop(INTERRUPTED)
                await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            for worker in workers:
                if worker.done():
                    worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self._endpoint.close()
        return self._ended or DONE

    async def _work(self) -> None:
        while (number := self._next()) is not None:
            self._active += 1
            try:
                await self._write(number)
            finally:
                self._active -= 1

    def _next(self) -> int | None:
        """The next story that is neither there nor given up; None where no more are needed."""
        if self._ended is not None or self._state.done + self._active >= self._count:
            return None
        while (story := self._state.stories.get(self._upcoming)) is not None and self._is_over(story):
            self._upcoming += 1
        self._upcoming += 1
        return self._upcoming - 1

    def _is_over(self, story: Story) -> bool:
        return story.place is not None or story.unfit >= self._config.tries

    async def _write(self, number: int) -> None:
        """One story, until it is there, given up, or the run stops."""
        ask = self._asker.ask(self._config.seed, number)
        story = self._state.stories.setdefault(number, Story())
        tokens = reservation(self._config, ask)
        failures = 0
        while not self._is_over(story):
            name = f"{number}-{story.attempts}"
            if not await self._admit(name, tokens):
                return
            seed = draw_for(self._config.seed, number, 1 + story.attempts).below(1 << 31)
            story.attempts += 1
            reply = await self._endpoint.ask(ask, name, seed)
            outcome, text = self._judge(reply, ask)
            self._settle(name, number, reply, outcome, text)
            if outcome is Outcome.refused_request:
                self._stop(f"the endpoint refuses the request: {text}")
            elif outcome in FAILURES:
                failures += 1
                await self._wait_out(number, failures, outcome, reply)
            else:
                failures = 0
                self._note_fitness(outcome, text)

    async def _admit(self, name: str, tokens: Tokens) -> bool:
        """Wait until the request may be sent and paid for, and write down that it is; False if it never may.

        Nothing is awaited between the last look at the limits and the entry in the journal.
        """
        ledger = self._state.ledger
        while self._ended is None:
            now_s = self._around.clock()
            if (wait_s := self._window.wait_s(now_s, sum(tokens))) > 0:
                await self._sleep(wait_s)
            elif ledger.reserve(name, tokens):
                self._journal.append({"sent": name, "at": now_s, "tokens": ledger.reserved[name]})
                self._window.send(name, now_s, sum(tokens))
                self._state.requests += 1
                return True
            elif not ledger.reserved:
                self._stop(CAP)
            else:  # an answer under way may take less than is reserved for it
                self._changed.clear()
                await self._changed.wait()
        return False

    def _judge(self, reply: Reply, ask: Ask) -> tuple[Outcome, str]:
        if reply.outcome is not None:
            return reply.outcome, reply.why
        return judge_answer(
            reply,
            self._asker.language,
            as_json=self._asker.answer == "json",
            script_share=self._config.script_share,
            prefix=ask.prompt if self._asker.protocol.prefix else "",
        )

    def _settle(self, name: str, number: int, reply: Reply, outcome: Outcome, text: str) -> None:
        """Into the journal first; then it counts."""
        key = "text" if outcome is Outcome.story else "why"
        record = {"back": name, "outcome": outcome.value, "usage": reply.usage, "free": reply.free, key: text}
        place = self._journal.append(record)
        self._state.ledger.settle(name, reply.usage, reply.free)
        if reply.usage is not None:
            self._window.settle(name, sum(reply.usage))
        self._state.count(outcome, number, place)
        self._changed.set()
        self._around.on_progress(self._state)

    def _note_fitness(self, outcome: Outcome, text: str) -> None:
        self._unfit_in_a_row = 0 if outcome is Outcome.story else self._unfit_in_a_row + 1
        if self._unfit_in_a_row >= self._config.stop_after:
            self._stop(
                f"the last {self._unfit_in_a_row} answers could not serve, the last one by {outcome} "
                f"({text}): try another model, or another --set answer"
            )

    async def _wait_out(self, number: int, failures: int, outcome: Outcome, reply: Reply) -> None:
        """A wait before the next attempt; all requests wait where the endpoint asks for it."""
        config, asked_s = self._config, reply.retry_after_s or 0.0
        if failures > config.retries:
            self._stop(f"the endpoint failed {failures} times in a row ({outcome}: {reply.why})")
            return
        if asked_s > config.longest_wait_s:
            self._stop(f"the endpoint asks to be left alone for {asked_s:,.0f} s ({reply.why})")
            return
        if asked_s:
            self._window.be_quiet(self._around.clock() + asked_s)
        own_s = backoff_s(
            config.seed, number, failures, first_s=config.backoff_s, longest_s=config.longest_backoff_s
        )
        await self._sleep(asked_s + own_s)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, unless the run stops."""
        sleeping = asyncio.ensure_future(self._around.sleep(seconds))
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait([sleeping, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()

    def _stop(self, why: str) -> None:
        self._ended = self._ended or why
        self._stopped.set()
        self._changed.set()


def reservation(config: WriteConfig, ask: Ask) -> Tokens:
    """More tokens than a request can take, of prompt and answer.

    Raises ConfigError where that is more than the tokens of a minute.
    """
    tokens = (bound_prompt([ask.system, ask.prompt], config.overhead_tokens), config.max_tokens)
    if config.tokens_per_minute is not None and sum(tokens) > config.tokens_per_minute:
        raise ConfigError(
            f"{config.tokens_per_minute:,} tokens a minute do not allow one request, which may take "
            f"{sum(tokens):,}: lower --max-tokens, or raise --tokens-per-minute"
        )
    return tokens
