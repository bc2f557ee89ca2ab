"""One request and its answer: whole, or piece by piece, and not a moment longer than the client waits."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lilliput.app.server.channel import Channel
from lilliput.app.server.prompts import Task
from lilliput.app.server.refusals import Refusal, encode_json, json_response
from lilliput.app.server.replies import Choice, Shape
from lilliput.app.server.text import Piece
from lilliput.app.server.worker import Job, Worker

_T = TypeVar("_T")
_FAREWELL_S = 5.0  # for a stream's last words


class Answer:
    """An ASGI response. The job is in the worker's queue once this is made, and gone from it afterwards."""

    def __init__(self, worker: Worker, task: Task, shape: Shape, longest_s: float) -> None:
        """Raises a Refusal if the worker takes no more."""
        self._worker, self._task, self._shape, self._longest_s = worker, task, shape, longest_s
        self._channel = Channel()
        self._job = Job(task.stories, self._channel.put)
        self._stories = len(task.stories)
        if task.stories[0][0].max_tokens:
            worker.submit(self._job)
        else:  # only the echo is wanted
            for index in range(self._stories):
                self._channel.put(Piece(index, "", (), 0, "length"))

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer; a client that leaves ends it."""
        try:
            await unless_gone(receive, self._answer(send))
        finally:
            self._worker.cancel(self._job)

    async def _answer(self, send: Send) -> None:
        try:
            async with asyncio.timeout(self._longest_s):
                response = json_response(await self._whole())
        except Refusal as refusal:
            response = refusal.response()
        except TimeoutError:
            response = self._too_long().response()
        await _start(response, send)
        await send({"type": "http.response.body", "body": response.body})

    async def _whole(self) -> dict[str, Any]:
        choices = [Choice() for _ in range(self._stories)]
        async for piece in self._pieces():
            choices[piece.index].add(piece)
        return self._shape.whole(choices, self._task.prompt_tokens)

    async def _pieces(self) -> AsyncIterator[Piece]:
        left = self._stories
        while left:
            for piece in await self._channel.fetch():
                left -= piece.finish is not None
                yield piece

    def _too_long(self) -> Refusal:
        message = f"the request took longer than {self._longest_s:g} s, the server's limit"
        return Refusal(503, message, code="timeout")


class StreamedAnswer(Answer):
    """The same as server-sent events. See Answer."""

    def __init__(self, worker: Worker, task: Task, shape: Shape, longest_s: float, wants_usage: bool) -> None:
        super().__init__(worker, task, shape, longest_s)
        self._wants_usage = wants_usage

    async def _answer(self, send: Send) -> None:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        start = Response(headers=headers)
        del start.headers["content-length"]  # uvicorn sends it in chunks
        try:
            async with asyncio.timeout(self._longest_s):
                await _start(start, send)
                await self._tell(send)
            last = b"data: [DONE]\n\n"
        except Refusal as refusal:
            last = _event(refusal.as_json())
        except TimeoutError:
            last = _event(self._too_long().as_json())
        with suppress(TimeoutError):  # who does not read is cut off
            async with asyncio.timeout(_FAREWELL_S):
                await send({"type": "http.response.body", "body": last})

    async def _tell(self, send: Send) -> None:
        async def tell(chunks: list[dict[str, Any]]) -> None:
            body = b"".join(map(_event, chunks))
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})

        def with_usage(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**chunk, "usage": None} for chunk in chunks] if self._wants_usage else chunks

        for index in range(self._stories):
            await tell(with_usage(self._shape.opening(index)))
        written = [0] * self._stories
        async for piece in self._pieces():
            written[piece.index] = piece.written
            await tell(with_usage(self._shape.chunks(piece)))
        if self._wants_usage:
            await tell([self._shape.counts(self._task.prompt_tokens, sum(written))])


async def _start(response: Response, send: Send) -> None:
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)


def _event(values: dict[str, Any]) -> bytes:
    return b"data: " + encode_json(values) + b"\n\n"


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, _T]) -> _T | None:
    """What `work` comes to; None, and `work` cancelled, if the client leaves first."""
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_wait_until_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
