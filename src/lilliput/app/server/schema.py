"""What a request may say: the fields that we honour, as pydantic models.

Every field of OpenAI's is known. One that we cannot honour is refused by name, unless its value asks for
nothing (`neutral.py`), since clients send their defaults. null is the default, everywhere.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lilliput.app.server import neutral
from lilliput.app.server.refusals import Refusal
from lilliput.config import near_miss
from lilliput.generation.sample import Sampling

MOST_CHOICES = 128
"""Stories that one request may ask for."""
_STOPS, _STOP_CHARACTERS = 4, 256
_SEED_LIMIT = 2**63


def _read_stop(value: Any) -> Any:
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise ValueError("must be a string or a list of strings")
    if len(stops) > _STOPS:
        raise ValueError(f"has {len(stops)} strings; {_STOPS} are the most")
    if any(not 1 <= len(stop) <= _STOP_CHARACTERS for stop in stops):
        raise ValueError(f"holds a string that has not 1 to {_STOP_CHARACTERS} characters")
    return stops


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StreamOptions(_Strict):
    """How a stream is told."""

    include_usage: bool = False


class Body(_Strict):
    """What both kinds of request may say."""

    model: str
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES)] = 1
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(ge=1, le=100)] = 1.0
    seed: Annotated[int | None, Field(ge=-_SEED_LIMIT, lt=_SEED_LIMIT)] = None
    stop: Annotated[list[str], BeforeValidator(_read_stop)] = []
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: str | None = None

    @property
    def sampling(self) -> Sampling:
        """How tokens are drawn."""
        return Sampling(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
        )

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the counts."""
        return self.stream_options is not None and self.stream_options.include_usage


def _read_prompt(value: Any) -> list[str | list[int]]:
    """One prompt or several, each text or ids, as a list."""
    if isinstance(value, str) or _are_ids(value):
        return [value]
    if isinstance(value, list) and value and all(isinstance(one, str) or _are_ids(one) for one in value):
        return value
    raise ValueError("must be a string, a list of strings, a list of token ids, or a list of such lists")


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int for one in value)


class CompletionBody(Body):
    """/v1/completions."""

    prompt: Annotated[Any, AfterValidator(_read_prompt)] = [""]
    max_tokens: Annotated[int, Field(ge=0)] = 16
    logprobs: Annotated[int | None, Field(ge=0, le=5)] = None
    echo: bool = False
    best_of: int | None = None


class TextPart(_Strict):
    """A part of a message."""

    type: Literal["text"]
    text: str


def _read_content(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise ValueError("must be a string or a list of text parts")
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


class Message(_Strict):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[TextPart], BeforeValidator(_read_content)]

    @property
    def text(self) -> str:
        """Its content as one text."""
        return "".join(part.text for part in self.content)


class ChatBody(Body):
    """/v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    logprobs: bool = False
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    metadata: dict[str, str] | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None


_B = TypeVar("_B", bound=Body)


def read_completion(values: Any) -> CompletionBody:
    """The body of /v1/completions; raises a Refusal (400) that names the field and what is wrong with it."""
    body = _read(CompletionBody, _plain(values, CompletionBody, neutral.COMPLETION))
    if body.best_of not in {None, body.n}:
        raise Refusal(400, "best_of is not supported: leave it out, or give what n is", param="best_of")
    if body.echo and body.logprobs is not None:
        message = "logprobs of the prompt are not supported: leave out echo or logprobs"
        raise Refusal(400, message, param="logprobs")
    if body.n * len(body.prompt) > MOST_CHOICES:
        message = f"{len(body.prompt)} prompts, n {body.n}: more than {MOST_CHOICES} stories in one request"
        raise Refusal(400, message, param="n")
    return body


def read_chat(values: Any) -> ChatBody:
    """The body of /v1/chat/completions; raises a Refusal as `read_completion` does."""
    values = _plain(values, ChatBody, neutral.CHAT)
    if isinstance(values.get("messages"), list):
        values["messages"] = [
            _plain(message, Message, neutral.MESSAGE, f"messages.{place}")
            for place, message in enumerate(values["messages"])
        ]
    body = _read(ChatBody, values)
    if body.top_logprobs is not None and not body.logprobs:
        raise Refusal(400, "top_logprobs needs logprobs: set it to true", param="top_logprobs")
    if None not in {body.max_tokens, body.max_completion_tokens}:
        message = "max_tokens is the old name of max_completion_tokens: give one of them"
        raise Refusal(400, message, param="max_tokens")
    return body


def _plain(
    values: Any, kind: type[BaseModel], accepted: neutral.Table, where: str | None = None
) -> dict[str, Any]:
    """An object without its nulls and its values that ask for nothing; refuses what is not known."""
    if not isinstance(values, dict):
        raise Refusal(400, f"{where or 'the body'} must be a JSON object", param=where)
    kept = {}
    for name, value in values.items():
        full = (f"{where}.{name}" if where else name)[:200]
        if name in accepted:
            neutral.refuse_unless_neutral(full, value, accepted[name])
        elif name not in kind.model_fields:
            close = near_miss(name, kind.model_fields)
            hint = f"; {close}" if close.startswith("did you mean") else ""
            raise Refusal(400, f"unknown field: {full}{hint}", param=full, code="unknown_parameter")
        elif value is not None:
            kept[name] = value
    return kept


def _read(kind: type[_B], values: dict[str, Any]) -> _B:
    if isinstance(values.get("stream_options"), dict):
        values["stream_options"] = _plain(
            values["stream_options"], StreamOptions, neutral.STREAM_OPTIONS, "stream_options"
        )
    try:
        body = kind.model_validate(values)
    except ValidationError as error:
        raise _explain(error) from None
    if body.stream_options and not body.stream:
        raise Refusal(400, "stream_options is for a stream: set stream to true", param="stream_options")
    return body


def _explain(error: ValidationError) -> Refusal:
    """The first fault, as a sentence."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))[:200]
    if fault["type"] == "missing":
        return Refusal(400, f"{where} is missing", param=where, code="missing_required_parameter")
    if fault["type"] == "value_error":
        told = str(fault["ctx"]["error"])
    else:
        told = fault["msg"].removeprefix("Input ").replace("Extra inputs are", "is")
    return Refusal(400, f"{where} {told}", param=where, code="invalid_value")
