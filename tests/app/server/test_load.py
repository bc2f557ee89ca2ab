"""Many clients at once, and bad ones among them: nothing lost, nothing kept by the server's process."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest

from lilliput.app.server.text import StoryText
from lilliput.generation.batch import BatchEngine, Request
from lilliput.generation.sample import Sampling
from lilliput.runtime.native import library_path


@dataclass(frozen=True)
class Load:
    """How many requests of how many clients an engine gets."""

    engine: str
    slots: int
    requests: int
    at_once: int


LOADS = [
    Load("fake", 8, 1000, 50),
    Load("c", 12, 300, 30),
]  # the tiny model goes through C 8 stories at a time
BAD = {
    "not json": (b"{", 400),
    "too long a prompt": (json.dumps({"model": "fake", "prompt": "x" * 600}).encode(), 400),
    "unknown field": (b'{"model": "fake", "promt": 1}', 400),
    "unknown model": (b'{"model": "other"}', 404),
    "ten megabytes": (b'{"prompt": "' + b"x" * 10_000_000 + b'"}', 413),
}


@pytest.fixture(params=LOADS, ids=lambda load: load.engine)
def load(request: pytest.FixtureRequest) -> Load:
    if request.param.engine == "c" and library_path() is None:
        pytest.skip("the C engine was not built (no compiler)")
    return request.param


@pytest.fixture
def process(fake: ModuleType, load: Load) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, fake.__file__, load.engine, str(load.slots), str(load.at_once + 50)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        if process.poll() is None:
            process.kill()


def expected(fake: ModuleType, engine: BatchEngine, number: int, tokens: int) -> str:
    """The story that request `number` must get: what the engine writes for it by itself."""
    tokenizer = fake.make_tokenizer()
    ids = (tokenizer.bos, *tokenizer.encode(f"story {number}"))
    engine.begin(0, Request(ids, Sampling(temperature=1), number, tokens, frozenset()))
    text = StoryText(tokenizer, ids)
    return "".join(text.take(event).text for event in engine.run(tokens))


async def write_stories(fake: ModuleType, port: int, count: int, load: Load) -> None:
    """`count` requests, so many at a time, every other one streamed: each gets its own story, whole."""
    gate, alone = asyncio.Semaphore(load.at_once), fake.open_engine(load.engine, 1)
    url = f"http://127.0.0.1:{port}/v1"

    async def write(client: openai.AsyncOpenAI, number: int) -> None:
        tokens, stream = 5 + number % 40, number % 2 == 0
        async with gate:
            told: Any = await client.completions.create(
                model="fake", prompt=f"story {number}", max_tokens=tokens, seed=number, stream=stream
            )
            chunks = [chunk async for chunk in told] if stream else [told]
        assert "".join(chunk.choices[0].text for chunk in chunks) == expected(fake, alone, number, tokens)
        assert chunks[-1].choices[0].finish_reason == "length"

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        await asyncio.gather(*(write(client, number) for number in range(count)))


def misbehave(fake: ModuleType, port: int) -> None:
    """Clients that vanish in the middle of a stream, an answer, a body or a head; refused requests."""
    asked = json.dumps({"model": "fake", "max_tokens": 500, "stream": True}).encode()
    whole = asked.replace(b"true", b"false")
    headers = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(asked))}
    for body, read in ((asked, 200), (asked, 1), (whole + b" ", 0), (asked[:9], 0), (b"", 0)):
        with fake.open_connection(port) as connection:
            connection.sendall(fake.head("POST", "/v1/completions", headers) + body)
            if read:
                connection.recv(read)
    with fake.open_connection(port) as connection:
        connection.sendall(b"POST /v1/comp")
    for body, status in BAD.values():
        assert fake.ask(port, "POST", "/v1/completions", body)[0] == status
    assert fake.ask(port, "GET", "/v1/completions")[0] == 405


async def storm(fake: ModuleType, port: int, load: Load, count: int, bad: int) -> None:
    async def all_bad() -> None:
        for _ in range(bad):
            await asyncio.to_thread(misbehave, fake, port)

    await asyncio.gather(write_stories(fake, port, count, load), all_bad())


def weigh(pid: int) -> tuple[int, int, int]:
    """Memory in KB, threads and open files of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    values = dict(line.split(":", 1) for line in status.splitlines())
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(values["VmRSS"].split()[0]), int(values["Threads"]), files


def weigh_when_quiet(pid: int, files: int) -> tuple[int, int, int]:
    """The same once no more than `files` are open, which takes as long as kept connections are kept."""
    for _ in range(300):
        if weigh(pid)[2] <= files:
            break
        time.sleep(0.05)
    return weigh(pid)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is weighed through /proc")
def test_many_requests_among_bad_ones_are_all_served_and_leave_nothing_behind(
    fake: ModuleType, process: subprocess.Popen[str], load: Load
) -> None:
    assert process.stdout
    assert process.stderr
    port = int(process.stdout.readline())
    loris = [fake.open_connection(port) for _ in range(20)]
    for connection in loris:
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nX-Slow: ")
    asyncio.run(storm(fake, port, load, 200, 2))  # what is loaded once is loaded now
    for connection in loris:
        connection.sendall(b"y")
        connection.close()
    fake.ask(port, "GET", "/health")
    _, _, idle_files = weigh(process.pid)
    memory, threads, files = weigh_when_quiet(process.pid, idle_files)
    asyncio.run(storm(fake, port, load, load.requests, 10))
    after = weigh_when_quiet(process.pid, files)
    print(f"memory {memory:,} -> {after[0]:,} KB, threads {threads}, files {files}")
    assert after[0] <= memory * 1.05
    assert after[1:] == (threads, files)
    # every slot is free: as many long stories as there are slots run at once, and all end
    body = json.dumps({"model": "fake", "n": load.slots, "max_tokens": 400}).encode()
    status, _, answer = fake.ask(port, "POST", "/v1/completions", body)
    assert status == 200
    reasons = Counter(choice["finish_reason"] for choice in json.loads(answer)["choices"])
    assert reasons == {"length": load.slots}
    process.send_signal(signal.SIGINT)
    process.wait(30)
    errors = process.stderr.read()
    assert "KeyboardInterrupt" in errors  # Ctrl-C, and nothing else was ever complained of
    assert "Exception in ASGI" not in errors
    assert "a story failed" not in errors
