"""One request to an OpenAI-compatible endpoint, through the `openai` client, and what came of it."""

import asyncio
import email.utils
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lilliput.errors import ConfigError, MissingExtraError
from lilliput.stories.writing.answers import Outcome, Reply
from lilliput.stories.writing.config import Api, WriteConfig
from lilliput.stories.writing.protocol import Ask

_AGAIN = {408, 409, 425}
_PERHAPS_CHARGED = {408, 502, 504, 524}  # something in between gave up; the model may have written
_FOREVER = ("insufficient_quota", "billing_hard_limit_reached")  # a 429 that no waiting mends
_TRANSPORT = {"httpx", "httpcore", "httpx2", "httpcore2", "h11"}
"""Modules of errors that the client lets through while it reads an answer."""
_WHY_CHARACTERS = 300


class Endpoint(Protocol):
    """Whatever answers."""

    async def ask(self, ask: Ask, name: str, seed: int) -> Reply:
        """The answer to `ask`; `name` is the request's own, `seed` where its randomness starts."""

    async def close(self) -> None:
        """Let go of connections."""


def check_endpoint(key: str | None, base_url: str | None) -> None:
    """Raise MissingExtraError without the client, ConfigError where no request could be sent or answered."""
    try:
        import openai  # noqa: F401
    except ImportError:
        raise MissingExtraError("asking an LLM", "judge") from None
    if base_url is not None and not re.match(r"https?://[^/\s]", base_url):
        raise ConfigError(f"--base-url {base_url}: write it as http://HOST:PORT/v1")
    if base_url is None and not key:
        raise ConfigError("OPENAI_API_KEY is not set: set it, or name another endpoint by --base-url")


class OpenAIEndpoint:
    """An endpoint behind the `openai` client."""

    def __init__(
        self,
        config: WriteConfig,
        api: Api,
        *,
        key: str | None,
        base_url: str | None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`wall_clock` is for dates in Retry-After. Raises as check_endpoint does."""
        check_endpoint(key, base_url)
        import openai

        self._config, self._api, self._clock, self._key = config, api, wall_clock, key or ""
        self._limit_field = config.limit_field or ("max_tokens" if base_url else "max_completion_tokens")
        self._client = openai.AsyncOpenAI(
            api_key=key or "none", base_url=base_url, max_retries=0, timeout=config.timeout_s
        )

    async def ask(self, ask: Ask, name: str, seed: int) -> Reply:
        """See Endpoint.ask."""
        import openai

        try:
            async with asyncio.timeout(self._config.timeout_s):
                return await self._send(ask, name, seed)
        except (TimeoutError, openai.APITimeoutError):
            return Reply(Outcome.timeout, why=f"nothing whole within {self._config.timeout_s:g} s")
        except openai.APIStatusError as error:
            return self._refused(error)
        except openai.APIConnectionError as error:
            return Reply(Outcome.connection, why=self._clean(error.__cause__ or error))
        except (openai.OpenAIError, ValueError) as error:
            return Reply(Outcome.broken_body, why=self._clean(error))
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in _TRANSPORT:
                raise
            return Reply(Outcome.connection, why=self._clean(error))

    async def close(self) -> None:
        """See Endpoint.close."""
        await self._client.close()

    async def _send(self, ask: Ask, name: str, seed: int) -> Reply:
        config = self._config
        settings: dict[str, Any] = {"model": config.model, self._limit_field: config.max_tokens}
        settings |= {"temperature": config.temperature} if config.temperature is not None else {}
        settings |= {"top_p": config.top_p} if config.top_p is not None else {}
        settings |= {"seed": seed} if config.send_seed else {}
        settings |= {"response_format": {"type": "json_object"}} if config.json_mode else {}
        if config.stream:
            settings |= {"stream": True, "stream_options": {"include_usage": True}}
        settings["extra_headers"] = {"X-Client-Request-Id": name}
        create: Any
        if self._api == "chat":
            messages = [{"role": "system", "content": ask.system}] if ask.system else []
            settings["messages"] = [*messages, {"role": "user", "content": ask.prompt}]
            create = self._client.chat.completions.create
        else:
            settings["prompt"] = f"{ask.system}\n\n{ask.prompt}" if ask.system else ask.prompt
            create = self._client.completions.create
        answer = await create(**settings)
        return await _read_stream(answer) if config.stream else _read_whole(answer)

    def _refused(self, error: Any) -> Reply:
        status, headers, why = error.status_code, error.response.headers, self._clean(error)
        wait_s = read_retry_after(headers, self._clock())
        if error.code == "content_filter":
            return Reply(Outcome.refusal, free=True, why=why)
        if status == 429 and error.code not in _FOREVER:
            return Reply(Outcome.rate_limited, free=True, retry_after_s=wait_s, why=why)
        if status in _AGAIN or status >= 500:
            free = status not in _PERHAPS_CHARGED
            return Reply(Outcome.server_error, free=free, retry_after_s=wait_s, why=why)
        return Reply(Outcome.refused_request, free=True, why=why)

    def _clean(self, error: BaseException) -> str:
        """An error in a line, without the key."""
        text = " ".join(f"{type(error).__name__}: {error}".split())
        text = text.replace(self._key, "KEY") if self._key else text
        return re.sub(r"\bsk-[\w*.-]{4,}", "KEY", text)[:_WHY_CHARACTERS]


def read_retry_after(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (seconds or a date) asks for; None without either."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d*)?", text):
            return float(text) / unit
    date = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - now_s)


def _read_whole(answer: Any) -> Reply:
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or not choices:
        return Reply(Outcome.broken_body, why="an answer without choices", usage=_usage(answer))
    choice = choices[0]
    message = getattr(choice, "message", None)
    if refusal := getattr(message, "refusal", None):
        return Reply(Outcome.refusal, usage=_usage(answer), why=str(refusal)[:_WHY_CHARACTERS])
    text = getattr(choice, "text", None) if message is None else getattr(message, "content", None)
    if text is not None and not isinstance(text, str):
        return Reply(Outcome.broken_body, why="an answer whose text is none", usage=_usage(answer))
    return Reply(None, text or "", getattr(choice, "finish_reason", None), _usage(answer))


async def _read_stream(answer: Any) -> Reply:
    texts: list[str] = []
    refusals: list[str] = []
    finish, usage = None, None
    async for chunk in answer:
        usage = _usage(chunk) or usage
        for choice in getattr(chunk, "choices", None) or []:
            delta = getattr(choice, "delta", None)
            text = getattr(choice, "text", None) if delta is None else getattr(delta, "content", None)
            texts += [text] if isinstance(text, str) else []
            refusals += [str(part)] if (part := getattr(delta, "refusal", None)) else []
            finish = getattr(choice, "finish_reason", None) or finish
    if finish is None:
        return Reply(Outcome.cut, why="the stream ended before the answer did", usage=usage)
    if refusals:
        return Reply(Outcome.refusal, usage=usage, why="".join(refusals)[:_WHY_CHARACTERS])
    return Reply(None, "".join(texts), finish, usage)


def _usage(answer: Any) -> tuple[int, int] | None:
    usage = getattr(answer, "usage", None)
    counts = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    return counts  # type: ignore[return-value]
