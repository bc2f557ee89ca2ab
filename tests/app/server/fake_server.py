"""A server over an engine that draws letters instead of computing, and ways to talk to it by hand.

`python fake_server.py ENGINE SLOTS QUEUE` serves until SIGINT and prints its port: for tests that weigh a
process.
"""

import json
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from lilliput.app.server.api import Api, Limits
from lilliput.app.server.chat import ChatTemplate
from lilliput.app.server.hosted import Hosted
from lilliput.app.server.run import StoryServer, open_socket
from lilliput.app.server.worker import Worker
from lilliput.generation.batch import BatchEngine, Event, Logprob, Request, most_new_tokens
from lilliput.generation.c_batch import CBatch, engine_image
from lilliput.models.config import LlamaConfig
from lilliput.models.shapes import weight_shapes
from lilliput.tokens import Tokenizer, train_tokenizer

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@dataclass
class FakeEngine:
    """See BatchEngine. A story's letters follow from its request."""

    slots: int = 4
    context: int = 256
    step_s: float = 0.0
    """How long each token takes."""
    stories: dict[int, tuple[random.Random, int, Request]] = field(default_factory=dict)
    open: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nothing is written."""
    fails: bool = False
    broken_seed: int | None = None
    """The story of this seed breaks."""

    def __post_init__(self) -> None:
        self.open.set()

    def begin(self, slot: int, request: Request) -> None:
        assert slot not in self.stories
        most, _ = most_new_tokens(request, self.context)
        self.stories[slot] = (random.Random(f"{request.seed} {request.ids}"), most, request)

    def run(self, steps: int) -> list[Event]:
        if not self.open.wait(0.002):
            return []
        if self.fails:
            raise ZeroDivisionError("a fault")
        steps = min([steps, *(left for _, left, _ in self.stories.values())])
        time.sleep(self.step_s * steps)
        return [self._write(slot, steps) for slot in list(self.stories)]

    def _write(self, slot: int, steps: int) -> Event:
        draw, left, request = self.stories[slot]
        ids = tuple(3 + draw.choice(b"abcdefgh ") for _ in range(steps))
        logprobs = tuple(Logprob(-0.5, ((token, -0.5), (99, -1.5))) for token in ids if request.logprobs)
        if request.seed == self.broken_seed:
            del self.stories[slot]
            return Event(slot, ids, logprobs, "broken")
        self.stories[slot] = (draw, left - steps, request)
        if left > steps:
            return Event(slot, ids, logprobs, None)
        del self.stories[slot]
        return Event(slot, ids, logprobs, "length" if request.max_tokens < self.context else "context")

    def cancel(self, slot: int) -> None:
        self.stories.pop(slot, None)


TINY = LlamaConfig(
    vocab_size=262, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_ff=24, context=512, tied=True
)


def open_engine(name: str, slots: int) -> BatchEngine:
    """`fake`, or `c`: the C engine on a tiny model; both read 512 tokens."""
    if name == "fake":
        return FakeEngine(slots, TINY.context, 1e-5)
    random = np.random.default_rng(0)
    shapes = weight_shapes(TINY).items()
    weights = {weight: random.normal(0, 0.3, shape).astype(np.float32) for weight, shape in shapes}
    return CBatch(engine_image(TINY, weights, "f32"), slots)


def make_tokenizer() -> Tokenizer:
    """Bytes, and a merge or two: byte b has the id 3 + b."""
    return train_tokenizer(["a fox and a box"], 262)


@dataclass
class Running:
    """A server in a thread of this process."""

    engine: FakeEngine
    worker: Worker
    server: StoryServer
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def post(self, path: str = "/v1/completions", **body: object) -> tuple[int, dict]:
        """Status and JSON of a request to the model called fake."""
        status, _, answer = ask(self.port, "POST", path, json.dumps({"model": "fake", **body}).encode())
        return status, json.loads(answer)

    def wait_for_load(self, running: int, waiting: int = 0) -> None:
        """Wait until so many stories are in slots and so many requests in the queue; fails after a while."""
        for _ in range(2000):
            if self.worker.load == (running, waiting):
                return
            time.sleep(0.005)
        raise AssertionError(f"load is {self.worker.load}, not {(running, waiting)}")


@contextmanager
def serve(
    engine: FakeEngine | None = None,
    queue: int = 64,
    limits: Limits | None = None,
    penalises: bool = True,
    **options: object,
) -> Iterator[Running]:
    """A server of the model `fake` while the block lasts; afterwards its threads are gone."""
    engine = engine or FakeEngine()
    tokenizer = make_tokenizer()
    worker = Worker(engine, queue, "fake")
    template = ChatTemplate(TEMPLATE, tokenizer)
    hosted = Hosted("fake", worker, tokenizer, frozenset({2}), template, penalises)
    started = threading.Event()
    listener = open_socket("127.0.0.1", 0)
    server = StoryServer(Api([hosted], limits), listener, announce=started.set, **options)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_until_stopped, name="server")
    thread.start()
    assert started.wait(30)
    try:
        yield Running(engine, worker, server, listener.getsockname()[1])
    finally:
        engine.open.set()
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def ask(
    port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request over a socket of its own: status, headers, body."""
    sent = {"Host": "localhost", "Content-Type": "application/json", "Connection": "close"}
    sent |= {"Content-Length": str(len(body))} if body else {}
    with open_connection(port) as connection:
        connection.sendall(head(method, path, {**sent, **(headers or {})}) + body)
        return read_answer(connection)


def open_connection(port: int, buffer_bytes: int | None = None) -> socket.socket:
    """A connection; with `buffer_bytes`, one whose system takes in no more than that unread."""
    connection = socket.socket()
    connection.settimeout(30)
    if buffer_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.connect(("127.0.0.1", port))
    return connection


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """All that comes until the server closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    top, _, body = b"".join(parts).partition(b"\r\n\r\n")
    status, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


def main() -> None:
    """See the top."""
    engine, slots, queue = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    tokenizer = make_tokenizer()
    worker = Worker(open_engine(engine, slots), queue, "fake")
    hosted = Hosted("fake", worker, tokenizer, frozenset())
    listener = open_socket("127.0.0.1", 0)
    port = listener.getsockname()[1]
    StoryServer(Api([hosted]), listener, announce=lambda: print(port, flush=True)).serve_until_stopped()


if __name__ == "__main__":
    main()
