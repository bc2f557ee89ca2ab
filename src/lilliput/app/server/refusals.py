"""Errors in OpenAI's shape: a status and `{"error": {"message", "type", "param", "code"}}`."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Refusal(Exception):
    """What a request is answered with instead of a story."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        kind = _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {
            "error": {"message": self.message, "type": kind, "param": self.param, "code": self.code},
        }

    def response(self) -> Response:
        """The answer."""
        return json_response(self.as_json(), self.status, self.headers)


def json_response(values: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(encode_json(values), status, headers, "application/json")


def encode_json(values: Any) -> bytes:
    """JSON as UTF-8; half a surrogate pair, which a request may hold, is written as its escape."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def busy(message: str) -> Refusal:
    """429: come back soon."""
    return Refusal(429, message, code="queue_full", headers={"Retry-After": "1"})


def closing() -> Refusal:
    """503: the server is being stopped."""
    return Refusal(503, "the server is shutting down", code="shutting_down")
