"""What an integer model costs on processors that QEMU can be: flash, memory, stack, and instructions a token.

    lilliput quantize stories260K --to int8 --set value_bits=4 --data tinystories-train.txt --out s8
    python benchmarks/device_costs.py s8 --context 256 -o benchmarks/rows/device_costs.json
    python benchmarks/device_costs.py --table benchmarks/rows/device_costs.json

Instructions are counted by a plugin of the emulator (count_instructions.c), so the same program has the same
numbers everywhere; a loop of known length says that they are right. Needs Debian's qemu-user,
qemu-system-arm and cross compilers: processors without theirs are left out.
"""

import argparse
import importlib.util
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from lilliput.app.integers import open_integer_folder
from lilliput.deploy.boards import board_files
from lilliput.deploy.csource import count_weight_bytes, working_bytes, write_c
from lilliput.quantize.intmodel import IntModel

HERE = Path(__file__).resolve().parent
READ = HERE / "device_read.c"
COUNTED = ("lp_", "mem", "__aeabi", "__gnu", "__lsh", "__ash")
"""Functions of the model, and what compilers put in their place."""
LOOPS = 1_000_000
LOOP = """
__attribute__((noinline)) void known_loop(void) {
  long n = %d;
  __asm__ volatile("1: subs %%0, %%0, #1\\n bne 1b" : "+r"(n) : : "cc");
}
int main(void) { known_loop(); return 0; }
"""
CODE_OF_M0 = "Cortex-M0+ (its code on a Cortex-M3)"
ALSO = {"Cortex-M4, -Os": "Cortex-M4, bare metal", CODE_OF_M0: "Cortex-M3, bare metal"}
FLAGS = {"Cortex-M4, -Os": ["-Os"], CODE_OF_M0: ["-mcpu=cortex-m0plus"]}


def load_processors() -> Any:
    """tests/deploy/processors.py, which knows compilers and emulators."""
    path = HERE.parent / "tests/deploy/processors.py"
    spec = importlib.util.spec_from_file_location("processors", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(command: list[Any]) -> str:
    """What a command writes. Ends this program, with its last words, if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def multiply_adds(model: IntModel, position: int) -> int:
    """Of a token at a position: a weight each, and keys and values of all positions so far."""
    c = model.config
    weights = sum(m.values.size for name, m in model.iter_matrices() if name != "embed")
    head = model.head.values.size if c.tied else 0
    return weights + head + 2 * c.n_layers * c.n_heads * c.d_head * (position + 1)


class Bench:
    """Builds and counts in a folder."""

    def __init__(self, folder: Path, model: IntModel, tokenizer: Any, processors: Any) -> None:
        self.folder, self.model, self.board = folder, model, processors.BOARD
        self.linked = [*processors.LINKED, "-lgcc"]
        self.story = write_c(model, tokenizer, library=True)
        for place, text in board_files("cortex-m", self.story, "story").items():
            (folder / place).write_text(text, encoding="utf-8")
        self.plugin = folder / "count.so"
        run(["cc", "-O2", "-shared", "-fPIC", HERE / "count_instructions.c", "-o", self.plugin])

    def build(self, processor: Any, sources: list[Path], flags: list[str], bare: bool) -> Path:
        """A program of some C files, those of the board among them."""
        program = self.folder / "program"
        if bare:
            sources = [*sources, self.board / "startup.c", self.board / "uart.c"]
            flags = [*flags, "-DBARE"]
        include = ["-I", self.folder, "-I", self.board]
        command = [*processor.compiler, "-std=gnu99", "-O2" if bare else "-O3", *flags, *include, *sources]
        run([*command, *(self.linked if bare else []), "-o", program])
        return program

    def count(self, processor: Any, program: Path) -> tuple[dict[str, int], list[int]]:
        """Instructions by function, and the numbers that the program writes."""
        out = self.folder / "counts"
        plugin = ["-plugin", f"{self.plugin},output={out}"]
        emulator = list(processor.emulator) or ["qemu-x86_64"]
        command = [*emulator, program, *plugin] if processor.bare else [*emulator, *plugin, program]
        numbers = [int(line) for line in run(command).split()]
        lines = (line.split() for line in out.read_text().splitlines())
        return {name: int(count) for name, count in lines}, numbers

    def instructions(self, processor: Any, flags: list[str], read: int) -> tuple[int, list[int]]:
        """Of reading so many tokens."""
        sources = [READ, self.folder / "story.c"]
        program = self.build(processor, sources, [*flags, f"-DREAD={read}"], processor.bare)
        counts, numbers = self.count(processor, program)
        return sum(n for name, n in counts.items() if name.startswith(COUNTED)), numbers

    def sizes(self, processor: Any, flags: list[str]) -> dict[str, int]:
        """Bytes of flash: of the whole program that tells a story, on a board; else of the story's own."""
        compiler = processor.compiler[0]
        size = f"{compiler.removesuffix('-gcc')}-size" if compiler.endswith("-gcc") else "size"
        if processor.bare:
            names = ("main.c", "tell.c", "story.c")
            target = self.build(processor, [self.folder / name for name in names], flags, bare=True)
        else:
            target = self.folder / "story.o"
            run([*processor.compiler, "-O3", *flags, "-c", self.folder / "story.c", "-o", target])
        text, data = run([size, target]).splitlines()[1].split()[:2]
        return {"flash_bytes": int(text) + int(data)}

    def measure(self, name: str, processor: Any, flags: list[str]) -> dict[str, Any]:
        """A row of the table."""
        context = self.model.config.context
        middle = context // 2
        whole, numbers = self.instructions(processor, flags, context)
        before, after = (self.instructions(processor, flags, n)[0] for n in (middle, middle + 1))
        mean = sum(multiply_adds(self.model, n) for n in range(context)) / context
        row = {
            "processor": name,
            "compiler": " ".join(processor.compiler[:2]),
            **self.sizes(processor, flags),
        }
        row |= {"stack_bytes": numbers[1] or None, "logits_hash": numbers[0]}
        row |= {"instructions_per_token": whole / context, "at_half_context": after - before}
        ratio = {"ratio": whole / context / mean, "ratio_at_half": (after - before)}
        ratio["ratio_at_half"] /= multiply_adds(self.model, middle)
        return row | ratio

    def calibrate(self, processor: Any) -> dict[str, int]:
        """Instructions counted in a loop of two, and how many there are."""
        source = self.folder / "loop.c"
        source.write_text(LOOP % LOOPS, encoding="utf-8")
        counts, _ = self.count(processor, self.build(processor, [source], [], processor.bare))
        return {"counted": counts["known_loop"], "in_the_loop": 2 * LOOPS}


def as_table(row: dict[str, Any]) -> str:
    """The row as docs/devices.md has it."""
    model = (
        f"{row['weight_bytes']:,} bytes of weights, {row['working_bytes']:,} bytes of working memory, "
        f"a context of {row['context']}"
    )
    lines = [f"`{row['model']}`: {model}.", ""]
    lines += ["| processor | flash, bytes | stack, bytes | instructions a token | for each multiply-add |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for made in row["rows"]:
        stack = f"{made['stack_bytes']:,}" if made["stack_bytes"] else ""
        counts = f"{made['instructions_per_token']:,.0f} | {made['ratio']:.2f}"
        lines.append(f"| {made['processor']} | {made['flash_bytes']:,} | {stack} | {counts} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--table", type=Path, help="print a row that was saved, as docs/devices.md has it")
    parser.add_argument("--context", type=int)
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    if options.table:
        print(as_table(json.loads(options.table.read_text(encoding="utf-8"))))
        return
    opened, processors = open_integer_folder(options.model, options.context), load_processors()
    model, known = opened.model, processors.PROCESSORS
    row: dict[str, Any] = {
        "name": "device_costs",
        "model": options.model.name,
        "context": model.config.context,
    }
    row |= {"weight_bytes": count_weight_bytes(model), "working_bytes": working_bytes(model)}
    row |= {"multiply_adds": {f"at {n}": multiply_adds(model, n) for n in (0, model.config.context // 2)}}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), model, opened.tokenizer, processors)
        wanted = [(name, p, FLAGS.get(name, [])) for name, p in known.items()]
        wanted += [(name, known[of], FLAGS[name]) for name, of in ALSO.items()]
        wanted = [(name, p, flags) for name, p, flags in wanted if not p.missing()]
        row["calibration"] = bench.calibrate(next(p for _, p, _ in wanted if p.bare))
        row["rows"] = []
        for name, processor, flags in wanted:
            made = bench.measure(name, processor, flags)
            row["rows"].append(made)
            print(
                f"{name}: flash {made['flash_bytes']:,}, stack {made['stack_bytes']}, "
                f"{made['instructions_per_token']:,.0f} instructions a token, "
                f"{made['ratio']:.2f} for each multiply-add",
                flush=True,
            )
    assert len({made["logits_hash"] for made in row["rows"]}) == 1, "processors differ"
    if options.output:
        options.output.write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
