"""The endpoints over a socket: every refusal a proper status in one shape, every slot freed."""

import json
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from lilliput.app.server.api import Limits

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def server(fake: ModuleType) -> Iterator[Any]:
    with fake.serve() as running:
        yield running


def check_refusal(answer: tuple[int, dict[str, str], bytes], status: int, code: str | None = None) -> dict:
    got, headers, body = answer
    assert got == status
    assert headers["content-type"] == "application/json"
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    if code:
        assert error["code"] == code
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1", b'"\xff"', b"nul", b'{"model": NaN}', b"[" * 100_000, b"9" * 10_000, b"\x00",
        b"null", b"[]", b'"text"', b"\xef\xbb\xbf{}",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/completions", CHAT])
def test_what_is_no_json_object_is_refused(fake: ModuleType, server: Any, path: str, body: bytes) -> None:
    check_refusal(fake.ask(server.port, "POST", path, body), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/completions", 405),
        ("PUT", CHAT, 405),
        ("DELETE", "/v1/models", 405),
        ("POST", "/health", 405),
        ("OPTIONS", "/v1/completions", 405),
        ("BREW", "/v1/models", 405),
        ("GET", "/", 404),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/v1/models/none", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/v1/models/%ff%00", 404),
        ("GET", "/../etc/passwd", 404),
    ],
)
def test_wrong_paths_and_methods_are_refused(
    fake: ModuleType, server: Any, method: str, path: str, status: int
) -> None:
    answer = fake.ask(server.port, method, path)
    check_refusal(answer, status)
    assert ("allow" in answer[1]) == (status == 405)


def test_another_type_than_json_is_refused(fake: ModuleType, server: Any) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Encoding": "gzip"}):
        check_refusal(fake.ask(server.port, "POST", "/v1/completions", b"{}", headers), 415)
    with_charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    check_refusal(
        fake.ask(server.port, "POST", "/v1/completions", b"{}", with_charset),
        400,
        "missing_required_parameter",
    )


def test_an_unknown_model_is_not_found(server: Any) -> None:
    status, answer = server.post(model="other")
    assert (status, answer["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("path", ["/v1/completions", CHAT])
def test_a_prompt_longer_than_the_context_is_refused(server: Any, path: str) -> None:
    long = {"prompt": "x" * 300} if path != CHAT else {"messages": [{"role": "user", "content": "x" * 300}]}
    status, answer = server.post(path, **long)
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    assert "256" in answer["error"]["message"]
    huge = json.loads(json.dumps(long).replace("x" * 300, "x " * 300_000))
    assert server.post(path, **huge)[1]["error"]["code"] == "context_length_exceeded"


def test_a_prompt_that_leaves_room_for_one_token_is_served(server: Any) -> None:
    status, answer = server.post(prompt="x" * 254, max_tokens=9)  # with BOS 255 of 256
    assert (status, answer["usage"]["completion_tokens"]) == (200, 2)  # the last one is written, not read
    assert answer["choices"][0]["finish_reason"] == "length"
    status, answer = server.post(prompt="x" * 255)
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")


def test_ids_that_are_none_and_text_that_is_none_are_refused(server: Any) -> None:
    for prompt in ([262], [-1], [10**30], "\ud800"):
        status, answer = server.post(prompt=prompt)
        assert (status, answer["error"]["param"]) == (400, "prompt")
    assert server.post(CHAT, messages=[{"role": "user", "content": "\ud800"}])[0] == 400
    assert server.post(model="\ud800")[0] == 404


def test_ten_megabytes_are_refused_whether_or_not_their_length_is_told(fake: ModuleType, server: Any) -> None:
    body = json.dumps({"model": "fake", "prompt": "x" * 10_000_000}).encode()
    head = {"Host": "localhost", "Content-Type": "application/json"}
    with fake.open_connection(server.port) as connection:
        told = {**head, "Content-Length": str(len(body)), "Connection": "close"}
        connection.sendall(fake.head("POST", "/v1/completions", told))
        check_refusal(fake.read_answer(connection), 413, "body_too_large")  # none of it was sent
    with fake.open_connection(server.port) as connection:
        connection.sendall(
            fake.head("POST", "/v1/completions", {**head, "Content-Length": str(len(body))}) + body
        )
        # the body was thrown away, and the connection goes on
        connection.sendall(fake.head("GET", "/health", {"Host": "localhost", "Connection": "close"}))
        answers = b""
        while part := connection.recv(65536):
            answers += part
        assert answers.count(b"HTTP/1.1 413") == 1
        assert answers.endswith(b'{"status":"ok"}')
    with fake.open_connection(server.port) as connection:
        connection.sendall(fake.head("POST", "/v1/completions", {**head, "Transfer-Encoding": "chunked"}))
        connection.sendall(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
        for _ in range(4):
            connection.sendall(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_what_is_no_http_is_refused_in_the_same_shape(fake: ModuleType, server: Any) -> None:
    for nonsense in (
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000,
    ):
        with fake.open_connection(server.port) as connection:
            connection.sendall(nonsense + b"\r\n\r\n")
            check_refusal(fake.read_answer(connection), 400, "invalid_http")


def test_a_broken_body_is_refused_whatever_its_request_was(
    fake: ModuleType, server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/v1/completions", "/nowhere"):
        headers = {"Host": "localhost", "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        with fake.open_connection(server.port) as connection:
            connection.sendall(fake.head("POST", path, headers) + b"ZZ\r\n")
            assert fake.read_answer(connection)[0] in {400, 404}
    assert not caplog.records


def test_who_writes_all_before_reading_gets_its_refusal(fake: ModuleType, server: Any) -> None:
    body = b" " * 20_000_000
    for path, status in (("/v1/completions", 413), ("/nowhere", 404)):
        check_refusal(fake.ask(server.port, "POST", path, body), status)


def test_who_never_stops_writing_is_cut_off(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lilliput.app.server.connection.DISCARDED_BYTES", 1 << 20)
    with fake.serve() as server:
        for kept in ("close", "keep-alive"):
            headers = {"Host": "localhost", "Content-Length": str(1 << 40), "Connection": kept}
            with fake.open_connection(server.port) as connection:
                connection.sendall(fake.head("POST", "/nowhere", headers))
                with pytest.raises(ConnectionError):
                    for _ in range(1000):
                        connection.sendall(b" " * (1 << 20))


def test_a_body_that_does_not_come_is_given_up(fake: ModuleType) -> None:
    with (
        fake.serve(limits=Limits(body_s=0.1)) as server,
        fake.open_connection(server.port) as connection,
    ):
        headers = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "99"}
        connection.sendall(fake.head("POST", "/v1/completions", headers) + b'{"mod')
        check_refusal(fake.read_answer(connection), 408, "timeout")


def test_a_head_that_does_not_come_is_given_up(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lilliput.app.server.connection.HEAD_S", 0.1)
    with fake.serve() as server, fake.open_connection(server.port) as connection:
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: local")
        check_refusal(fake.read_answer(connection), 408, "timeout")
        with fake.open_connection(server.port) as second:
            ask = fake.head("GET", "/health", {"Host": "localhost"})
            second.sendall(ask + b"GET /hea")  # an answer, then a head that stays half
            answer = b""
            while part := second.recv(65536):
                answer += part
            assert answer.startswith(b"HTTP/1.1 200")


def test_more_connections_than_there_may_be_are_refused(
    fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lilliput.app.server.connection.MOST_CONNECTIONS", 3)
    with fake.serve() as server:
        held = [fake.open_connection(server.port) for _ in range(3)]
        try:
            held[0].sendall(fake.head("GET", "/health", {"Host": "localhost"}))
            assert held[0].recv(100).startswith(b"HTTP/1.1 200")  # so all three are known there
            with fake.open_connection(server.port) as connection:
                check_refusal(fake.read_answer(connection), 503, "overloaded")
        finally:
            for connection in held:
                connection.close()


def test_a_request_that_takes_too_long_is_given_up_and_its_slot_freed(fake: ModuleType) -> None:
    with fake.serve(limits=Limits(request_s=0.2)) as server:
        server.engine.open.clear()
        status, answer = server.post(prompt="a")
        assert (status, answer["error"]["code"]) == (503, "timeout")
        server.wait_for_load(0)
        told = fake.ask(
            server.port, "POST", "/v1/completions", b'{"model": "fake", "prompt": "a", "stream": true}'
        )
        assert told[0] == 200
        assert b'"code":"timeout"' in told[2]
        assert b"[DONE]" not in told[2]
        server.wait_for_load(0)


def test_a_full_queue_is_told_and_what_was_in_it_is_served(fake: ModuleType) -> None:
    with fake.serve(fake.FakeEngine(slots=1), queue=2) as server:
        server.engine.open.clear()
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(server.post(prompt="a")[0])) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        server.wait_for_load(1, 2)
        body = b'{"model": "fake", "prompt": "a"}'
        refused = fake.ask(server.port, "POST", "/v1/completions", body)
        check_refusal(refused, 429, "queue_full")
        assert int(refused[1]["retry-after"]) >= 1
        stream = b'{"model": "fake", "prompt": "a", "stream": true}'
        check_refusal(fake.ask(server.port, "POST", "/v1/completions", stream), 429)
        server.engine.open.set()
        for thread in threads:
            thread.join(30)
        assert answers == [200, 200, 200]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("waiting", [False, True])
def test_a_client_that_leaves_frees_its_slot(fake: ModuleType, stream: bool, waiting: bool) -> None:
    with fake.serve(fake.FakeEngine(slots=1, context=100_000, step_s=0.001)) as server:
        body = {"model": "fake", "prompt": "a", "max_tokens": 90_000, "stream": stream}
        raw = json.dumps(body).encode()
        headers = {
            "Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(raw)),
        }  # fmt: skip
        connections = [fake.open_connection(server.port) for _ in range(2 if waiting else 1)]
        for number, connection in enumerate(connections):
            connection.sendall(fake.head("POST", "/v1/completions", headers) + raw)
            server.wait_for_load(1, number)
        if stream:
            assert connections[0].recv(100).startswith(b"HTTP/1.1 200")
        for connection in reversed(connections):
            connection.close()
        server.wait_for_load(0)
        assert not server.engine.stories
        assert server.post(prompt="a")[0] == 200


def test_a_slow_reader_delays_no_one_and_holds_its_own_story_at_most(fake: ModuleType) -> None:
    with fake.serve(fake.FakeEngine(slots=2, context=300_000)) as server:
        raw = json.dumps({"model": "fake", "max_tokens": 200_000, "stream": True, "logprobs": 0}).encode()
        headers = {
            "Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(raw)),
            "Connection": "close",
        }  # fmt: skip
        with fake.open_connection(server.port, 1 << 16) as slow:
            slow.sendall(fake.head("POST", "/v1/completions", headers) + raw)
            for _ in range(20):
                assert server.post(prompt="a")[0] == 200
            server.wait_for_load(0)  # its story was written long before it read any of it
            events = [
                json.loads(line[6:])
                for line in _lines(fake.read_answer(slow)[2])
                if line.startswith(b"data: {")
            ]
        assert sum(len(event["choices"][0]["text"]) for event in events) == 200_000


def test_a_client_that_reads_nothing_is_cut_off(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lilliput.app.server.connection.STALLED_S", 0.1)
    with fake.serve(fake.FakeEngine(slots=1, context=200_000)) as server:
        raw = json.dumps({"model": "fake", "max_tokens": 190_000, "stream": True, "logprobs": 5}).encode()
        headers = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(raw))}
        with fake.open_connection(server.port, 4096) as deaf:
            deaf.sendall(fake.head("POST", "/v1/completions", headers) + raw)
            server.wait_for_load(1)
            for _ in range(3000):
                if not server.server.server_state.connections:
                    break
                threading.Event().wait(0.005)
            assert not server.server.server_state.connections
            assert not fake.read_answer(deaf)[2].endswith(b"0\r\n\r\n")  # not whole
        server.wait_for_load(0)


def _lines(chunked: bytes) -> list[bytes]:
    """The lines of a body in chunks of HTTP/1.1."""
    chunks, place = [], 0
    while place < len(chunked):
        begin = chunked.index(b"\r\n", place) + 2
        end = begin + int(chunked[place:begin], 16)
        chunks.append(chunked[begin:end])
        place = end + 2
    return b"".join(chunks).split(b"\n\n")


def test_a_failing_engine_is_a_500_and_the_server_goes_on(fake: ModuleType) -> None:
    with fake.serve() as server:
        server.engine.fails = True
        for path, rest in (("/v1/completions", {}), (CHAT, {"messages": [{"role": "user", "content": "a"}]})):
            status, answer = server.post(path, **rest)
            assert (status, answer["error"]["code"]) == (500, "engine_failed")
            assert "a fault" not in answer["error"]["message"]
        server.engine.fails = False
        assert server.post(prompt="a")[0] == 200


def test_a_story_that_breaks_is_its_own_clients_error_and_the_others_go_on(fake: ModuleType) -> None:
    told = {}
    with fake.serve(fake.FakeEngine(slots=2, step_s=0.002, broken_seed=9)) as server:
        whole = {"max_tokens": 200, "seed": 1}
        good = threading.Thread(target=lambda: told.update(good=server.post(**whole)))
        good.start()
        server.wait_for_load(1)
        status, answer = server.post(max_tokens=200, seed=9)
        assert status == 500
        assert answer["error"]["code"] == "engine_failed"
        assert "NaN or infinity" in answer["error"]["message"]
        body = json.dumps({"model": "fake", "max_tokens": 200, "seed": 9, "stream": True}).encode()
        status, _, streamed = fake.ask(server.port, "POST", "/v1/completions", body)
        assert status == 200
        assert b"NaN or infinity" in streamed
        assert b"[DONE]" not in streamed
        good.join(30)
        assert told["good"][0] == 200
        assert told["good"][1]["usage"]["completion_tokens"] == 200
        assert server.post(**whole)[1]["choices"] == told["good"][1]["choices"]


def test_stopping_finishes_stories_and_refuses_those_that_wait(fake: ModuleType) -> None:
    with fake.serve(fake.FakeEngine(slots=1)) as server:
        server.engine.open.clear()
        answers: dict[str, int] = {}

        def ask(name: str) -> None:
            answers[name] = server.post(prompt="a")[0]

        threads = []
        for number, name in enumerate(("running", "waiting")):
            threads.append(threading.Thread(target=ask, args=(name,)))
            threads[-1].start()
            server.wait_for_load(1, number)
        server.server.should_exit = True
        threads[1].join(30)
        server.engine.open.set()
        threads[0].join(30)
    assert answers == {"running": 200, "waiting": 503}


def test_stopping_ends_stories_that_do_not_end(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lilliput.app.server.run.GRACE_S", 0.1)
    with fake.serve(fake.FakeEngine(slots=1)) as server:
        server.engine.open.clear()
        answers: list[tuple[int, dict]] = []
        thread = threading.Thread(target=lambda: answers.append(server.post(prompt="a")))
        thread.start()
        server.wait_for_load(1)
        server.server.should_exit = True
        thread.join(30)
        assert answers[0][0] == 503
        assert answers[0][1]["error"]["code"] == "shutting_down"


def test_other_host_names_are_refused_on_loopback(fake: ModuleType, server: Any) -> None:
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", "10.0.0.1", ""):
        check_refusal(fake.ask(server.port, "GET", "/health", headers={"Host": host}), 403, "wrong_host")
    for host in ("localhost:1", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]:5", "[::1]"):
        assert fake.ask(server.port, "GET", "/health", headers={"Host": host})[0] == 200


def test_with_a_key_everything_but_health_asks_for_it(fake: ModuleType) -> None:
    with fake.serve(key="s3cret") as server:
        for given in (
            None,
            "Bearer wrong",
            "Bearer",
            "Bearer s3cret2",
            "s3cret",
            "Basic s3cret",
            "Bearer \xe9",
        ):
            headers = {"Authorization": given} if given else {}
            for method, path in (("GET", "/v1/models"), ("POST", "/v1/completions"), ("GET", "/nowhere")):
                answer = fake.ask(server.port, method, path, headers=headers)
                check_refusal(answer, 401, "invalid_api_key")
                assert answer[1]["www-authenticate"] == "Bearer"
        assert fake.ask(server.port, "GET", "/health")[0] == 200
        right = {"Authorization": "Bearer s3cret"}
        assert fake.ask(server.port, "GET", "/v1/models", headers=right)[0] == 200


def test_pages_of_other_origins_may_ask_only_if_they_were_named(fake: ModuleType, server: Any) -> None:
    asked = {
        "Origin": "https://page.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }  # fmt: skip
    status, headers, _ = fake.ask(server.port, "OPTIONS", "/v1/completions", headers=asked)
    assert status == 405
    assert "access-control-allow-origin" not in headers
    with fake.serve(cors=["https://page.example"], key="k") as open_one:
        status, headers, _ = fake.ask(open_one.port, "OPTIONS", "/v1/completions", headers=asked)
        assert (status, headers["access-control-allow-origin"]) == (200, "https://page.example")
        _, headers, _ = fake.ask(
            open_one.port, "GET", "/v1/models", headers={"Origin": "https://page.example"}
        )
        assert headers["access-control-allow-origin"] == "https://page.example"
        other = {**asked, "Origin": "https://other.example"}
        _, headers, _ = fake.ask(open_one.port, "OPTIONS", "/v1/completions", headers=other)
        assert "access-control-allow-origin" not in headers


def test_a_penalty_that_an_integer_model_has_not_is_refused(fake: ModuleType) -> None:
    with fake.serve(penalises=False) as server:
        status, answer = server.post(prompt="a", repetition_penalty=1.1)
        assert (status, answer["error"]["param"]) == (400, "repetition_penalty")
        status, _ = server.post(CHAT, messages=[{"role": "user", "content": "a"}], repetition_penalty=1.1)
        assert status == 400
        assert server.post(prompt="a", repetition_penalty=1.0, max_tokens=2)[0] == 200
    with fake.serve() as server:
        assert server.post(prompt="a", repetition_penalty=1.1, max_tokens=2)[0] == 200
