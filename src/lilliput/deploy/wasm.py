"""The exported C as a WebAssembly module: compiled by the `ziglang` package, with no toolchain to install.

The module imports nothing and has its memory in itself, so it runs wherever WebAssembly with SIMD does: Node
18 or later, and browsers since 2021 (Safari since 2023). `page/wasm.c` says what it exports, `page/story.mjs`
calls it.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lilliput.errors import ConfigError, MissingExtraError

PAGE = Path(__file__).parent / "page"
"""What goes into modules and pages as it is."""
_FLAGS = [
    *("-target", "wasm32-freestanding", "-mcpu=generic+simd128+bulk_memory+sign_ext+nontrapping_fptoint"),
    *("-std=c99", "-O3", "-g0", "-DLP_NO_MAIN"),
    # no library at all: what the compiler itself asks for (memcpy, memset) are instructions of bulk_memory
    *("-nostdlib", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=65536"),
]
_ASK_NODE = """
import { readFileSync, writeFileSync } from "node:fs";
import { load } from "./story.mjs";
const story = await load(readFileSync("story.wasm"));
const ids = JSON.parse(readFileSync("ids.json", "utf8"));
const logits = new Int16Array(ids.length * story.vocab);
story.start();
ids.forEach((id, place) => logits.set(story.read(id), place * story.vocab));
writeFileSync("logits.bin", logits);
"""
_PATIENCE_S = 300


def build_wasm(sources: dict[str, str]) -> bytes:
    """Compile what `csource.write_c` made (names and texts of C files, `story.c` among them) to a module.

    The same sources give the same bytes. Raises MissingExtraError without the ziglang package, and
    ConfigError where the compiler refuses.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise MissingExtraError("compiling to WebAssembly", "wasm")
    with tempfile.TemporaryDirectory(prefix="lilliput-wasm-") as name:
        folder = Path(name)
        for file, text in sources.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
        shutil.copyfile(PAGE / "wasm.c", folder / "wasm.c")
        caches = {key: str(folder / "cache") for key in ("ZIG_LOCAL_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR")}
        # relative names: none of this machine's paths can get into the module
        done = subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", *_FLAGS, "wasm.c", "-o", "story.wasm"],
            cwd=folder,
            env={**os.environ, **caches},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ConfigError(f"the C does not compile to WebAssembly: {done.stderr.strip()[:500]}")
        return (folder / "story.wasm").read_bytes()


def read_wrapper() -> str:
    """The text of story.mjs, which goes with every module."""
    return (PAGE / "story.mjs").read_text(encoding="utf-8")


def find_node() -> str | None:
    """The path of Node.js, if it is installed."""
    return shutil.which("node") or shutil.which("nodejs")


def ask_node(node: str, module: bytes, ids: npt.NDArray[np.int64], vocab_size: int) -> npt.NDArray[np.int64]:
    """(T, V) logits that a module gives behind each of `ids` (T,), computed in Node.

    Raises ConfigError where Node cannot run it.
    """
    with tempfile.TemporaryDirectory(prefix="lilliput-wasm-") as name:
        folder = Path(name)
        (folder / "story.wasm").write_bytes(module)
        (folder / "story.mjs").write_text(read_wrapper(), encoding="utf-8", newline="\n")
        (folder / "ask.mjs").write_text(_ASK_NODE, encoding="utf-8", newline="\n")
        (folder / "ids.json").write_text(json.dumps(ids.tolist()))
        done = subprocess.run(
            [node, "ask.mjs"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
        if done.returncode != 0:
            raise ConfigError(f"{node} cannot run the module: {done.stderr.strip()[-500:]}")
        logits = np.frombuffer((folder / "logits.bin").read_bytes(), "<i2")
    return logits.astype(np.int64).reshape(len(ids), vocab_size)
