"""The models that come with the package: what `lilliput tell` tells with when no model is named."""

from pathlib import Path

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
    story by our favourite. Raises ConfigError for more than two arguments.
    """
    if len(words) > 2:
        raise ConfigError(f'put the beginning of the story in quotes: "{" ".join(words[1:])}"')
    if not words:
        return find_model(Path(FAVOURITE)), ""
    first = find_model(Path(words[0]))
    if len(words) == 1 and not first.exists() and any(letter.isspace() for letter in words[0].strip()):
        return find_model(Path(FAVOURITE)), words[0]
    return first, words[1] if len(words) == 2 else ""
