"""Rows of a parquet file, a few at a time (package `pyarrow`, extra `hub`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lilliput.errors import DataError, MissingExtraError

_ROWS = 64  # decoded at once: with a story at most 1 MB long, at most 64 MB


def iter_parquet_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield (where, row) for each row; a row has the columns of texts, numbers and truth values.

    Raises MissingExtraError without `pyarrow`, DataError for a file that is damaged or cut.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError(f"reading {path}", "hub") from None
    number = 0
    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            columns = [field.name for field in file.schema_arrow if _is_plain(arrow, field.type)]
            for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number:,}", row
    except (arrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} is not a whole parquet file (row {number + 1:,}): {what}") from None


def _is_plain(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    checks = (types.is_string, types.is_large_string, types.is_integer, types.is_floating)
    return types.is_boolean(kind) or any(check(kind) for check in checks)
