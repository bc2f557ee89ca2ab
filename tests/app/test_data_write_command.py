"""`lilliput data write` as a person meets it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lilliput.app.cli import run
from lilliput.runtime.native import library_path

SECRET = "sk-abcdefgh12345678"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


Ask = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


@pytest.fixture
def answering() -> Iterator[Callable[[Ask], tuple[str, list[dict[str, Any]]]]]:
    """Serve a function of the request's body; gives the URL and the list of what was asked."""
    servers: list[tuple[HTTPServer, Thread]] = []

    def serve(answer: Ask) -> tuple[str, list[dict[str, Any]]]:
        asked: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append({**body, "path": self.path, "key": self.headers["Authorization"]})
                status, told = answer(body)
                text = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Be silent."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}/v1", asked

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def chat(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
    head = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    return {**head, "choices": [choice], "usage": usage}


def test_a_dry_run_shows_prompts_and_estimate_and_makes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["data", "write", "-o", "told.jsonl", "--model", "m", "--count", "1000", "--dry-run"]
    assert run([*command, "--price-in", "1", "--price-out", "10", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["stories"] == 1000
    assert row["about"]["answer_tokens"] == 260_000
    assert 2.6 < row["about"]["cost_usd"] < 3.0
    assert 10 < row["at_most"]["cost_usd"] < 11.5
    assert [prompt["number"] for prompt in row["prompts"]] == [0, 1, 2]
    assert run(command) == 0
    assert "price is not known" in capsys.readouterr().out
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--max-cost", "1"], "max_cost needs prices"),
        (["--price-in", "1"], "price_in and price_out go together"),
        (["--set", "temprature=1"], "did you mean temperature"),
        (["--set", "answer=text", "--set", "json_mode=true"], "json_mode is for api chat and answer json"),
        (["--language", "fr"], "tinystories has no language fr"),
        (["--base-url", "localhost:8000"], "write it as http://HOST:PORT/v1"),
        (["--protocol", "openings", "--set", "answer=json"], "needs api completions and answer text"),
    ],
)
def test_mistakes_are_one_line(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai")
    assert run(["data", "write", "-o", "told.jsonl", "--model", "m", *options]) == 2
    message = capsys.readouterr().err
    assert says in message
    assert message.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_openai_itself_needs_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    monkeypatch.delenv("OPENAI_API_KEY")
    assert run(["data", "write", "-o", "told.jsonl", "--model", "m"]) == 2
    assert "OPENAI_API_KEY is not set" in capsys.readouterr().err


def test_without_the_client_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    assert run(["data", "write", "-o", "told.jsonl", "--model", "m"]) == 2
    assert "pip install 'lilliput[judge]'" in capsys.readouterr().err


def test_settings_reach_the_endpoint_and_the_key_reaches_nothing_else(
    answering: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    url, asked = answering(lambda _: (200, chat('{"story": "एक लोमड़ी ने डिब्बा देखा।"}')))
    command = ["data", "write", "-o", "told.jsonl", "--model", "m", "--base-url", url, "--count", "3"]
    settings = [
        "--language",
        "hi",
        "--set",
        "temperature=0.5",
        "--set",
        "limit_field=max_completion_tokens",
        "--set",
        "json_mode=true",
    ]
    assert run([*command, *settings, "--max-tokens", "77", "--set", "send_seed=false"]) == 0
    assert len(asked) == 3
    for body in asked:
        names = {
            "model",
            "messages",
            "temperature",
            "max_completion_tokens",
            "response_format",
            "path",
            "key",
        }
        assert set(body) == names
        assert (body["temperature"], body["max_completion_tokens"]) == (0.5, 77)
        assert (body["path"], body["key"]) == ("/v1/chat/completions", f"Bearer {SECRET}")
    rows = [json.loads(line) for line in Path("told.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["prompt"] for row in rows} == {body["messages"][0]["content"] for body in asked}
    assert {(row["language"], row["model"], row["protocol"]) for row in rows} == {("hi", "m", "tinystories")}
    assert "3 of 3" in capsys.readouterr().out


def test_a_key_that_is_refused_is_not_repeated_in_messages_or_files(
    answering: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai")
    told = {"error": {"message": f"Incorrect API key provided: {SECRET}. (sk-abcd**5678)", "code": "x"}}
    url, asked = answering(lambda _: (401, told))
    assert run(["data", "write", "-o", "told.jsonl", "--model", "m", "--base-url", url]) == 2
    message = capsys.readouterr().err
    assert "refuses the request" in message
    assert "Incorrect API key provided: KEY. (KEY)" in message
    assert len(asked) <= 8
    assert all(b"sk-abcd" not in file.read_bytes() for file in Path().iterdir())


def test_a_spent_quota_is_not_waited_for(answering: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai")
    url, _ = answering(lambda _: (429, {"error": {"message": "no money", "code": "insufficient_quota"}}))
    assert run(["data", "write", "-o", "told.jsonl", "--model", "m", "--base-url", url]) == 2
    assert "refuses the request" in capsys.readouterr().err


def test_a_model_of_ours_is_the_writer(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai")
    if library_path() is None:
        pytest.skip("needs the C engine, which was not built")
    command = [sys.executable, "-m", "lilliput", "serve", "pocket", "--port", "0", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = re.search(r"http\S+", server.stdout.readline())
        try:
            assert url
            options = ["--protocol", "openings", "--base-url", url[0], "--max-tokens", "350", "--json"]
            assert (
                run(["data", "write", "-o", "told.jsonl", "--model", "pocket", "--count", "6", *options]) == 0
            )
        finally:
            server.terminate()
    report = json.loads(capfd.readouterr().out)
    assert (report["stories"], report["answer_tokens"] > 200) == (6, True)
    rows = [json.loads(line) for line in Path("told.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 6
    assert all(row["text"].startswith(row["prompt"]) and len(row["text"]) > 150 for row in rows)
