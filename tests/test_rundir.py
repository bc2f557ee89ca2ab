"""A file appears whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from lilliput import rundir
from lilliput.errors import LilliputError
from lilliput.rundir import atomic_write, new_folder, refuse_overwrite, remove_leftovers, write_text


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_write(path, "w") as file:
        file.write("new, but only hal")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with atomic_write(path, "w") as file:
        file.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rundir.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(tmp_path / "a.txt", "text")
    assert not os.listdir(tmp_path)


def test_files_are_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "x")
        with new_folder(tmp_path / "d") as folder:
            write_text(folder / "b.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o755


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "m") as folder:
        (folder / "a").write_text("x")
        raise RuntimeError
    assert not os.listdir(tmp_path)
    with new_folder(tmp_path / "deep" / "m") as folder:
        (folder / "a").write_text("x")
    assert (tmp_path / "deep" / "m" / "a").read_text() == "x"


def test_an_error_names_the_folder_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    with pytest.raises(FileNotFoundError) as lost, new_folder(path) as folder:
        (folder / "deep" / "a").write_text("x")
    assert lost.value.filename == str(path / "deep" / "a")
    with pytest.raises(LilliputError) as refusal, new_folder(path) as folder:
        raise LilliputError(f"{folder / 'a'} has no weights")
    assert str(refusal.value) == f"{path / 'a'} has no weights"
    with pytest.raises(OSError, match="Directory not empty") as full, new_folder(path) as folder:
        (path / "precious").mkdir(parents=True)
    assert ".part" not in str(full.value)
    assert os.listdir(tmp_path) == ["m"]

    def refuse(**_: str) -> str:
        raise PermissionError(13, "Permission denied", str(tmp_path / ".n.x.part"))

    monkeypatch.setattr(rundir.tempfile, "mkdtemp", refuse)
    with pytest.raises(LilliputError, match="Permission denied") as locked, new_folder(tmp_path / "n"):
        pass
    assert str(locked.value).startswith(f"{tmp_path / 'n'} cannot be made")
    assert ".part" not in str(locked.value)


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "precious").write_text("x")
    with pytest.raises(LilliputError, match="exists already"), new_folder(tmp_path / "m"):
        pass
    with pytest.raises(LilliputError, match="exists already"):
        refuse_overwrite(tmp_path / "m" / "precious")
    assert (tmp_path / "m" / "precious").read_text() == "x"


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".state.safetensors.abc.part").write_text("half")
    (tmp_path / "state.safetensors").write_text("whole")
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["state.safetensors"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "target.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(tmp_path / "folder") == ["target.txt"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    refuse_overwrite(pipe)
    write_text(pipe, "a story")
    reader.join(timeout=10)
    assert read == ["a story"]
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_device_is_written_to_and_an_error_names_it() -> None:
    with pytest.raises(OSError, match="No space") as caught:
        write_text(Path("/dev/full"), "text")
    assert caught.value.filename == "/dev/full"
    assert Path("/dev/full").is_char_device()


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("16 requested and 2 written")

    monkeypatch.setattr(rundir.os, "fsync", full)
    with pytest.raises(OSError, match="16 requested") as caught:
        write_text(tmp_path / "a.txt", "text")
    assert caught.value.filename == str(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError) as other, atomic_write(tmp_path / "b.txt"):
        Path("nowhere.txt").read_text()
    assert other.value.filename == "nowhere.txt"


def test_a_place_that_takes_no_file_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(LilliputError, match="is a folder"):
        refuse_overwrite(tmp_path)
    with pytest.raises(LilliputError, match="takes no files"):
        refuse_overwrite(tmp_path / "file" / "below")
    refuse_overwrite(tmp_path / "new" / "folders" / "file")
