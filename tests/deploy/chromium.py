"""A headless Chromium, spoken to over two pipes (--remote-debugging-pipe): no package, no port."""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PATIENCE_S = 120


def find_chromium() -> str | None:
    """Where it is installed; LILLIPUT_CHROMIUM names another."""
    named = os.environ.get("LILLIPUT_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a running browser."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number, self._session = 0, None
        self._left = b""
        self.events: list[dict[str, Any]] = []
        """What the page wrote to its console, and errors nobody caught."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            more = os.read(self._answers, 1 << 20)
            assert more, "the browser went away"
            self._left += more
        message, _, self._left = self._left.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Until an expression is true."""
        end = time.monotonic() + _PATIENCE_S
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"{expression} did not come true"
            time.sleep(0.02)

    def open(self, path: Path) -> None:
        """Open a file from the disk, as a double click does."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("document.readyState === 'complete'")

    def press(self, key: str, code: int) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def look(self, path: Path, width: int, height: int, *, dark: bool = False, whole: bool = True) -> None:
        """Write a picture of the page, in a window of so many pixels."""
        self.show(width, height, dark=dark)
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(picture))

    def show(self, width: int, height: int, *, dark: bool = False, calm: bool = False) -> None:
        """A window of so many pixels, light or dark, for a person who may want no motion."""
        phone = width < 500
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def problems(self) -> list[str]:
        """Errors and warnings of the page so far, and whatever it asked the network for."""
        found = []
        for event in self.events:
            method, details = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(json.dumps(details["exceptionDetails"])[:500])
            elif method == "Log.entryAdded" and details["entry"]["level"] in ("warning", "error"):
                found.append(details["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                url = details["request"]["url"]
                if not url.startswith(("file:", "data:", "about:")):
                    found.append(f"asked for {url}")
        return found


@contextlib.contextmanager
def run_chromium(path: str) -> Iterator[Browser]:
    """A browser that ends with the block."""
    (command_in, command_out), (answer_in, answer_out) = os.pipe(), os.pipe()

    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 64) for end in (command_in, answer_out)]

    def set_pipes() -> None:  # Chromium reads commands from 3 and answers on 4
        for place, end in enumerate(high, 3):
            os.dup2(end, place)

    with tempfile.TemporaryDirectory(prefix="lilliput-chromium-", ignore_cleanup_errors=True) as profile:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        arguments += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run"]
        arguments += ["--disable-background-networking", "--disable-component-update", "about:blank"]
        process = subprocess.Popen(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=set_pipes,  # noqa: PLW1509 (no threads run here; shells have no other way)
        )
        for end in (command_in, answer_out, *high):
            os.close(end)
        try:
            yield Browser(command_out, answer_in)
        finally:
            os.close(command_out)
            os.close(answer_in)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
