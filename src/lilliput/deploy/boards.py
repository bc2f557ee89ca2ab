"""Projects for boards: the story as a library, with a small program around it for one kind of board."""

from dataclasses import dataclass
from importlib.resources import files

from lilliput.deploy.board_memory import MPS2, OF_ARDUINO, PICO, PICO_2, Memory
from lilliput.errors import ConfigError


@dataclass(frozen=True)
class Board:
    """A kind of board. Files are places in the project: those of the story, and of `boards/` beside this."""

    title: str
    sources: str
    """Folder of the project that the C files go to, with a slash, or nothing."""
    own: dict[str, str]
    """Place in the project by place in `boards/`; @PROJECT@ is the project's name."""
    next_step: str
    """What to do with the project; @OPTION@ chooses one of `memories`, FOLDER is the project's folder."""
    memories: tuple[Memory, ...]
    """Boards of this kind that are known."""
    is_one_of_them: bool = True
    """Whether it must be one of those."""


BOARDS = {
    "arduino": Board(
        "Arduino IDE or arduino-cli, boards with Arm, ESP32 or RISC-V",
        "",
        {"arduino/project.ino": "@PROJECT@.ino"},
        "open @PROJECT@.ino in the Arduino IDE, or: arduino-cli compile --fqbn BOARD --upload FOLDER",
        OF_ARDUINO,
        is_one_of_them=False,
    ),
    "platformio": Board(
        "PlatformIO",
        "src/",
        {"platformio/platformio.ini": "platformio.ini", "arduino/project.ino": "src/main.ino"},
        "pio run -d FOLDER @OPTION@ -t upload && pio device monitor",
        OF_ARDUINO,
    ),
    "pico": Board(
        "Raspberry Pi Pico and Pico 2, with the pico-sdk",
        "",
        {"pico/CMakeLists.txt": "CMakeLists.txt", "pico/main.c": "main.c"},
        "cmake -S FOLDER -B FOLDER/build -DPICO_SDK_PATH=... @OPTION@ && cmake --build FOLDER/build",
        (PICO, PICO_2),
    ),
    "cortex-m": Board(
        "a Cortex-M without an operating system, which QEMU can be",
        "",
        {
            f"cortex-m/{name}": name
            for name in ("main.c", "uart.c", "uart.h", "startup.c", "mps2.ld", "Makefile")
        },
        "make -C FOLDER run",
        (MPS2,),
    ),
}
"""By the name that `--board` takes."""


def board_files(board: str, story: dict[str, str], project: str) -> dict[str, str]:
    """Places in a project's folder, with slashes, and texts.

    `story` holds story.c and story.h (`write_c` with `library`), `project` is the folder's name. Raises
    ConfigError for a board that there is none of, and for a name that toolchains would not take.
    """
    if board not in BOARDS:
        raise ConfigError(f"no board {board}: there are {', '.join(BOARDS)}")
    if not project.replace("-", "_").isidentifier() or not project.isascii():
        raise ConfigError(
            f"the folder {project or '.'} names the project: take letters, digits, - and _, a letter first"
        )
    chosen = BOARDS[board]
    texts = {f"{chosen.sources}{name}": text for name, text in story.items()}
    texts |= {f"{chosen.sources}{name}": _read(f"common/{name}") for name in ("tell.c", "tell.h")}
    for template, place in chosen.own.items():
        texts[place.replace("@PROJECT@", project)] = _read(template).replace("@PROJECT@", project)
    return texts


def what_next(board: str, folder: str, project: str, option: str) -> str:
    """What to do with the project in `folder`, as a shell has it, for a board of this `Memory.option`."""
    step = BOARDS[board].next_step.replace(" @OPTION@", f" {option}" if option else "")
    return step.replace("@PROJECT@", project).replace("FOLDER", folder)


def _read(template: str) -> str:
    return files("lilliput.deploy").joinpath("boards", *template.split("/")).read_text(encoding="utf-8")
