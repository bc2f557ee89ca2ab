"""The models that come with the package: what `lilliput tell` tells with when no model is named."""

from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import lilliput
from lilliput.errors import ConfigError

FOLDER = Path(lilliput.__file__).parent / "shipped"
"""Where they lie: part of the package, so nothing is ever written there."""
FAVOURITE = "pocket"


def shipped_models() -> dict[str, Path]:
    """Their folders by name."""
    return {file.parent.name: file.parent for file in sorted(FOLDER.glob("*/config.json"))}


def find_model(model: Path) -> Path:
    """The folder meant by a command's MODEL: what lies there, else the model of that name that we ship."""
    return model if model.exists() else shipped_models().get(str(model), model)


def split_words(words: list[str]) -> tuple[Path, str]:
    """The folder and the beginning of the story meant by `[MODEL] [BEGINNING]`.

    A single word is a model, as it would be before a beginning; several words in one argument begin a
    story by our favourite. Raises ConfigError for more than two arguments, and for a word that is no model.
    """
    if not words:
        return find_model(Path(FAVOURITE)), ""
    first = find_model(Path(words[0]))
    is_model = first.exists() or "/" in words[0]  # a slip in a folder's name is no beginning
    if len(words) > 2:
        raise ConfigError(
            f'put the beginning of the story in quotes: "{" ".join(words[1:] if is_model else words)}"'
        )
    if len(words) == 1 and not first.exists() and any(letter.isspace() for letter in words[0].strip()):
        return find_model(Path(FAVOURITE)), words[0]
    if not is_model:
        _refuse_unknown(words)
    return first, words[1] if len(words) == 2 else ""


def _refuse_unknown(words: list[str]) -> NoReturn:
    """Raise ConfigError for a model that is not there, which may be a story's beginning of one word."""
    shipped = list(shipped_models())
    near = [f"; did you mean {name}?" for name in get_close_matches(words[0], shipped, n=1)]
    raise ConfigError(
        f"{words[0]} is not there: a model is a folder that lilliput train or import made, or one we ship "
        f"({', '.join(shipped)}){''.join(near)}; to begin a story so, name a model before it: "
        f'lilliput tell {FAVOURITE} "{" ".join(words)}"'
    )
