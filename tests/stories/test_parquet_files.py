"""Parquet, a few rows at a time."""

import datetime
import sys
from pathlib import Path

import pytest

from lilliput.errors import DataError, MissingExtraError
from lilliput.stories.parquet_files import iter_parquet_rows

arrow = pytest.importorskip("pyarrow", reason="needs pyarrow (extra hub)")
from pyarrow import parquet  # noqa: E402


def write(path: Path, columns: dict[str, list[object]], **options: object) -> Path:
    parquet.write_table(arrow.table(columns), path, **options)
    return path


def test_rows_come_in_order_with_the_columns_that_labels_can_hold(tmp_path: Path) -> None:
    texts = [f"Story {number}." for number in range(300)]
    when = [datetime.datetime(2026, 1, 1)] * 300
    path = write(
        tmp_path / "a.parquet",
        {"text": texts, "n": list(range(300)), "when": when, "raw": [b"x"] * 300},
        row_group_size=70,
    )
    rows = list(iter_parquet_rows(path))
    assert [row["text"] for _, row in rows] == texts
    assert rows[299] == (f"{path}, row 300", {"text": "Story 299.", "n": 299})


def test_every_cut_is_an_error(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.parquet", {"text": ["Once upon a time."] * 9}).read_bytes()
    path = tmp_path / "cut.parquet"
    for length in range(4, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="is not a whole parquet file") as raised:
            list(iter_parquet_rows(path))
        assert "\n" not in str(raised.value)


def test_bytes_that_are_no_utf8_are_an_error(tmp_path: Path) -> None:
    bad = arrow.StringArray.from_buffers(1, arrow.py_buffer(b"\0\0\0\0\4\0\0\0"), arrow.py_buffer(b"caf\xe9"))
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"text": bad}), path)
    with pytest.raises(DataError, match="row 1"):
        list(iter_parquet_rows(path))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"lilliput\[hub\]"):
        list(iter_parquet_rows(tmp_path / "a.parquet"))
