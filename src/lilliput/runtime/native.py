"""The C engine's functions, as Python calls: engines over images, slots, and threads. No torch.

The library is `lilliput.runtime._lp`, built on install where there is a C compiler. Every call lets other
Python threads run.
"""

import ctypes as ct
import importlib.util
import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from lilliput.device import count_processors
from lilliput.errors import LilliputError

MAX_WIDTH = 64
MAX_THREADS = 64
_HUGE_PAGE, _MOST_IN_HUGE_PAGES = 2 << 20, 256 << 20
MAX_ENDS = 8
Ending = Literal["end", "length", "context", "broken"]
ENDINGS: tuple[Ending | None, ...] = (None, "end", "length", "context", "broken")
_int, _size, _pointer, _float = ct.c_int, ct.c_size_t, ct.c_void_p, ct.c_float


class Setup(ct.Structure):
    """lp_setup."""

    _fields_ = (
        ("kernels", _pointer),
        ("team", _pointer),
        ("slots", _int),
        ("width", _int),
        ("small_cache", _int),
    )


class CRequest(ct.Structure):
    """lp_request."""

    _fields_ = (
        ("temperature", _float),
        ("top_k", _int),
        ("top_p", _float),
        ("min_p", _float),
        ("repetition_penalty", _float),
        ("seed", ct.c_uint64),
        ("max_tokens", _int),
        ("n_ends", _int),
        ("ends", ct.c_int32 * MAX_ENDS),
        ("keep_logits", _int),
    )


class Sizes(ct.Structure):
    """lp_sizes."""

    _fields_ = (("vocab_size", _int), ("d_model", _int), ("n_layers", _int), ("context", _int))


STALE = "the C engine was built from another version: install lilliput again"
"""What is said of a library whose functions are not those that this package calls."""
_ids = ct.POINTER(ct.c_int32)
_floats = ct.POINTER(_float)
_SIGNATURES = {
    "lp_error_text": (ct.c_char_p, [_int]),
    "lp_layout": (ct.c_long, []),
    "lp_check": (_int, [_pointer, _size, ct.POINTER(Sizes)]),
    "lp_arena": (_size, [_pointer, _size, ct.POINTER(Setup)]),
    "lp_open": (_int, [_pointer, _size, ct.POINTER(Setup), _pointer, _size, ct.POINTER(_pointer)]),
    "lp_begin": (_int, [_pointer, _int, _ids, _int, ct.POINTER(CRequest)]),
    "lp_run": (_int, [_pointer, _int, _int]),
    "lp_take": (_int, [_pointer, _int, _ids, _int, ct.POINTER(_int)]),
    "lp_cancel": (_int, [_pointer, _int]),
    "lp_read": (_int, [_pointer, _int, _ids, _int, _int, _floats]),
    "lp_expect": (_int, [_pointer, _int, _ids, _int, _int, _int, _ids, _floats]),
    "lp_cost": (_int, [_pointer, _int, _ids, _ids, _int, _floats, _floats, ct.POINTER(ct.c_uint8)]),
    "lp_logits": (_floats, [_pointer, _int]),
    "lp_kernels_at": (_pointer, [_int]),
    "lp_kernels_name": (ct.c_char_p, [_pointer]),
    "lp_team_new": (_pointer, [_int]),
    "lp_team_free": (None, [_pointer]),
}


def library_path() -> Path | None:
    """Where the compiled engine lies; None where it was not built."""
    found = importlib.util.find_spec("lilliput.runtime._lp")
    return Path(found.origin) if found and found.origin else None


@cache
def load_library() -> ct.CDLL:
    """The compiled engine. Raises LilliputError where it was not built."""
    path = library_path()
    if path is None:
        raise LilliputError("the C engine was not built: install a C compiler, then install lilliput again")
    library = ct.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name, None)
        if function is None:
            raise LilliputError(STALE)
        function.restype, function.argtypes = result, arguments
    if library.lp_layout() != ct.sizeof(CRequest) * 65536 + ct.sizeof(Setup):
        raise LilliputError(STALE)
    return library


def available_threads() -> int:
    """Every processor that this process may use, as far as the engine can use them."""
    return min(count_processors(), MAX_THREADS)


def kernel_names() -> list[str]:
    """The arithmetic this processor has, best first."""
    library = load_library()
    names: list[str] = []
    while kernels := library.lp_kernels_at(len(names) + 1):
        names.append(library.lp_kernels_name(kernels).decode())
    return names


class Memory:
    """Zeroed bytes at a page's start, in huge pages (`huge`) where the system has them."""

    def __init__(self, size: int, *, huge: bool = True) -> None:
        self.size = size
        huge = huge and size >= _HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE")
        spare = _HUGE_PAGE if huge else 0  # so that a huge page can begin where the bytes do
        if hasattr(mmap, "MAP_PRIVATE"):  # memory that is shared, as by default, has no huge pages
            private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            self.map = mmap.mmap(-1, max(size, 1) + spare, flags=private)
        else:
            self.map = mmap.mmap(-1, max(size, 1) + spare)
        if huge:
            with suppress(OSError):  # a kernel may have been built without
                self.map.madvise(mmap.MADV_HUGEPAGE)
        start = ct.addressof(ct.c_char.from_buffer(self.map))
        self.offset = -start % _HUGE_PAGE if spare else 0
        self.address = start + self.offset


class Team:
    """Threads that compute one token together. They stay behind when a process forks."""

    def __init__(self, threads: int) -> None:
        self.process = os.getpid()
        self.address = load_library().lp_team_new(threads)
        if not self.address:
            raise LilliputError(f"cannot start {threads} threads; ask for 1 to {MAX_THREADS}")

    def require(self) -> None:
        """Raise LilliputError in a process that was forked off: it would wait for threads it has not."""
        if os.getpid() != self.process:
            raise LilliputError("this engine's threads are another process's: open it after the fork")

    def __del__(self) -> None:
        if getattr(self, "address", None) and os.getpid() == self.process:
            load_library().lp_team_free(self.address)


class NativeEngine:
    """A model image and the stories under way. One caller at a time."""

    def __init__(
        self,
        image: bytes | Memory,
        *,
        slots: int = 1,
        width: int = 16,
        threads: int = 1,
        small_cache: bool = False,
        kernels: str | None = None,
    ) -> None:
        self._library = load_library()
        self.image = image if isinstance(image, Memory) else place_image(image)
        self._team = Team(threads) if threads > 1 else None
        level = kernel_names().index(kernels) + 1 if kernels else 0
        team = self._team.address if self._team else None
        setup = Setup(self._library.lp_kernels_at(level), team, slots, width, small_cache)
        sizes = Sizes()
        place = (self.image.address, self.image.size)
        self._check(self._library.lp_check(*place, ct.byref(sizes)))
        need = self._library.lp_arena(*place, ct.byref(setup))
        # huge pages are given whole, and of many stories' room most is never used
        self._arena = Memory(need, huge=need <= _MOST_IN_HUGE_PAGES)
        engine = _pointer()
        self._check(
            self._library.lp_open(
                self.image.address,
                self.image.size,
                ct.byref(setup),
                self._arena.address,
                need,
                ct.byref(engine),
            )
        )
        self._engine = engine
        self.slots, self.vocab_size, self.context = slots, sizes.vocab_size, sizes.context
        self._taken = (ct.c_int32 * 1024)()

    def begin(self, slot: int, prompt: Sequence[int], request: CRequest) -> None:
        """Begin a story. What its prompt shares with a story under way is copied and not computed."""
        ids = (ct.c_int32 * len(prompt))(*prompt)
        self._check(self._library.lp_begin(self._engine, slot, ids, len(prompt), ct.byref(request)))

    def run(self, steps: int, until_end: bool = False) -> int:
        """Write up to `steps` tokens in each slot; how many stories are still going.

        With `until_end`, slots that are computed together stop when one of their stories ends.
        """
        self._require_threads()
        return int(self._library.lp_run(self._engine, steps, until_end))

    def take(self, slot: int) -> tuple[list[int], Ending | None]:
        """A slot's new ids, and how its story ended (one of ENDINGS) once all are taken."""
        ids: list[int] = []
        ending = _int()
        while True:
            room = len(self._taken)
            n = self._check(self._library.lp_take(self._engine, slot, self._taken, room, ct.byref(ending)))
            ids += self._taken[:n]
            if n < room:
                return ids, ENDINGS[ending.value]

    def cancel(self, slot: int) -> None:
        """Forget a slot's story."""
        self._check(self._library.lp_cancel(self._engine, slot))

    def read(self, slot: int, ids: list[int], all_logits: bool = False) -> npt.NDArray[np.float32]:
        """Logits (V,) behind the last of ids, or (T, V) behind each."""
        self._require_threads()
        logits = np.empty((len(ids) if all_logits else 1, self.vocab_size), np.float32)
        array = (ct.c_int32 * len(ids))(*ids)
        target = logits.ctypes.data_as(_floats)
        self._check(self._library.lp_read(self._engine, slot, array, len(ids), all_logits, target))
        return logits if all_logits else logits[0]

    def cost(
        self, ids: npt.NDArray[np.int32], targets: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Of each target (T,) behind ids (T,), from an empty slot: its cost in nats, and whether it was the
        likeliest. A negative target costs nothing."""
        self._require_threads()
        n = len(ids)
        below, totals, right = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.uint8)
        self.cancel(0)
        arrays = [np.ascontiguousarray(a, np.int32).ctypes.data_as(_ids) for a in (ids, targets)]
        found = [a.ctypes.data_as(_floats) for a in (below, totals)]
        hits = right.ctypes.data_as(ct.POINTER(ct.c_uint8))
        self._check(self._library.lp_cost(self._engine, 0, *arrays, n, *found, hits))
        return np.log(totals.astype(np.float64)) - below, right.astype(bool)

    def expect(
        self, ids: npt.NDArray[np.int32], top: int, end: int | None = None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Behind each of ids (T,), from an empty slot: the `top` likeliest next ids (T, top) and their
        probabilities, likeliest first; only of ids below `end`, if one is given."""
        self._require_threads()
        likeliest, chances = np.empty((len(ids), top), np.int32), np.empty((len(ids), top), np.float32)
        self.cancel(0)
        read = np.ascontiguousarray(ids, np.int32).ctypes.data_as(_ids)
        found = likeliest.ctypes.data_as(_ids), chances.ctypes.data_as(_floats)
        self._check(
            self._library.lp_expect(self._engine, 0, read, len(ids), end or self.vocab_size, top, *found)
        )
        return likeliest, chances

    def logits(self, slot: int) -> npt.NDArray[np.float32]:
        """A copy of the logits (V,) that the slot's last token was chosen from, if its request keeps them."""
        pointer = self._library.lp_logits(self._engine, slot)
        if not pointer:
            raise ValueError(f"slot {slot} has no logits")
        return np.ctypeslib.as_array(pointer, (self.vocab_size,)).copy()

    def _require_threads(self) -> None:
        if self._team:
            self._team.require()

    def _check(self, result: int) -> int:
        if result < 0:
            raise LilliputError(self._library.lp_error_text(result).decode())
        return result


def measure_slot(image: Memory, small_cache: bool) -> int:
    """Bytes that one story more under way may need at most."""
    library = load_library()
    kernels = library.lp_kernels_at(0)

    def room(slots: int) -> int:
        setup = Setup(kernels, None, slots, 1, small_cache)
        return int(library.lp_arena(image.address, image.size, ct.byref(setup)))

    return room(2) - room(1)


def place_image(image: bytes) -> Memory:
    """An image in memory as the engine wants it; engines may share it."""
    memory = Memory(len(image))
    memory.map.seek(memory.offset)
    memory.map.write(image)
    return memory
