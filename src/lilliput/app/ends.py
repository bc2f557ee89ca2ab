"""Where a model's stories end."""

from pathlib import Path

from lilliput.app.engines import choose_engine
from lilliput.errors import FormatError
from lilliput.formats.folder import read_json_object
from lilliput.runtime.native import MAX_ENDS
from lilliput.tokens import Tokenizer


def read_ends(path: Path, tokenizer: Tokenizer, engine: str | None) -> frozenset[int]:
    """The ids that end a story: the tokenizer's, and those that the folder at `path` names for generation.

    An instruct model often has two: the end of a text and the end of a turn. Raises FormatError for more than
    the engine asked for, or the one chosen without, can look for.
    """
    ends = {tokenizer.end}
    for file in (path / "config.json", path / "generation_config.json"):
        given = read_json_object(file).get("eos_token_id") if file.is_file() else None
        ends |= {token for token in (given if isinstance(given, list) else [given]) if type(token) is int}
    if len(ends) > MAX_ENDS and choose_engine(engine, path) == "c":
        raise FormatError(
            f"{path} names {len(ends)} ids that end a story, and the C engine looks for {MAX_ENDS} at most: "
            "use --engine torch, or leave fewer in eos_token_id of its generation_config.json"
        )
    return frozenset(ends)
