"""Fields of OpenAI's that we cannot honour, and the values at which they ask for nothing.

Those values, and null, are accepted; any other is refused by name.
"""

import json
from collections.abc import Mapping
from typing import Any

from lilliput.app.server.refusals import Refusal

Table = Mapping[str, tuple[Any, ...]]

_BOTH: Table = {"frequency_penalty": (0,), "presence_penalty": (0,), "logit_bias": ({},)}
COMPLETION: Table = {**_BOTH, "suffix": ("",)}
CHAT: Table = {
    **_BOTH,
    "audio": (),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "modalities": (["text"],),
    "moderation": (),
    "parallel_tool_calls": (True, False),
    "prediction": (),
    "prompt_cache_options": (),
    "prompt_cache_retention": ("in_memory",),
    "reasoning_effort": ("none",),
    "response_format": ({"type": "text"},),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "verbosity": ("medium",),
    "web_search_options": (),
}
MESSAGE: Table = {
    "annotations": ([],),
    "audio": (),
    "function_call": (),
    "name": (),
    "refusal": (),
    "tool_call_id": (),
    "tool_calls": ([],),
}
STREAM_OPTIONS: Table = {"include_obfuscation": (False,)}


def refuse_unless_neutral(name: str, value: Any, accepted: tuple[Any, ...]) -> None:
    """Raise a Refusal (400) unless `value` is null or one of `accepted`."""
    # in Python False == 0; in JSON they are two things
    same = (value == other and isinstance(value, bool) == isinstance(other, bool) for other in accepted)
    if value is None or any(same):
        return
    others = f", or give {' or '.join(map(json.dumps, accepted))}" if accepted else ""
    message = f"{name} is not supported here: leave it out{others}"
    raise Refusal(400, message, param=name, code="unsupported_parameter")
