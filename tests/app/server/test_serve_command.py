"""`lilliput serve` as a person starts it."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import openai
import pytest

from lilliput.app.cli import run
from lilliput.formats.folder import save_folder
from lilliput.models import build_model
from lilliput.models.config import LlamaConfig
from lilliput.models.weights import get_weights
from lilliput.runtime.native import library_path
from lilliput.tokens import train_tokenizer

CONFIG = LlamaConfig(
    vocab_size=262, d_model=8, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=12, context=600, tied=True
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two models: `one` and `two`."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("one", "two"):
        weights = get_weights(build_model(CONFIG))
        save_folder(folder / name, CONFIG, weights, train_tokenizer(["a fox and a box"], 262), {})
    (folder / "two/chat_template.jinja").write_text("{{ bos_token }}{{ messages[-1].content }}")
    return folder


def test_it_says_where_it_is_serves_and_lets_a_story_finish_when_stopped(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LILLIPUT_API_KEY", "k")
    command = [sys.executable, "-m", "lilliput", "serve", str(models / "one"), str(models / "two")]
    with subprocess.Popen(
        [*command, "--port", "0", "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stderr
        try:
            url = server.stdout.readline().strip()
            told = ""
            while "curl" not in told:
                told += server.stderr.readline()
            assert "serving one, two" in told
            with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
                assert [model.id for model in client.models.list()] == ["one", "two"]
                hello = [{"role": "user", "content": "hello"}]
                assert client.chat.completions.create(model="two", messages=hello, max_tokens=3).usage
                curl = shlex.split(told[told.index("curl") :].replace("$LILLIPUT_API_KEY", "k"))
                assert curl[1] == f"{url}/completions"
                assert curl[curl.index("Authorization: Bearer k") - 1] == "-H"
                stream = client.completions.create(model="one", prompt="a", max_tokens=500, stream=True)
                first = next(stream)
                server.send_signal(signal.SIGINT)
                chunks = [first, *stream]
            assert chunks[-1].choices[0].finish_reason
            assert server.wait(60) == 130
            assert server.stderr.read().strip() in {"", "stopped"}
        finally:
            server.kill()


def test_the_curl_line_can_be_pasted(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lilliput.app.server.run import StoryServer

    pasted: list[subprocess.CompletedProcess[str]] = []
    monkeypatch.delenv("LILLIPUT_API_KEY", raising=False)

    def paste(server: StoryServer) -> None:
        line = capsys.readouterr().err.split("\n\n")[1].strip()
        pasted.append(subprocess.run([*shlex.split(line), "-s"], capture_output=True, text=True, check=True))
        server.should_exit = True

    startup = StoryServer.startup

    async def startup_then_paste(self: StoryServer, sockets: list | None = None) -> None:
        await startup(self, sockets)
        threading.Thread(target=paste, args=(self,)).start()

    monkeypatch.setattr(StoryServer, "startup", startup_then_paste)
    for name in ("one", "two"):
        assert run(["serve", str(models / name), "--port", "0"]) == 0
        assert '"usage":{"prompt_tokens":' in pasted[-1].stdout
        assert f'"model":"{name}"' in pasted[-1].stdout
    assert '"object":"chat.completion"' in pasted[-1].stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["one", "--host", "0.0.0.0"], "give --api-key"),
        (["one", "--host", "::"], "give --api-key"),
        (["one", "--host", "some.name"], "give --api-key"),
        (["one", "--api-key", ""], "--api-key"),
        (["one", "--api-key", "schlüssel"], "ASCII"),
        (["one", "--host", "no such host", "--api-key", "k"], "no address"),
        (["one", "../{name}/one"], "both called one"),
        (["three"], "is not there"),
        (["one", "--slots", "0"], "--slots"),
        (["one", "--queue", "0"], "--queue"),
        (["one", "--port", "70000"], "--port"),
        ([], "MODEL"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(
    models: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(models)
    monkeypatch.delenv("LILLIPUT_API_KEY", raising=False)
    before = threading.active_count()
    port = [] if "--port" in options else ["--port", "0"]
    assert run(["serve", *(option.format(name=models.name) for option in options), *port]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert threading.active_count() == before


def test_a_folder_with_more_ends_than_the_engine_looks_for_is_refused_as_it_is_opened(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if library_path() is None:
        pytest.skip("the C engine was not built (no compiler), and torch has no such limit")
    many = tmp_path / "many"
    shutil.copytree(models / "one", many)
    (many / "generation_config.json").write_text(json.dumps({"eos_token_id": list(range(2, 11))}))
    before = threading.active_count()
    assert run(["serve", str(many), "--port", "0", "--engine", "c"]) == 2
    told = capsys.readouterr().err
    assert "names 9 ids that end a story" in told
    assert "--engine torch" in told
    assert threading.active_count() == before


def test_a_port_in_use_is_told_before_a_model_is_read(
    fake, models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake.serve() as other:
        assert run(["serve", str(models / "not there"), "--port", str(other.port)]) == 2
        assert f"port {other.port} cannot be used" in capsys.readouterr().err
