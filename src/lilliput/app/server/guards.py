"""Who may ask, and how much at once: host names, keys, the size of a body."""

import asyncio
import hmac
import ipaddress
import json
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lilliput.app.server.refusals import Refusal

OPEN_PATHS = frozenset({"/health"})
"""What is answered without a key."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and no other can reach it."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class HostGuard:
    """On loopback: refuses requests for any other host name.

    A page in a browser can point a name of its own at 127.0.0.1 and so reach what listens there ("DNS
    rebinding"); its requests carry that name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See HostGuard."""
        host = Headers(scope=scope).get("host")
        if host is not None and not is_loopback(_without_port(host)):
            message = f"this server answers to localhost and 127.0.0.1, not to {host[:200]!r}"
            await Refusal(403, message, code="wrong_host").response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


class KeyGuard:
    """Asks for `Authorization: Bearer KEY`, everywhere but on open paths."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app, self._key = app, key.encode("utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See KeyGuard."""
        if scope["path"] not in OPEN_PATHS and not self._is_right(Headers(scope=scope).get("authorization")):
            message = "a key is needed: send the header Authorization: Bearer KEY with the server's key"
            headers = {"WWW-Authenticate": "Bearer"}
            refusal = Refusal(401, message, code="invalid_api_key", headers=headers)
            await refusal.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_right(self, header: str | None) -> bool:
        scheme, _, given = (header or "").partition(" ")
        # headers are bytes, which starlette reads as latin-1
        same = hmac.compare_digest(given.strip().encode("latin-1"), self._key)
        return same and scheme.lower() == "bearer"


async def read_json(request: Request, limit_bytes: int, longest_s: float) -> tuple[Any, int]:
    """The body of a request and its size in bytes.

    Raises a Refusal: 415 for another type than JSON, 413 for a body over the limit, without holding more
    than that, 408 for one that takes too long, 400 for what is no JSON. Requiring the type keeps out
    forms in browsers' pages, which can send any other without asking.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        told = kind[:100] or "no type"
        raise Refusal(415, f"the body has {told}: send Content-Type: application/json")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "the body is encoded: send it as it is")
    body = await _read(request, limit_bytes, longest_s)
    try:
        return json.loads(body, parse_constant=_refuse_constant), len(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}"[:300], code="invalid_json") from None


async def _read(request: Request, limit_bytes: int, longest_s: float) -> bytes:
    too_large = Refusal(413, f"the body is larger than {limit_bytes:,} bytes", code="body_too_large")
    declared = request.headers.get("content-length", "0")  # h11 has refused what is no number
    if int(declared) > limit_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(longest_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise too_large
    except TimeoutError:
        message = f"the body did not arrive within {longest_s:g} s"
        raise Refusal(408, message, code="timeout", headers={"Connection": "close"}) from None
    return bytes(body)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _without_port(host: str) -> str:
    """The host of a Host header: `[::1]:80`, `localhost:80`, `localhost`."""
    if host.startswith("["):
        return host.partition("]")[0]
    return host.partition(":")[0]
