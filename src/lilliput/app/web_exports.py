"""`lilliput export --to wasm` and `--to html`: a model for browsers, and for programs in JavaScript."""

from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.app.output import say
from lilliput.errors import ConfigError
from lilliput.rundir import refuse_overwrite, write_text

if TYPE_CHECKING:
    from lilliput.app.integers import IntegerFolder
    from lilliput.deploy.html import About

WRAPPER = "story.mjs"
_COMPARED = 32
"""Tokens whose logits are compared, of a module and the reference."""
_KILO = 1000


def export_wasm(path: Path, output: Path, context: int | None) -> None:
    """Write a module, and story.mjs beside it; the same story.mjs serves any number of modules."""
    from lilliput.app.integers import open_integer_folder
    from lilliput.deploy.wasm import read_wrapper
    from lilliput.rundir import atomic_write

    if output.suffix != ".wasm":
        raise ConfigError(f"-o {output}: a module's name ends in .wasm")
    wrapper, text = output.with_name(WRAPPER), read_wrapper()
    refuse_overwrite(output)
    if wrapper.exists() and not (wrapper.is_file() and wrapper.read_bytes() == text.encode()):
        raise ConfigError(
            f"{wrapper} is another file than would be written: name another folder, or remove it"
        )
    opened = open_integer_folder(path, context)
    module = _build(opened)
    compared = _compare_in_node(opened, module)
    with atomic_write(output) as file:
        file.write(module)
    write_text(wrapper, text)
    say(f"{output}: {len(module):,} bytes, model, tokenizer and engine; {wrapper} calls it (docs/web.md)")
    say(compared)


def export_html(path: Path, output: Path, context: int | None, licence: str | None) -> None:
    """Write the page."""
    from lilliput.app.integers import open_integer_folder
    from lilliput.deploy.html import make_page
    from lilliput.deploy.parity import draw_ids
    from lilliput.quantize.reference import Reference

    if output.suffix not in (".html", ".htm"):
        raise ConfigError(f"-o {output}: a page's name ends in .html")
    refuse_overwrite(output)
    opened = open_integer_folder(path, context)
    module = _build(opened)
    compared = _compare_in_node(opened, module)
    ids = draw_ids(opened.model, _COMPARED)
    reference = Reference(opened.model)
    logits = reference.read(ids, reference.start())
    page = make_page(module, _describe(path, opened, len(module), licence), ids, logits)
    write_text(output, page)
    say(f"{output}: {output.stat().st_size:,} bytes; it opens from a double click and needs no network")
    say(compared)
    say(f"the page compares {logits.size:,} logits by itself whenever it is opened, and says so")


def _build(opened: "IntegerFolder") -> bytes:
    from lilliput.deploy.csource import write_c
    from lilliput.deploy.wasm import build_wasm

    return build_wasm(write_c(opened.model, opened.tokenizer, ends=opened.ends))


def _compare_in_node(opened: "IntegerFolder", module: bytes) -> str:
    """What is to be said of the module's logits. Raises LilliputError where they are not the reference's."""
    from lilliput.deploy.parity import compare_logits, draw_ids
    from lilliput.deploy.wasm import ask_node, find_node

    node = find_node()
    if node is None:
        return "there is no Node.js here: the logits were not compared"
    ids = draw_ids(opened.model, _COMPARED)
    logits = ask_node(node, module, ids, opened.model.config.vocab_size)
    return f"run in Node.js: {compare_logits(opened.model, ids, logits).require()}"


def _describe(path: Path, opened: "IntegerFolder", module_bytes: int, licence: str | None) -> "About":
    from lilliput.deploy.html import About
    from lilliput.formats.folder import read_details
    from lilliput.models.count import count_parameters

    model = opened.model
    kinds = list(dict.fromkeys(matrix.kind for _, matrix in model.iter_matrices()))
    licence = licence or _find_licence(path)
    facts = [
        opened.name,
        f"{count_parameters(model.config).parameters:,} parameters in {' and '.join(kinds)}",
        f"reads {model.config.context:,} tokens",
        f"{module_bytes / _KILO:,.0f} KB with its engine",
        *([f"licence: {licence}"] if licence else []),
    ]
    prompt = (read_details(path).get("plan") or {}).get("prompt")
    return About(
        name=opened.name,
        facts=tuple(facts),
        vocab_size=model.config.vocab_size,
        context=model.config.context,
        opening=prompt or "Once upon a time",
    )


def _find_licence(path: Path) -> str | None:
    """The `license:` of the model card's front matter; the models that we ship are MIT."""
    from lilliput.app.shipped import shipped_models

    if path.resolve() in [folder.resolve() for folder in shipped_models().values()]:
        return "MIT"
    card = path / "README.md"
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines() if card.is_file() else []
    front = lines[1 : lines.index("---", 1)] if lines[:1] == ["---"] and "---" in lines[1:] else []
    named = [line.partition(":")[2].strip() for line in front if line.startswith("license:")]
    return named[0] if named and named[0] else None
