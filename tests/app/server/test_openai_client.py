"""The real `openai` client against a real model, and a busy server that tells the same stories."""

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import openai
import pytest
import torch

from lilliput.app.server.api import Api
from lilliput.app.server.chat import ChatTemplate
from lilliput.app.server.hosted import Hosted
from lilliput.app.server.run import StoryServer, open_socket, url_of
from lilliput.app.server.worker import Worker
from lilliput.generation.batch import BatchEngine
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.generation.engines import TorchEngine
from lilliput.generation.generate import Telling
from lilliput.generation.sample import Sampling
from lilliput.generation.torch_batch import TorchBatch
from lilliput.models import build_model
from lilliput.models.config import LlamaConfig
from lilliput.models.weights import get_weights
from lilliput.runtime.native import library_path

CONFIG = LlamaConfig(
    vocab_size=262, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=96, tied=True
)


@pytest.fixture(scope="module", params=["torch", "c"])
def served(fake: Any, request: pytest.FixtureRequest) -> Iterator[SimpleNamespace]:
    """Two models over one set of weights: `writer`, and `talker`, which has a chat template."""
    if request.param == "c" and library_path() is None:
        pytest.skip("needs the C engine, which was not built")
    torch.manual_seed(0)
    model = build_model(CONFIG)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
    image = engine_image(CONFIG, get_weights(model), "f32") if request.param == "c" else None

    def engine(slots: int) -> BatchEngine:
        return TorchBatch(model.eval(), slots) if image is None else CBatch(image, slots)

    tokenizer, ends = fake.make_tokenizer(), frozenset({2})
    template = ChatTemplate(fake.TEMPLATE, tokenizer)
    hosted = [
        Hosted("writer", Worker(engine(3), 200), tokenizer, ends),
        Hosted("talker", Worker(engine(2), 200), tokenizer, ends, template),
    ]
    listener, started = open_socket("127.0.0.1", 0), threading.Event()
    url = url_of(listener)
    server = StoryServer(Api(hosted), listener, key="k", announce=started.set)
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    assert started.wait(30)
    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)
    yield SimpleNamespace(
        client=client, url=url, model=model, tokenizer=tokenizer, hosted=hosted, engine=engine
    )
    client.close()
    server.should_exit = True
    thread.join(60)


def telling(served: SimpleNamespace, prompt: str, seed: int, max_tokens: int, **sampling: Any) -> Telling:
    """What the engine writes by itself, without a server."""
    wanted = Sampling(**{"temperature": 1.0, **sampling})
    return Telling(served.engine(1), served.tokenizer, wanted, seed, prompt, max_tokens)


def tell(served: SimpleNamespace, prompt: str, seed: int, max_tokens: int) -> str:
    """The new text of it."""
    return "".join(telling(served, prompt, seed, max_tokens)).removeprefix(prompt)


def complete(served: SimpleNamespace, **fields: Any) -> Any:
    return served.client.completions.create(**{"model": "writer", "max_tokens": 20, **fields})


def chat(served: SimpleNamespace, content: str = "hello", **fields: Any) -> Any:
    messages = [{"role": "user", "content": content}]
    wanted = {"model": "talker", "messages": messages, "max_completion_tokens": 20, **fields}
    return served.client.chat.completions.create(**wanted)


def test_models_are_listed(served: SimpleNamespace) -> None:
    assert [model.id for model in served.client.models.list()] == ["writer", "talker"]
    assert served.client.models.retrieve("talker").owned_by == "lilliput"
    with pytest.raises(openai.NotFoundError):
        served.client.models.retrieve("nobody")


def test_a_wrong_key_is_told_so(served: SimpleNamespace) -> None:
    with (
        openai.OpenAI(base_url=served.url, api_key="x") as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": 0},
        {"temperature": 1.0},
        {"temperature": 0.7, "top_p": 0.8},
        {"top_k": 5, "min_p": 0.05, "repetition_penalty": 1.3},
    ],
    ids=str,
)
def test_a_completion_is_what_the_engine_writes(served: SimpleNamespace, sampling: dict[str, Any]) -> None:
    ours = {name: sampling[name] for name in sampling if name not in {"temperature", "top_p"}}
    theirs = {name: sampling[name] for name in sampling if name not in ours}
    told = complete(served, prompt="a fox", seed=7, extra_body=ours, **theirs)
    alone = telling(served, "a fox", 7, 20, **sampling)
    assert "a fox" + told.choices[0].text == "".join(alone)
    assert told.object == "text_completion"
    assert told.choices[0].finish_reason == {"length": "length", "end": "stop"}[alone.ending]
    assert told.usage.prompt_tokens == 1 + len(served.tokenizer.encode("a fox"))
    assert told.usage.completion_tokens == len(alone.ids)
    assert told.usage.total_tokens == told.usage.prompt_tokens + len(alone.ids)


def test_the_default_is_sixteen_tokens_and_the_context_is_the_most(served: SimpleNamespace) -> None:
    short = served.client.completions.create(model="writer", prompt="a", seed=1)
    assert short.usage.completion_tokens <= 16
    ends = [complete(served, prompt="a", seed=seed, max_tokens=100_000) for seed in range(5)]
    for told in ends:
        full = told.usage.completion_tokens == CONFIG.context - told.usage.prompt_tokens + 1
        assert told.choices[0].finish_reason == ("length" if full else "stop")
    assert any(told.choices[0].finish_reason == "length" for told in ends)


def test_a_stream_is_the_same_in_pieces(served: SimpleNamespace) -> None:
    whole = complete(served, prompt=["a fox", "a box"], seed=3, n=2, max_tokens=60, logprobs=2)
    texts, finishes, tokens = [""] * 4, [None] * 4, [[] for _ in range(4)]
    options = {"include_usage": True}
    chunks = list(
        complete(
            served, prompt=["a fox", "a box"], seed=3, n=2, max_tokens=60, logprobs=2, stream=True,
            stream_options=options,
        )
    )  # fmt: skip
    for chunk in chunks[:-1]:
        assert chunk.usage is None
        for choice in chunk.choices:
            assert finishes[choice.index] is None
            texts[choice.index] += choice.text
            finishes[choice.index] = choice.finish_reason
            tokens[choice.index] += zip(
                choice.logprobs.text_offset,
                choice.logprobs.tokens,
                choice.logprobs.token_logprobs,
                strict=True,
            )
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert len({chunk.id for chunk in chunks}) == 1
    assert texts == [choice.text for choice in whole.choices]
    assert finishes == [choice.finish_reason for choice in whole.choices]
    for choice, streamed in zip(whole.choices, tokens, strict=True):
        told = choice.logprobs
        assert streamed == list(zip(told.text_offset, told.tokens, told.token_logprobs, strict=True))
    assert whole.usage.prompt_tokens == sum(
        1 + len(served.tokenizer.encode(text)) for text in ("a fox", "a box")
    )


def test_choices_differ_and_each_follows_from_the_seed(served: SimpleNamespace) -> None:
    told = complete(served, prompt=["a fox", "a fox"], seed=5, n=3)
    texts = [choice.text for choice in told.choices]
    assert [choice.index for choice in told.choices] == list(range(6))
    assert texts[:3] == texts[3:] == [tell(served, "a fox", seed, 20) for seed in (5, 6, 7)]
    assert len(set(texts)) == 3
    free = complete(served, prompt=["a fox"] * 4)
    assert len({choice.text for choice in free.choices}) > 1


def test_a_stop_text_is_cut_off_exactly(served: SimpleNamespace) -> None:
    whole = complete(served, prompt="a fox", seed=11, max_tokens=40).choices[0].text
    for begin in range(2, 12, 3):
        stop = whole[begin : begin + 3]
        told = complete(served, prompt="a fox", seed=11, max_tokens=40, stop=["never there", stop])
        cut = whole[: whole.index(stop)]
        assert (told.choices[0].text, told.choices[0].finish_reason) == (cut, "stop")
        assert told.usage.completion_tokens < 40
        pieces = complete(served, prompt="a fox", seed=11, max_tokens=40, stop=stop, stream=True)
        assert "".join(piece.choices[0].text for piece in pieces) == cut


def test_the_prompt_is_echoed(served: SimpleNamespace) -> None:
    plain = complete(served, prompt="a fox", seed=1).choices[0].text
    ids = served.tokenizer.encode("a fox")
    for prompt in ("a fox", ids, [served.tokenizer.bos, *ids]):
        told = complete(served, prompt=prompt, seed=1, echo=True)
        assert told.choices[0].text == "a fox" + plain
    pieces = complete(served, prompt="a fox", seed=1, echo=True, stream=True)
    assert "".join(piece.choices[0].text for piece in pieces) == "a fox" + plain
    only = complete(served, prompt="a fox", max_tokens=0, echo=True)
    assert (only.choices[0].text, only.usage.completion_tokens) == ("a fox", 0)


def test_logprobs_are_the_models(served: SimpleNamespace) -> None:
    told = complete(served, prompt="a fox", seed=2, logprobs=3, temperature=0.5).choices[0]
    prompt = [1, *served.tokenizer.encode("a fox")]
    chances = TorchEngine(served.model).read(prompt)
    first = chances - chances.max() - np.log(np.exp(chances - chances.max()).sum())
    assert max(told.logprobs.top_logprobs[0].values()) == pytest.approx(first.max(), abs=1e-4)
    assert len(told.logprobs.tokens) > 5
    for token, own, top in zip(
        told.logprobs.tokens, told.logprobs.token_logprobs, told.logprobs.top_logprobs, strict=True
    ):
        assert top[token] == own
        assert 3 <= len(top) <= 4
    bare = complete(served, prompt="a fox", seed=2, logprobs=0, temperature=0.5).choices[0].logprobs
    assert bare.top_logprobs is None
    assert bare.token_logprobs == told.logprobs.token_logprobs


def test_a_chat_is_what_the_template_makes_of_it(served: SimpleNamespace) -> None:
    told = chat(served, "a fox?", seed=4)
    prompt = "user: a fox?\nassistant: "
    assert told.choices[0].message.content == tell(served, prompt, 4, 20)
    assert told.choices[0].message.role == "assistant"
    assert told.object == "chat.completion"
    assert told.usage.prompt_tokens == 1 + len(served.tokenizer.encode(prompt))


def test_a_streamed_chat_is_the_same_in_pieces(served: SimpleNamespace) -> None:
    wanted = {"seed": 4, "n": 2, "logprobs": True, "top_logprobs": 2}
    whole = chat(served, **wanted)
    texts, finishes, roles, logprobs = ["", ""], [None, None], [[], []], [[], []]
    for chunk in chat(served, stream=True, **wanted):
        assert chunk.object == "chat.completion.chunk"
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            roles[choice.index].append(choice.delta.role)
            finishes[choice.index] = choice.finish_reason or finishes[choice.index]
            logprobs[choice.index] += choice.logprobs.content if choice.logprobs else []
    assert texts == [choice.message.content for choice in whole.choices]
    assert finishes == [choice.finish_reason for choice in whole.choices]
    assert [role[0] for role in roles] == ["assistant"] * 2
    assert logprobs == [choice.logprobs.content for choice in whole.choices]
    first = whole.choices[0].logprobs.content[0]
    assert len(first.top_logprobs) == 2
    assert bytes(first.bytes or b"").decode(errors="replace") or first.token


def test_a_model_without_a_template_says_how_else_to_ask(served: SimpleNamespace) -> None:
    with pytest.raises(openai.BadRequestError, match=r"not an instruct model.*v1/completions"):
        chat(served, model="writer")


def test_refusals_reach_the_client_as_its_own_errors(served: SimpleNamespace) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        complete(served, prompt="x" * 500)
    assert refused.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as refused:
        complete(served, prompt="x", frequency_penalty=1)
    assert refused.value.param == "frequency_penalty"
    with pytest.raises(openai.NotFoundError) as missing:
        complete(served, model="nobody", prompt="x")
    assert missing.value.code == "model_not_found"


def test_a_busy_server_tells_the_same_stories(served: SimpleNamespace) -> None:
    prompts = [f"a {'fox and ' * (number % 3)}{number}" for number in range(24)]
    alone = [complete(served, prompt=prompt, seed=3, max_tokens=30).choices[0] for prompt in prompts]

    async def together() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=served.url, api_key="k", max_retries=0) as client:
            return await asyncio.gather(
                *(
                    client.completions.create(model="writer", prompt=prompt, seed=3, max_tokens=30)
                    for prompt in prompts
                )
            )

    told = [answer.choices[0] for answer in asyncio.run(together())]
    assert told == alone
    assert len({choice.text for choice in told}) > 12


def test_leaving_a_stream_frees_its_slot(served: SimpleNamespace) -> None:
    for _ in range(6):
        with complete(served, prompt="a", max_tokens=90, stream=True) as stream:
            next(iter(stream))
    assert complete(served, prompt="a", n=3).usage.completion_tokens
    for _ in range(2000):
        if all(hosted.worker.load == (0, 0) for hosted in served.hosted):
            return
        threading.Event().wait(0.005)
    raise AssertionError("a slot is still in use")
