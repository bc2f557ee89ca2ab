"""A writer that is killed ten times, in front of a server that fails in every way."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("openai")

HERE = Path(__file__).parent
COUNT, KILLS, CONCURRENCY = 130, 10, 4
PRICES = (3.0, 7.0)  # dollars a million tokens


@pytest.fixture(scope="module")
def failing(load: Callable[[str], ModuleType]) -> ModuleType:
    """The module failing_server.py."""
    return load("stories/writing/failing_server.py")


@pytest.fixture
def server(failing: ModuleType) -> Iterator[Any]:
    """A failing server."""
    server = failing.FailingServer({COUNT - 6, COUNT - 3})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Forks:
    """Runs command lines, each in a process of its own."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "fork_writer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENAI_API_KEY": "sk-test-secret", "NO_PROXY": "127.0.0.1"},
        )

    def start(self, arguments: list[str]) -> int:
        """Begin one; returns its process id."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([*arguments, str(self._log)]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def wait(self) -> int:
        """How it ended: an exit status, or below zero the signal that killed it."""
        assert self._process.stdout
        return os.waitstatus_to_exitcode(int(self._process.stdout.readline()))

    def close(self) -> None:
        """Let go."""
        self._process.communicate()


@pytest.fixture
def forks(tmp_path: Path) -> Iterator[Forks]:
    """Forks whose output goes to log.txt."""
    forks = Forks(tmp_path / "log.txt")
    yield forks
    forks.close()


def command(server: Any, path: Path, stream: bool, max_cost: float) -> list[str]:
    """The command line of one run."""
    settings = ["timeout_s=2.0", "backoff_s=0.01", "longest_backoff_s=0.1", "tries=6", "retries=40"]
    settings.append(f"stream={str(stream).lower()}")
    return [
        *("data", "write", "-o", str(path), "--model", "fake", "--base-url", server.url, "--json"),
        *("--count", str(COUNT), "--concurrency", str(CONCURRENCY), "--max-tokens", "200", "--seed", "5"),
        *("--price-in", str(PRICES[0]), "--price-out", str(PRICES[1]), "--max-cost", str(max_cost)),
        *(part for setting in settings for part in ("--set", setting)),
    ]


def charged(server: Any) -> float:
    """Dollars that the server has charged so far."""
    with server.lock:
        tokens = [(entry.prompt_tokens, entry.answer_tokens) for entry in server.log]
    return sum(prompt * PRICES[0] + answer * PRICES[1] for prompt, answer in tokens) / 1e6


def kill_after(server: Any, child: int, requests: int, wait_s: float) -> None:
    """SIGKILL for `child`, some time after so many requests more."""
    until = len(server.log) + requests
    while len(server.log) < until:
        time.sleep(0.002)
    time.sleep(wait_s)
    os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes as Unix has them")
def test_a_writer_killed_ten_times_leaves_exactly_the_stories_asked_for(
    server: Any, forks: Forks, tmp_path: Path
) -> None:
    path, dice = tmp_path / "told.jsonl", random.Random(0)
    for kill in range(KILLS):
        child = forks.start(command(server, path, kill % 2 == 1, 1.0))
        kill_after(server, child, dice.randint(3, 14), dice.uniform(0, 0.03))
        assert forks.wait() == -signal.SIGKILL
        assert not path.exists()

    cap = round(charged(server) * 1.6, 6)  # too little for the rest
    forks.start(command(server, path, False, cap))
    assert forks.wait() == 2
    assert charged(server) <= cap
    assert 0 < len(path.read_text().splitlines()) < COUNT

    forks.start(command(server, path, True, 1.0))
    assert forks.wait() == 0, (tmp_path / "log.txt").read_text()
    assert charged(server) <= 1.0
    check_stories(path)
    check_counts(server, path)
    requests = len(server.log)
    forks.start(command(server, path, False, 1.0))
    assert forks.wait() == 0
    assert len(server.log) == requests, "what is done is not done again"
    assert all(b"sk-test-secret" not in file.read_bytes() for file in tmp_path.iterdir())


def check_stories(path: Path) -> None:
    """Exactly as many as asked for, none twice, none lost, each with what was asked for."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    numbers = [row["number"] for row in rows]
    wanted = [number for number in range(COUNT + 1) if number != 7]  # which is refused whatever one does
    assert numbers == wanted
    assert len({row["text"] for row in rows}) == COUNT
    for row in rows:
        assert row["text"].split("This is story ")[1].startswith(f"{row['number']}-")
        assert len(row["words"]) == 3
        assert all(word in row["prompt"] for word in row["words"])


def check_counts(server: Any, path: Path) -> None:
    """The report says what the server's log says."""
    lines = Path(f"{path}.journal").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    reserved = {record["sent"]: record["tokens"] for record in records if "sent" in record}
    sent = [record["sent"] for record in records if "sent" in record]
    back = {record["back"]: record for record in records if "back" in record}
    log = {entry.name: entry for entry in server.log}
    assert len(log) == len(server.log), "no request was sent twice"
    assert len(set(sent)) == len(sent)
    assert set(log) <= set(sent), "nothing was sent that had not been written down"
    assert set(back) <= set(log)
    assert {name: record["outcome"] for name, record in back.items()} == {
        name: log[name].outcome for name in back
    }
    report = json.loads(Path(f"{path}.report").read_text(encoding="utf-8"))
    lost = len(sent) - len(back)
    assert 0 < lost <= KILLS * CONCURRENCY
    counts = Counter(log[name].outcome for name in back)
    assert {name: count for name, count in report["outcomes"].items() if count} == {
        **counts,
        "interrupted": lost,
    }
    kinds = {"rate_limited", "server_error", "timeout", "connection", "cut", "broken_body", "broken_json"}
    assert {"story", "refusal", "empty", "wrong_script", "too_long", *kinds} == set(counts)
    assert (report["stories"], report["given_up"], report["ended"]) == (COUNT, 1, "done")
    assert report["requests"] == len(sent)
    known = [log[name] for name, record in back.items() if record["usage"] is not None]
    assert report["prompt_tokens"] == sum(entry.prompt_tokens for entry in known)
    assert report["answer_tokens"] == sum(entry.answer_tokens for entry in known)
    assert all(entry.prompt_tokens <= reserved[name][0] for name, entry in log.items())
    assert all(entry.answer_tokens <= reserved[name][1] for name, entry in log.items())
    assert min(tokens[1] for tokens in reserved.values()) == 200  # --max-tokens
    settled = {name for name, record in back.items() if record["free"] or record["usage"] is not None}
    unknown = [tokens for name, tokens in reserved.items() if name not in settled]
    assert report["perhaps_prompt_tokens"] == sum(prompt for prompt, _ in unknown)
    assert report["perhaps_answer_tokens"] == sum(answer for _, answer in unknown)
    assert charged(server) <= report["cost_usd"] + report["perhaps_cost_usd"] <= 1.0
