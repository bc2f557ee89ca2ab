"""A client's connection: uvicorn's, with an end to its patience, and a gentler close.

uvicorn waits without limit for a request's head, for a client that does not read its answer, and for
what is left of a body that was refused: each would keep a connection and its memory for ever. And it
closes on a client that is still sending, which makes the client's system throw the answer away.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from lilliput.app.server.refusals import Refusal, encode_json

MOST_CONNECTIONS = 500  # well under the 1,024 files that a process may usually open
HEAD_S = 20.0  # for a request's head, counted from the connection's start or the last answer's end
STALLED_S = 60.0  # for a client that reads nothing though there is something to read
LINGER_S = 5.0  # for a client that is still sending when it was answered for the last time
DISCARDED_BYTES = 64 << 20  # of what such a client sends, and of a body that was refused


class PatientProtocol(H11Protocol):
    """See above. Refusals at this level are in the same shape as all others."""

    transport: "_GentleTransport"
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse what is too much; begin to wait for a head."""
        super().connection_made(_GentleTransport(transport, self))
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(Refusal(503, "too many connections", code="overloaded"))
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers: they hold this object."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._head_timer, self._stall_timer, self.transport.timer):
            if timer:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Throw away what comes after the last answer; give up on a client that sends far too much."""
        refused = self.cycle and self.cycle.response_complete and self.cycle.more_body
        if refused or self.transport.is_closing():
            self._discarded += len(data)
            if self._discarded > DISCARDED_BYTES:
                self.transport.abort()
        if not self.transport.is_closing():
            super().data_received(data)

    def on_response_complete(self) -> None:
        """Begin to wait for the next head."""
        self._discarded = 0
        self._await_head()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read: wait a while."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._stall_timer:
            self._stall_timer.cancel()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        self._refuse(Refusal(400, msg, code="invalid_http"))

    def _await_head(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
        self._head_timer = self.loop.call_later(HEAD_S, self._end_patience)

    def _end_patience(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering or self.transport.is_closing():
            return
        if self.cycle is None:
            self._refuse(Refusal(408, f"no request within {HEAD_S:g} s", code="timeout"))
        else:
            self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer outside of any request, and close."""
        body = encode_json(refusal.as_json())
        head = (
            f"HTTP/1.1 {refusal.status} Refused\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.linger()


class _GentleTransport(asyncio.Transport):
    """A transport that, if the client is still sending, says that nothing more will come, and listens on.

    A socket closed with unread bytes in it resets the connection, and a reset overtakes the answer.
    """

    def __init__(self, transport: asyncio.Transport, protocol: PatientProtocol) -> None:
        super().__init__()
        self._transport, self._protocol = transport, protocol
        self._closing = False
        self.timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self._protocol.conn.their_state is h11.SEND_BODY:
            self.linger()
        elif not self._closing:
            self._closing = True
            self._transport.close()

    def linger(self) -> None:
        """Close once the client has, or after a while."""
        if self.is_closing():
            return
        self._closing = True
        self._transport.resume_reading()
        self._transport.write_eof()
        self.timer = self._protocol.loop.call_later(LINGER_S, self._transport.abort)

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
