"""One HTML file that holds a model, its engine and a page, and tells stories without a network.

The page's parts lie in `page/`: page.html (a Jinja template), page.css, page.js behind story.mjs. Its content
security policy allows only this very script and style, by their hashes, and no connection of any kind.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

import jinja2
import numpy as np
import numpy.typing as npt

from lilliput.deploy.wasm import PAGE, read_wrapper
from lilliput.errors import ConfigError


@dataclass(frozen=True)
class About:
    """What the page says of its model."""

    name: str
    facts: tuple[str, ...]
    """Such as "259,616 parameters": told in one line."""
    vocab_size: int
    context: int
    opening: str = "Once upon a time"
    """What stands in the box at first."""


def make_page(
    module: bytes, about: About, check_ids: npt.NDArray[np.int64], check_logits: npt.NDArray[np.int64]
) -> str:
    """The page of a module that `build_wasm` made.

    When it is opened it reads `check_ids` (T,) and compares a hash of what comes with that of the reference's
    `check_logits` (T, V); its last lines say how that went.
    """
    style = _read("page.css")
    script = f"{read_wrapper()}\n{_read('page.js')}"
    if "</script" in script or "</style" in style:
        raise ConfigError("the page's script or style may not contain </script or </style")
    model = {
        "vocab": about.vocab_size,
        "context": about.context,
        "check": {"ids": check_ids.tolist(), "hash": hash_logits(check_logits)},
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(_read("page.html")).render(
        name=about.name,
        facts=about.facts,
        opening=about.opening,
        room=64 * about.context,  # characters: more than any context holds, so that no paste stops the page
        temperature=0.8,
        top_p=0.95,
        style=style,
        script=script,
        model=json.dumps(model).replace("<", "\\u003c"),
        module=base64.b64encode(module).decode("ascii"),
        policy=_policy(script, style),
    )


def hash_logits(logits: npt.NDArray[np.int64]) -> int:
    """FNV-1a of 32 bits over 16-bit logits, low byte first, as page.js computes it."""
    value = 0x811C9DC5
    for byte in logits.astype("<i2").tobytes():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Nothing from anywhere but these two texts; WebAssembly needs a word of its own."""
    parts = {
        "default-src": "'none'",
        "script-src": f"'{_source_hash(script)}' 'wasm-unsafe-eval'",
        "style-src": f"'{_source_hash(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
