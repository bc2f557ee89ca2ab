"""A core of libretro, by ctypes: an emulator as a library, given a ROM as bytes and run frame by frame."""

import ctypes
import shutil
import tempfile
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, cast
from pathlib import Path

import numpy as np

CORES = {"gambatte": "gambatte_libretro.so", "mgba": "mgba_libretro.so"}
FOLDERS = ("/usr/lib/x86_64-linux-gnu/libretro", "/usr/lib/aarch64-linux-gnu/libretro", "/usr/lib/libretro")
HEIGHT, WIDTH = 144, 160
SRAM, WRAM = 0, 2
"""libretro's numbers of regions of memory."""


class _GameInfo(ctypes.Structure):
    _fields_ = (
        ("path", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("meta", ctypes.c_char_p),
    )


class _Variable(ctypes.Structure):
    _fields_ = (("key", ctypes.c_char_p), ("value", ctypes.c_char_p))


_ENVIRONMENT = CFUNCTYPE(ctypes.c_bool, ctypes.c_uint, ctypes.c_void_p)
_VIDEO = CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_size_t)
_SAMPLE = CFUNCTYPE(None, ctypes.c_int16, ctypes.c_int16)
_SAMPLES = CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)
_POLL = CFUNCTYPE(None)
_INPUT = CFUNCTYPE(ctypes.c_int16, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint)
_CAN_REPEAT_PICTURES, _SET_PIXEL_FORMAT, _GET_VARIABLE = 3, 10, 15
_WORDS_OF_565 = 2
_PLACES = {"b": 0, "select": 2, "start": 3, "up": 4, "down": 5, "left": 6, "right": 7, "a": 8}
"""libretro's numbers of a pad's buttons."""


def find_core(name: str) -> Path | None:
    """The library of a core of CORES; None where it is not installed."""
    paths = (Path(folder) / CORES[name] for folder in FOLDERS)
    return next((path for path in paths if path.is_file()), None)


class Core:
    """A core with a ROM loaded. Each is a copy of the library, so that none sees what another left behind."""

    def __init__(self, core: Path, rom: bytes, color: bool) -> None:
        self.held: tuple[str, ...] = ()
        self.picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        self._format = 0
        self._answers = {
            b"gambatte_gb_hwmode": b"Auto" if color else b"GB",
            b"gambatte_gbc_color_correction": b"disabled",
            b"mgba_gb_model": b"Game Boy Color" if color else b"Game Boy",
            b"mgba_color_correction": b"OFF",
        }
        with tempfile.TemporaryDirectory(prefix="lilliput-core-") as folder:
            self._core = ctypes.CDLL(str(shutil.copy(core, folder)))
        self._core.retro_get_memory_data.restype = ctypes.c_void_p
        self._core.retro_get_memory_size.restype = ctypes.c_size_t
        self._core.retro_load_game.restype = ctypes.c_bool
        self._connect()
        self._core.retro_init()
        self._rom = ctypes.create_string_buffer(rom, len(rom))
        info = _GameInfo(b"story.gbc", cast(self._rom, ctypes.c_void_p), len(rom), None)
        assert self._core.retro_load_game(ctypes.byref(info)), f"{core.name} does not take the ROM"

    def run(self) -> None:
        """One frame."""
        self._core.retro_run()

    def read(self, region: int) -> bytes:
        """All bytes of a region, SRAM or WRAM; none where the core does not show it."""
        size = self._core.retro_get_memory_size(region)
        return ctypes.string_at(self._core.retro_get_memory_data(region), size) if size else b""

    def write(self, region: int, data: bytes) -> None:
        """Put `data`, as long as the region, into it."""
        size = self._core.retro_get_memory_size(region)
        assert size == len(data), f"the region has {size} bytes, not {len(data)}"
        ctypes.memmove(self._core.retro_get_memory_data(region), data, size)

    def close(self) -> None:
        """Give back what the core holds."""
        self._core.retro_unload_game()
        self._core.retro_deinit()

    def _connect(self) -> None:
        """Give the core what it calls; kept in an attribute, since ctypes does not hold them."""
        self._calls: dict[str, Callable[..., object]] = {
            "environment": _ENVIRONMENT(self._answer),
            "video_refresh": _VIDEO(self._take_picture),
            "audio_sample": _SAMPLE(lambda left, right: None),
            "audio_sample_batch": _SAMPLES(lambda data, frames: frames),
            "input_poll": _POLL(lambda: None),
            "input_state": _INPUT(self._is_down),
        }
        for name, call in self._calls.items():
            getattr(self._core, f"retro_set_{name}")(call)

    def _answer(self, command: int, data: int) -> bool:
        if command == _CAN_REPEAT_PICTURES:
            cast(data, POINTER(ctypes.c_bool)).contents.value = True
            return True
        if command == _SET_PIXEL_FORMAT:
            self._format = cast(data, POINTER(ctypes.c_uint)).contents.value
            return True
        if command == _GET_VARIABLE:
            variable = cast(data, POINTER(_Variable)).contents
            variable.value = self._answers.get(variable.key)
            return variable.value is not None
        return False

    def _take_picture(self, data: int | None, width: int, height: int, pitch: int) -> None:
        if not data:
            return  # the same as before
        rows = np.frombuffer(ctypes.string_at(data, pitch * height), np.uint8).reshape(height, pitch)
        if self._format == _WORDS_OF_565:
            words = rows.view("<u2")[:, :width].astype(np.uint32)
            fives = np.stack([words >> 11, words >> 6 & 31, words & 31], axis=-1)
            picture = fives << 3 | fives >> 2
        else:
            picture = rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1]
        self.picture = picture[:HEIGHT, :WIDTH].astype(np.uint8)

    def _is_down(self, port: int, device: int, index: int, place: int) -> int:
        return int(port == 0 and any(_PLACES[button] == place for button in self.held))
