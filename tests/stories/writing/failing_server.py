"""An OpenAI-compatible server that fails in every way there is, and keeps a log of what it did.

What becomes of a request follows from its X-Client-Request-Id ("12-0": the first attempt at story 12).
"""

import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STORY = (
    "One day a small fox found a red door.\n\nBehind it was a garden, and the fox was glad. This is story {}."
)
WRONG_SCRIPT = "Жила-была маленькая лиса. Однажды она нашла красную дверь, и была рада."
ALWAYS_REFUSED = 7  # this story's number
STALL_S = 3.5  # longer than its clients wait
SHARES = {
    "story": 0.6, "rate_limited": 0.05, "server_error": 0.05, "connection": 0.05, "cut": 0.05,
    "broken_body": 0.05, "broken_json": 0.03, "refusal": 0.04, "empty": 0.03, "wrong_script": 0.03,
    "too_long": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What was done about one request: its outcome as its client must see it, and the tokens charged."""

    name: str
    outcome: str
    prompt_tokens: int
    answer_tokens: int
    at_s: float
    stream: bool


class FailingServer(ThreadingHTTPServer):
    """`stalled`: numbers of stories whose first attempt is not answered in time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, stalled: set[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stalled = stalled
        self.log: list[Entry] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed here: that is no error of the server."""

    def plan(self, name: str, stream: bool) -> str:
        """The outcome of the request `name`."""
        number, attempt = map(int, name.split("-"))
        if number == ALWAYS_REFUSED:
            return "refusal"
        if number in self.stalled and attempt == 0:
            return "timeout"
        at = random.Random(f"outcome {name}").random()
        for outcome, share in SHARES.items():
            if at < share:
                return "connection" if outcome == "cut" and not stream else outcome
            at -= share
        return "story"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FailingServer

    def log_message(self, *_: Any) -> None:
        """Be silent."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, stream = self.headers["X-Client-Request-Id"], bool(body.get("stream"))
        dice = random.Random(f"details {name}")
        outcome = self.server.plan(name, stream)
        free = outcome in ("rate_limited", "server_error")
        prompt = 0 if free else len(body["messages"][0]["content"]) // 4
        answer = 0 if free else dice.randint(1, body["max_tokens"])
        with self.server.lock:
            self.server.log.append(Entry(name, outcome, prompt, answer, time.monotonic(), stream))
        time.sleep(dice.uniform(0.0, 0.03))
        try:
            self._answer(name, outcome, stream, dice, {"prompt_tokens": prompt, "completion_tokens": answer})
        except OSError:  # the client was killed
            self.close_connection = True

    def _answer(self, name: str, outcome: str, stream: bool, dice: random.Random, usage: Any) -> None:
        if outcome == "rate_limited":
            headers = dice.choice([{"Retry-After": "0.05"}, {"retry-after-ms": "30"}, {}])
            self._send(429, '{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}', headers)
        elif outcome == "server_error":
            self._send(dice.choice([500, 503]), dice.choice(['{"error": {"message": "oh"}}', "<html>oh"]))
        elif outcome == "timeout":
            time.sleep(STALL_S)
            self._tell(name, STORY.format(0), "stop", stream, usage)
        elif outcome == "connection":
            self._break_off(dice)
        elif outcome == "broken_body":
            self._send_broken(stream)
        else:
            text, finish = self._words(name, outcome, dice)
            if outcome == "refusal" and dice.random() < 0.3:
                text, finish = '{"story": "One', "content_filter"
            self._tell(name, text, None if outcome == "cut" else finish, stream, usage)

    def _words(self, name: str, outcome: str, dice: random.Random) -> tuple[str, str]:
        told = json.dumps({"story": STORY.format(name)})
        if outcome in ("story", "cut"):
            return dice.choice([told, f"```json\n{told}\n```", f"\n{told}\n"]), "stop"
        if outcome == "broken_json":
            return dice.choice([told[:-3], STORY.format(name), '["story"]', '{"tale": "One day"}']), "stop"
        if outcome == "refusal":
            return dice.choice(["I'm sorry, but I can't write that.", "As an AI, I have no stories."]), "stop"
        if outcome == "empty":
            return dice.choice(["", "  \n", '{"story": ""}', '{"story": " "}']), "stop"
        if outcome == "wrong_script":
            return json.dumps({"story": WRONG_SCRIPT}), "stop"
        return told[:40], "length"

    def _tell(self, name: str, text: str, finish: str | None, stream: bool, usage: Any) -> None:
        head = {"id": name, "created": 0, "model": "fake"}
        if not stream:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            answer = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            self._send(200, json.dumps(answer))
            return
        deltas = [{"content": text[begin : begin + 9]} for begin in range(0, len(text), 9)]
        if finish is None:
            deltas = deltas[: len(deltas) // 2]
        choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
        if finish is not None:
            choices += [[{"index": 0, "delta": {}, "finish_reason": finish}], []]
        lines = [{**head, "object": "chat.completion.chunk", "choices": part} for part in choices]
        if finish is not None:
            lines[-1]["usage"] = usage
        events = "".join(f"data: {json.dumps(line)}\n\n" for line in lines)
        end = "" if finish is None else "data: [DONE]\n\n"
        self._send(200, events + end, {"Content-Type": "text/event-stream"})

    def _send(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_broken(self, stream: bool) -> None:
        if stream:
            self._send(200, 'data: {"choices": [{"ind\n\n', {"Content-Type": "text/event-stream"})
        else:
            self._send(200, '{"choices": [{"index": 0, "mess')

    def _break_off(self, dice: random.Random) -> None:
        """No answer at all, or a part of one."""
        self.close_connection = True
        if dice.random() < 0.5:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
        self.wfile.flush()
