"""From what a request says to the stories that a worker writes."""

from collections.abc import Callable
from dataclasses import dataclass

from lilliput.app.server.hosted import Hosted
from lilliput.app.server.refusals import Refusal
from lilliput.app.server.schema import Body, ChatBody, CompletionBody
from lilliput.app.server.text import StoryText
from lilliput.errors import DataError
from lilliput.generation.batch import Request

_SEEDS = 2**63


@dataclass(frozen=True)
class Prompt:
    """What one or more stories begin with."""

    ids: tuple[int, ...]
    text: str
    """As it is echoed."""


@dataclass(frozen=True)
class Task:
    """A request, understood: `stories[i]` is choice i, `echoes[i]` what stands before it in the answer."""

    stories: list[tuple[Request, StoryText]]
    echoes: list[str]
    prompt_tokens: int


def read_completion_task(body: CompletionBody, hosted: Hosted, draw_seed: Callable[[], int]) -> Task:
    """Raises a Refusal (400) for a prompt that the model cannot read."""
    prompts = [_read_prompt(prompt, hosted) for prompt in body.prompt]
    logprobs = 0 if body.logprobs is None else max(1, body.logprobs)
    return _task(body, prompts, hosted, draw_seed, body.max_tokens, logprobs, body.echo)


def read_chat_task(body: ChatBody, hosted: Hosted, draw_seed: Callable[[], int]) -> Task:
    """Raises a Refusal (400) for a model without a chat template, or messages that it cannot read."""
    if hosted.template is None:
        raise Refusal(
            400,
            f"{hosted.name} is not an instruct model: its folder has no chat template. "
            "Ask it to continue a text: POST /v1/completions",
            param="model",
        )
    try:
        ids = hosted.template.ids(body.messages)
    except DataError as error:
        raise Refusal(400, str(error), param="messages") from None
    most = body.max_completion_tokens or body.max_tokens or hosted.worker.engine.context
    logprobs = max(1, body.top_logprobs or 0) if body.logprobs else 0
    return _task(body, [Prompt(tuple(ids), "")], hosted, draw_seed, most, logprobs, echo=False)


def _read_prompt(prompt: str | list[int], hosted: Hosted) -> Prompt:
    """Ids with BOS before them, which the model has always seen first."""
    tokenizer = hosted.tokenizer
    if isinstance(prompt, str):
        try:
            return Prompt((tokenizer.bos, *tokenizer.encode(prompt)), prompt)
        except DataError as error:
            raise Refusal(400, str(error), param="prompt") from None
    wrong = next((token for token in prompt if not 0 <= token < tokenizer.vocab_size), None)
    if wrong is not None:
        message = f"{str(wrong)[:20]} is no token id: they go from 0 to {tokenizer.vocab_size - 1}"
        raise Refusal(400, message, param="prompt")
    ids = prompt if prompt[0] == tokenizer.bos else [tokenizer.bos, *prompt]
    return Prompt(tuple(ids), tokenizer.decode(prompt))


def _task(
    body: Body,
    prompts: list[Prompt],
    hosted: Hosted,
    draw_seed: Callable[[], int],
    max_tokens: int,
    logprobs: int,
    echo: bool,
) -> Task:
    context = hosted.worker.engine.context
    if body.repetition_penalty != 1 and not hosted.penalises:
        message = f"{hosted.name} is an integer model, which has no repetition penalty: leave it out"
        raise Refusal(400, message, param="repetition_penalty")
    for prompt in prompts:
        if len(prompt.ids) >= context:
            raise Refusal(
                400,
                f"this model's maximum context length is {context} tokens, and the prompt has "
                f"{len(prompt.ids)}: shorten it, and leave room for one at least",
                param="messages" if isinstance(body, ChatBody) else "prompt",
                code="context_length_exceeded",
            )
    most = min(max_tokens, context)
    stories: list[tuple[Request, StoryText]] = []
    echoes: list[str] = []
    for prompt in prompts:
        for place in range(body.n):
            # with a seed, a prompt's stories do not depend on what other prompts stand beside it
            seed = draw_seed() if body.seed is None else (body.seed + place) % _SEEDS
            request = Request(prompt.ids, body.sampling, seed, most, hosted.ends, logprobs)
            text = StoryText(hosted.tokenizer, prompt.ids, len(stories), body.stop)
            stories.append((request, text))
            echoes.append(prompt.text if echo else "")
    return Task(stories, echoes, sum(len(prompt.ids) for prompt in prompts))
