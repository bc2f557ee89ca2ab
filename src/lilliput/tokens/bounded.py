"""Opening a foreign file without trusting it."""

from pathlib import Path

from lilliput.errors import FormatError


def read_bounded(path: Path, limit_bytes: int, what: str) -> bytes:
    """The bytes of the file at `path`.

    Raises FormatError if it is missing, cannot be read, or is larger than `limit_bytes`, which is
    far above any real file of the kind `what` names.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file; it should be {what}") from None
    except OSError as error:
        raise FormatError(f"{path} cannot be read as {what}: {error.strerror}") from None
    if len(data) > limit_bytes:
        raise FormatError(f"{path} is over {limit_bytes:,} bytes, too large to be {what}")
    return data
