"""`lilliput play`: run a cartridge in an emulator."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app.output import print_json, say
from lilliput.errors import ConfigError, FormatError, LilliputError
from lilliput.rundir import refuse_overwrite

if TYPE_CHECKING:
    from lilliput.deploy.gameboy.info_block import Info
    from lilliput.deploy.gameboy.play.console import Console
    from lilliput.deploy.gameboy.play.film import Film
    from lilliput.deploy.gameboy.play.player import Telling, Wish

_BOOT_FRAMES, _HELD_FRAMES, _FREE_FRAMES = 120, 4, 12
_MOST_BYTES = 8 << 20
"""Of a ROM: no controller has more banks."""
_ENDINGS = {
    "end": "",
    "length": "; cut at --max-tokens",
    "full": "; cut: the cartridge holds no longer story",
}


@dataclass(frozen=True)
class _Pictures:
    png: Path | None
    gif: Path | None
    scale: int
    speed: float


def play(
    rom: Annotated[
        Path, typer.Argument(help="A cartridge, such as story.gbc.", metavar="ROM", show_default=False)
    ],
    text: Annotated[
        bool, typer.Option("--text", help="Without a window: the story that the cartridge tells, here.")
    ] = False,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="--text: how it begins: one of the cartridge's openings, or what its keyboard can type; "
            "the first opening if not given."
        ),
    ] = None,
    temperature: Annotated[
        str | None, typer.Option(help="--text: one of the cartridge's; its own choice if not given.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="--text: the same seed tells the same story; the cartridge's if not given.", min=0, max=65535
        ),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="--text: stop after this many tokens; else at the story's end.", min=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="--text: print JSON instead of text.")] = False,
    png: Annotated[
        Path | None,
        typer.Option(help="Save the screen: with --text at the end, else without a window.", metavar="FILE"),
    ] = None,
    gif: Annotated[
        Path | None, typer.Option(help="--text: film the telling, in the console's time.", metavar="FILE")
    ] = None,
    gif_speed: Annotated[
        float, typer.Option(help="--gif: so many times as fast as the console.", min=0.1, max=100)
    ] = 1.0,
    press: Annotated[
        str | None,
        typer.Option(
            help="--png without --text: buttons to press before: a, b, select, start, right, left, up, down.",
            metavar='"BUTTON …"',
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(help="--png without --text: seconds of the console's from then on (1).", min=0),
    ] = None,
    scale: Annotated[
        int, typer.Option(help="Dots of a window or a picture for each of the console's.", min=1, max=16)
    ] = 3,
) -> None:
    """\b
    Examples:
      lilliput play story.gbc
      lilliput play story.gbc --text
      lilliput play story.gbc --text --prompt "Once upon" --temperature 0.5 --seed 7
      lilliput play story.gbc --text --max-tokens 60 --gif story.gif --png end.png
      lilliput play story.gbc --png settings.png --press select

    Run a Game Boy cartridge in the emulator PyBoy (pip install 'lilliput[gameboy]'): in a window,
    for any cartridge, or for one of ours with the story in the terminal, which its own program
    tells, by its own buttons. How long a token takes on the real machine is counted, not measured.

    From a window, what a cartridge's battery keeps stays in a .sav beside it, as other emulators
    have it. Nothing else leaves anything there.
    """
    only_text = {
        "--prompt": prompt,
        "--temperature": temperature,
        "--seed": seed,
        "--max-tokens": max_tokens,
        "--json": as_json or None,
        "--gif": gif,
    }
    _refuse_idle(only_text, text, "--text")
    _refuse_idle({"--press": press, "--wait": wait}, png is not None and not text, "--png and without --text")
    _refuse_idle({"--gif-speed": gif_speed if gif_speed != 1 else None}, gif is not None, "--gif")
    for file in (png, gif):
        if file is not None:
            refuse_overwrite(file)
    image = _read_rom(rom)
    pictures = _Pictures(png, gif, scale, gif_speed)
    if text:
        from lilliput.deploy.gameboy.play.player import Wish

        _tell(rom, image, Wish(prompt, temperature, seed, max_tokens), pictures, as_json)
    elif png is not None:
        _show(image, pictures, (press or "").split(), 1.0 if wait is None else wait)
    else:
        _open_window(rom, image, scale)


def _refuse_idle(values: dict[str, Any], serve: bool, where: str) -> None:
    """Raise ConfigError for an option that was given where it does nothing."""
    for name, value in values.items():
        if value is not None and not serve:
            raise ConfigError(f"{name} goes with {where}")


def _read_rom(path: Path) -> bytes:
    """The image. Raises FormatError for what no console would run."""
    from lilliput.deploy.gameboy.machine.header import read_header

    if not path.exists():
        raise LilliputError(f"{path}: no such file")
    with path.open("rb") as file:
        image = file.read(_MOST_BYTES + 1)
    try:
        if len(image) > _MOST_BYTES:
            raise FormatError(f"more than {_MOST_BYTES:,} bytes: no cartridge has as many")
        read_header(image)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    return image


def _open_window(rom: Path, image: bytes, scale: int) -> None:
    from lilliput.deploy.gameboy.info_block import read_info
    from lilliput.deploy.gameboy.machine.header import read_header
    from lilliput.deploy.gameboy.play.window import KEYS, find_save, play_in_window
    from lilliput.rundir import refuse_closed_place

    keeps = read_header(image).saved_bytes > 0
    if keeps:
        refuse_closed_place(find_save(rom))
    say(f"keys: {KEYS}")
    if keeps:
        say(f"its battery's memory is kept in {find_save(rom)}")
    play_in_window(rom, image, scale, sound=read_info(image) is None)


def _show(image: bytes, pictures: _Pictures, presses: list[str], wait_s: float) -> None:
    """The screen some time after some buttons, as a picture."""
    from lilliput.deploy.gameboy.machine.header import read_header
    from lilliput.deploy.gameboy.play.console import BUTTONS, FRAMES_A_SECOND, Console
    from lilliput.deploy.gameboy.play.film import import_pillow, write_png

    if foreign := [name for name in presses if name not in BUTTONS]:
        raise ConfigError(f"--press {foreign[0]}: the buttons are {', '.join(BUTTONS)}")
    import_pillow()
    assert pictures.png
    with Console(image, color=read_header(image).color) as console:
        console.run(_BOOT_FRAMES)
        for name in presses:
            console.press(name)
            console.run(_HELD_FRAMES)
            console.press()
            console.run(_FREE_FRAMES)
        console.run(round(wait_s * FRAMES_A_SECOND))
        console.run(2, draw=True)
        write_png(pictures.png, console.picture(), pictures.scale)
    say(f"the screen: {pictures.png}")


def _tell(rom: Path, image: bytes, wish: "Wish", pictures: _Pictures, as_json: bool) -> None:
    """A story in the terminal."""
    from lilliput.deploy.gameboy.info_block import read_info
    from lilliput.deploy.gameboy.play.console import Console
    from lilliput.deploy.gameboy.play.film import Film, import_pillow
    from lilliput.deploy.gameboy.play.player import Telling

    info = read_info(image)
    if info is None:
        raise ConfigError(f"{rom} is none of our cartridges, so --text cannot find its words: leave it out")
    wish.check(info)
    if pictures.png or pictures.gif:
        import_pillow()
    film = Film()
    with Console(image) as console:
        look = (lambda: film.add(console.picture(), console.cycles)) if pictures.gif else (lambda: None)
        telling = Telling(console, info, wish, look, draws=pictures.gif is not None)
        began = time.perf_counter()
        told = _collect(telling) if as_json else _stream(telling)
        seconds = time.perf_counter() - began
        row = _describe(info, telling, told)
        if as_json:
            print_json(row)
        _say_times(row, console.cycles, seconds)
        _save_pictures(console, film, pictures)


def _stream(telling: "Telling") -> str:
    """Print the pieces as they come; returns the whole."""
    told = ""
    try:
        for piece in telling:
            print(piece, end="", flush=True)
            told += piece
    finally:
        print()
    return told


def _collect(telling: "Telling") -> str:
    from lilliput.app.progress import counted

    return "".join(counted(telling, "telling", "tokens"))


def _describe(info: "Info", telling: "Telling", told: str) -> dict[str, Any]:
    """The row of --json."""
    from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND

    cycles, mean = telling.cycles, telling.cycles_per_token
    return {
        "name": info.name,
        "text": told,
        "tokens": telling.tokens,
        "ending": telling.ending,
        "temperature": telling.temperature,
        "seed": telling.seed,
        "seconds_per_token": None if mean is None else mean / CYCLES_A_SECOND,
        "cycles_per_token": mean,
        "longest_token_seconds": max(cycles) / CYCLES_A_SECOND if cycles else None,
        "beginning_seconds": telling.beginning_cycles / CYCLES_A_SECOND,
        "story_seconds": (telling.beginning_cycles + sum(cycles)) / CYCLES_A_SECOND,
    }


def _say_times(row: dict[str, Any], cycles: int, seconds: float) -> None:
    from lilliput.deploy.gameboy.machine.memory import CYCLES_A_SECOND

    quick = cycles / CYCLES_A_SECOND / seconds
    how = f"temperature {row['temperature']}, seed {row['seed']}{_ENDINGS[row['ending']]}"
    if not row["tokens"]:
        say(f"{row['name']}: no token ({how})")
        return
    say(
        f"{row['name']}: {row['tokens']:,} tokens, {row['seconds_per_token']:.3f} s/token on the real "
        f"machine ({row['cycles_per_token']:,.0f} cycles; the longest {row['longest_token_seconds']:.3f} s), "
        f"behind {row['beginning_seconds']:.2f} s for the beginning; {how}"
    )
    say(f"the emulator was {quick:.1f} times as fast as the machine")


def _save_pictures(console: "Console", film: "Film", pictures: _Pictures) -> None:
    from lilliput.deploy.gameboy.play.film import write_png

    if pictures.png:
        write_png(pictures.png, console.picture(), pictures.scale)
        say(f"the last screen: {pictures.png}")
    if pictures.gif:
        film.write_gif(pictures.gif, pictures.scale, pictures.speed)
        say(f"the film: {pictures.gif}, {len(film):,} screens, {pictures.gif.stat().st_size:,} bytes")
