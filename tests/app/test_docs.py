"""The documents say what the program does."""

import re
import runpy
import shlex
from pathlib import Path

from lilliput.app.cli import app
from lilliput.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_commands_is_the_commands_own_help() -> None:
    made = runpy.run_path(str(ROOT / "docs/make_cli.py"))["page"]()
    assert made == (ROOT / "docs/cli.md").read_text(encoding="utf-8"), "run `make docs`"


def test_the_page_of_presets_is_what_they_say_of_themselves() -> None:
    made = runpy.run_path(str(ROOT / "docs/make_presets.py"))["page"]()
    assert made == (ROOT / "docs/presets.md").read_text(encoding="utf-8"), "run `make docs`"
    assert all(f"| `{name}` |" in made for name in PRESETS)


def test_the_page_of_the_game_boy_has_the_tables_of_the_rows(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    maker = runpy.run_path(str(ROOT / "docs/make_gameboy.py"))
    page = (ROOT / "docs/gameboy.md").read_text(encoding="utf-8")
    assert maker["put"](page, maker["make_tables"]()) == page, "run python docs/make_gameboy.py"
    for name in maker["PLAYED"]:
        assert f"](gameboy/{name})" in page
        assert (ROOT / "docs/gameboy" / name).is_file()


def test_the_page_of_commands_leaves_none_out() -> None:
    listed = runpy.run_path(str(ROOT / "docs/make_cli.py"))["COMMANDS"]
    top = {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    assert {command[0] for command in listed if command} == top
    for group in app.registered_groups:
        inner = {
            command.name or command.callback.__name__ for command in group.typer_instance.registered_commands
        }
        assert {command[1] for command in listed if len(command) == 2 and command[0] == group.name} == inner


def test_examples_stand_first_in_every_help() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        if "Commands:" not in section:
            usage, _, rest = section.partition("\n\n  ")
            assert rest.startswith("Examples:\n"), usage


def test_the_readme_names_only_commands_and_presets_that_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {
        line.split()[2]
        for line in (ROOT / "docs/cli.md").read_text().split("\n")
        if re.match(r"## lilliput \w", line)
    }
    named = re.findall(r"^\s*(?:\.venv/bin/)?lilliput (.+)$", text, re.MULTILINE)
    assert named
    for line in named:
        verb, *rest = shlex.split(line, comments=True)
        assert verb in commands, line
        if verb == "train" and rest and not rest[0].startswith("-") and not rest[0].endswith(".toml"):
            assert rest[0] in PRESETS, line


def test_links_in_the_documents_lead_to_files() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
