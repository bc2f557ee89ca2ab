"""From the worker's thread to the request that waits in the event loop."""

import asyncio
from collections import deque

from lilliput.app.server.refusals import Refusal
from lilliput.app.server.text import Piece


class Channel:
    """Holds pieces until they are fetched: at most the request's stories, each no longer than the context.

    That is its bound. A client that reads slowly delays nobody and holds no more than what it asked for.
    """

    def __init__(self) -> None:
        """Belongs to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[Piece] = deque()
        self._refusal: Refusal | None = None
        self._news = asyncio.Event()

    def put(self, piece: Piece | Refusal) -> None:
        """Hand over from any thread; what comes after the loop has closed is dropped."""
        try:
            self._loop.call_soon_threadsafe(self._take, piece)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    async def fetch(self) -> list[Piece]:
        """What is there, at least one piece; raises the Refusal once everything before it was fetched."""
        await self._news.wait()
        if not self._pieces and self._refusal:
            raise self._refusal
        pieces = list(self._pieces)
        self._pieces.clear()
        if not self._refusal:
            self._news.clear()
        return pieces

    def _take(self, piece: Piece | Refusal) -> None:
        if isinstance(piece, Refusal):
            self._refusal = self._refusal or piece
        else:
            self._pieces.append(piece)
        self._news.set()
