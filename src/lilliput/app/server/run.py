"""Start and end of a server: its socket, its signals, its last stories."""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence

import uvicorn

from lilliput.app.server.api import Api, make_app
from lilliput.app.server.connection import PatientProtocol
from lilliput.app.server.guards import is_loopback
from lilliput.errors import ConfigError, LilliputError

GRACE_S = 10.0
"""How long stories may go on once the server is told to stop."""


def check_exposure(host: str, key: str | None) -> None:
    """Raise ConfigError for a host that others can reach without a key, or a key that cannot be sent."""
    if key is not None and (not key.isascii() or not key.isprintable() or key != key.strip() or not key):
        raise ConfigError("--api-key: use printable ASCII characters, without spaces at its ends")
    if key is None and not is_loopback(host):
        raise ConfigError(
            f"--host {host} can be reached from other machines: give --api-key KEY, or set LILLIPUT_API_KEY"
        )


def open_socket(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port` (0: any that is free); raises LilliputError if it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise LilliputError(f"--host {host} is no address of this machine: {error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise LilliputError(
            f"{host} port {port} cannot be used ({why}): give another --port, or 0 for any that is free"
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Where clients of OpenAI's API find it."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


class StoryServer(uvicorn.Server):
    """uvicorn on a socket of ours; told to stop, it lets stories finish for a while."""

    def __init__(
        self,
        api: Api,
        listener: socket.socket,
        key: str | None = None,
        cors: Sequence[str] = (),
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """`announce` is called once requests are answered."""
        self._api, self._listener, self._announce = api, listener, announce
        app = make_app(api, key, cors, is_loopback(listener.getsockname()[0]))
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(GRACE_S + 5),
        )
        super().__init__(config)

    def serve_until_stopped(self) -> None:
        """Answer requests until a signal, or until `should_exit` is set; closes the models' workers."""
        try:
            self.run([self._listener])
        finally:
            self._listener.close()
            self._api.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse what is new and what waits, let stories in slots finish, then end them."""
        self._api.drain()
        ending = asyncio.create_task(self._end_stories())
        await super().shutdown(sockets)
        ending.cancel()

    async def _end_stories(self) -> None:
        await asyncio.sleep(GRACE_S)
        await asyncio.to_thread(self._api.close)
