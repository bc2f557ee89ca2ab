"""The rooms' law: who may import whom, how long files and functions may be, what starts without torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "lilliput"
FOUNDATION = {"errors", "config", "rundir", "device", "__init__", "__main__"}
MAY_IMPORT = {
    "tokens": set(),
    "stories": {"tokens"},
    "models": set(),
    "formats": {"tokens", "models"},
    "training": {"tokens", "stories", "models", "formats", "runtime"},
    "quantize": {"models", "formats"},
    "runtime": set(),
    "generation": {"tokens", "models", "formats", "quantize", "runtime"},
    "evaluation": {"tokens", "stories", "models", "formats", "generation", "runtime"},  # scores what ships
    "interpret": {"tokens", "stories", "models", "formats"},
    "deploy": {"tokens", "formats", "quantize", "runtime"},
    "presets": {"models", "training"},
}
EVERYTHING = {*MAY_IMPORT, "app"}
PRESETS_MAY_SEE = {"lilliput.models.config", "lilliput.training.plan"}
LONGEST_FILE, LONGEST_FUNCTION = 500, 60

FILES = sorted(PACKAGE.rglob("*.py"))
TORCH_FREE = [
    "lilliput.app.cli",
    "lilliput.tokens",
    "lilliput.stories.batches",
    "lilliput.stories.cleaning.run",
    "lilliput.stories.sources",
    "lilliput.stories.world",
    "lilliput.models",
    "lilliput.formats.folder",
    "lilliput.formats.gguf",
    "lilliput.formats.llama2c",
    "lilliput.generation.generate",
    "lilliput.generation.batch",
    "lilliput.generation.int_batch",
    "lilliput.evaluation.int_scorer",
    "lilliput.deploy.gameboy.play.player",
    "lilliput.deploy.gameboy.machine.rom",
    "lilliput.deploy.html",
    "lilliput.quantize.ptq",
    "lilliput.quantize.reference",
    "lilliput.app.server.run",
    "lilliput.app.server.hosted",
    "lilliput.training.leading",
    "lilliput.training.loop",
    "lilliput.training.prepare",
    "lilliput.presets",
]


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides which room it reaches into"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_its_row_allows(path: Path) -> None:
    room = room_of(path)
    allowed = EVERYTHING if room == "app" else MAY_IMPORT.get(room, set())
    if room == "__main__":
        allowed = {"app"}
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "lilliput" or len(parts) < 2:
            continue
        target = parts[1]
        if target in {*FOUNDATION, room, "__version__"}:
            continue
        assert target in allowed, f"{path.name} in {room} imports {name}"
        if room == "presets" and target in ("models", "training"):
            assert name.rpartition(".")[0] in PRESETS_MAY_SEE, f"presets see configs only, not {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= LONGEST_FUNCTION, f"{path.name}: {node.name} has {length} lines"


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert rooms <= EVERYTHING


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_file_and_public_function_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name} has no docstring"


def test_what_the_small_install_uses_imports_no_torch() -> None:
    code = f"import sys\nfor name in {TORCH_FREE!r}: __import__(name)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
