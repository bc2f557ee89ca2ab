"""The routes."""

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from lilliput.app.server.exchange import Answer, StreamedAnswer
from lilliput.app.server.guards import HostGuard, KeyGuard, read_json
from lilliput.app.server.hosted import Hosted, find_model
from lilliput.app.server.prompts import Task, read_chat_task, read_completion_task
from lilliput.app.server.refusals import Refusal, closing, json_response
from lilliput.app.server.replies import ChatShape, CompletionShape, Shape, make_head
from lilliput.app.server.schema import Body, ChatBody, CompletionBody, read_chat, read_completion

_T = TypeVar("_T")
_LARGE_BODY_BYTES = 16_384  # what takes milliseconds to read is read beside the event loop
_CLIENT_CLOSED = 499  # by convention; nobody is there to see it


@dataclass(frozen=True)
class Limits:
    """What one request may take."""

    body_bytes: int = 1 << 20
    body_s: float = 30.0
    request_s: float = 600.0


class Api:
    """The endpoints over some models. Its state is the models' workers and one thread for large bodies."""

    def __init__(
        self,
        models: Sequence[Hosted],
        limits: Limits | None = None,
        draw_seed: Callable[[], int] = lambda: secrets.randbits(63),
        now: Callable[[], float] = time.time,
    ) -> None:
        """`draw_seed` gives a seed to each story that has none; `now` is in seconds since 1970."""
        self._models, self._limits = models, limits or Limits()
        self._draw_seed, self._now = draw_seed, now
        self._started = int(now())
        self._reader = ThreadPoolExecutor(1, "large bodies")

    def drain(self) -> None:
        """Refuse what is new and what waits; stories in slots go on."""
        for hosted in self._models:
            hosted.worker.drain()

    def close(self) -> None:
        """End everything and wait for the threads."""
        for hosted in self._models:
            hosted.worker.close()
        self._reader.shutdown()

    async def health(self, _: Request) -> Response:
        """Whether stories are written here."""
        if not all(hosted.worker.alive for hosted in self._models):
            raise closing()
        return json_response({"status": "ok"})

    async def models(self, _: Request) -> Response:
        """All models."""
        return json_response({"object": "list", "data": [self._tell_model(one) for one in self._models]})

    async def model(self, request: Request) -> Response:
        """One model."""
        return json_response(self._tell_model(find_model(self._models, request.path_params["name"])))

    async def completions(self, request: Request) -> Answer | Response:
        """Go on with a text."""

        def understand(values: Any) -> tuple[CompletionBody, Hosted, Task]:
            body = read_completion(values)
            hosted = find_model(self._models, body.model)
            return body, hosted, read_completion_task(body, hosted, self._draw_seed)

        body, hosted, task = await self._read(request, understand)
        shape = CompletionShape(self._head(hosted), hosted.tokenizer, task.echoes, body.logprobs)
        return self._answer(body, hosted, task, shape)

    async def chat(self, request: Request) -> Answer | Response:
        """Answer messages."""

        def understand(values: Any) -> tuple[ChatBody, Hosted, Task]:
            body = read_chat(values)
            hosted = find_model(self._models, body.model)
            return body, hosted, read_chat_task(body, hosted, self._draw_seed)

        body, hosted, task = await self._read(request, understand)
        shape = ChatShape(self._head(hosted), hosted.tokenizer, body.logprobs, body.top_logprobs)
        return self._answer(body, hosted, task, shape)

    async def _read(self, request: Request, understand: Callable[[Any], _T]) -> _T:
        values, size = await read_json(request, self._limits.body_bytes, self._limits.body_s)
        if size <= _LARGE_BODY_BYTES:
            return understand(values)
        return await asyncio.get_running_loop().run_in_executor(self._reader, understand, values)

    def _answer(self, body: Body, hosted: Hosted, task: Task, shape: Shape) -> Answer:
        if body.stream:
            return StreamedAnswer(hosted.worker, task, shape, self._limits.request_s, body.wants_usage)
        return Answer(hosted.worker, task, shape, self._limits.request_s)

    def _head(self, hosted: Hosted) -> dict[str, Any]:
        return make_head(hosted.name, uuid.uuid4().hex, int(self._now()))

    def _tell_model(self, hosted: Hosted) -> dict[str, Any]:
        return {"id": hosted.name, "object": "model", "created": self._started, "owned_by": "lilliput"}


def make_app(api: Api, key: str | None = None, cors: Sequence[str] = (), loopback: bool = True) -> Starlette:
    """The ASGI application. `cors` are the origins of pages that browsers may let ask."""
    guards = []
    if cors:
        methods, headers = ["GET", "POST"], ["Authorization", "Content-Type"]
        guards.append(
            Middleware(CORSMiddleware, allow_origins=list(cors), allow_methods=methods, allow_headers=headers)
        )
    if loopback:
        guards.append(Middleware(HostGuard))
    if key is not None:
        guards.append(Middleware(KeyGuard, key=key))
    app = Starlette(
        routes=[
            Route("/health", api.health),
            Route("/v1/models", api.models),
            Route("/v1/models/{name}", api.model),
            Route("/v1/completions", api.completions, methods=["POST"]),
            Route("/v1/chat/completions", api.chat, methods=["POST"]),
        ],
        middleware=guards,
        exception_handlers={
            Refusal: _on_refusal,
            HTTPException: _on_http_exception,
            ClientDisconnect: _on_client_gone,
            Exception: _on_fault,
        },
    )
    app.router.redirect_slashes = False
    return app


_Handler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


async def _on_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path, method = request.url.path[:200], request.method[:20]
    if error.status_code == 404:
        return Refusal(404, f"there is no {path} here; see docs/server.md", code="not_found").response()
    message = f"{path} takes {(error.headers or {}).get('Allow', 'another method')}, not {method}"
    return Refusal(error.status_code, message, headers=error.headers).response()


async def _on_client_gone(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED)


async def _on_fault(_: Request, __: Exception) -> Response:
    return Refusal(500, "a fault of the server; its log says more", code="internal_error").response()
