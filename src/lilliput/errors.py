"""The exception tree.

    LilliputError          what a person can mend: the command line prints it as one line, exit code 2
    ├── ConfigError        a setting that is unknown, out of range, or contradicts another
    ├── DataError          stories or shards that cannot serve
    ├── FormatError        a file of weights, of a tokenizer or of a plan that is not what it claims to be
    └── MissingExtraError  a package that an optional part needs is not installed

Every message says what was wrong and what to do about it.
"""


class LilliputError(Exception):
    """A mistake or a lack that the person at the keyboard can mend."""


class ConfigError(LilliputError):
    """A setting is unknown, out of range, or contradicts another."""


class DataError(LilliputError):
    """Stories or shards cannot serve the purpose asked."""


class FormatError(LilliputError):
    """A foreign file is not what it claims to be."""


class MissingExtraError(LilliputError):
    """An optional part was asked for and its package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'lilliput[{extra}]'")
