"""The exported C as WebAssembly: run in Node, and held against the reference."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.deploy import wasm
from lilliput.deploy.csource import write_c
from lilliput.errors import ConfigError, MissingExtraError
from lilliput.formats.folder import INTEGERS, save_surroundings
from lilliput.quantize.intmodel_file import save_intmodel

ASK = """
import { readFileSync } from "node:fs";
import { load } from "./story.mjs";
const story = await load(readFileSync("story.wasm"));
"""


@pytest.fixture
def ask(node, tmp_path):
    """Run a few lines of JavaScript with `story` loaded, and return the JSON that they print."""

    def asked(module, lines):
        (tmp_path / "story.wasm").write_bytes(module)
        (tmp_path / "story.mjs").write_text(wasm.read_wrapper(), encoding="utf-8")
        (tmp_path / "ask.mjs").write_text(ASK + lines, encoding="utf-8")
        done = subprocess.run([node, "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return asked


@pytest.mark.parametrize("number", range(20))
def test_every_logit_in_node_is_the_references(web, integers, node, number):
    built = web.build(integers, number)
    ids = built.ids()
    logits = wasm.ask_node(node, built.module, ids, built.model.config.vocab_size)
    assert np.array_equal(logits, built.logits(ids))


def test_every_logit_of_the_shipped_pocket_is_the_references(web, node):
    built = web.build_pocket()
    ids = built.ids()
    assert len(ids) == 100
    assert np.array_equal(wasm.ask_node(node, built.module, ids, 2048), built.logits(ids))


@pytest.mark.parametrize(
    ("options", "sampling"),
    [
        ("{}", {}),
        ("{temperature: 0}", {"temperature": 0}),
        ("{temperature: 1.3, topP: 1}", {"temperature": 1.3, "top_p": 1.0}),
        ("{temperature: 2, topP: 0.5, topK: 7}", {"temperature": 2, "top_p": 0.5, "top_k": 7}),
        ("{topP: 1, minP: 0.02}", {"top_p": 1.0, "min_p": 0.02}),
    ],
)
def test_a_story_is_the_one_that_tell_tells_with_the_integer_engine(web, integers, ask, options, sampling):
    for built in (web.build(integers, 1), web.build_pocket()):
        seeds = [0, 7, 2**32 + 5, 2**63 - 1]
        told = ask(
            built.module,
            f"const told = [];\nfor (const seed of {json.dumps([str(seed) for seed in seeds])})\n"
            f'  told.push([...story.tell("The café 🦊", {{seed: BigInt(seed), ...{options}}})].join(""));\n'
            "console.log(JSON.stringify(told));",
        )
        assert told == [built.story("The café 🦊", seed, **sampling) for seed in seeds]


def test_a_story_has_an_ending_and_a_count(web, integers, ask):
    built = web.build(integers, 6)
    context = built.model.config.context
    prompt = 1 + len(built.tokenizer.encode("The fox"))
    told = ask(
        built.module,
        """const rows = [];
for (const tokens of [5, 1000]) for (const seed of [1, 2, 3]) {
  for (const piece of story.tell("The fox", {seed, tokens, temperature: 1.5})) rows.count = piece.length;
  rows.push([story.ending, story.tokens]);
}
console.log(JSON.stringify(rows));""",
    )
    assert all(row == ["length", 5] or row[0] == "end" for row in told[:3])
    assert all(row == ["context", context - prompt + 1] or row[0] == "end" for row in told[3:])
    assert {row[0] for row in told} >= {"length"}


def test_what_cannot_be_told_is_an_error_that_says_why(web, integers, ask):
    built = web.build(integers, 1)
    context = built.model.config.context
    whole, seeds = "a whole number, 1 or more", "a whole number, 0 to 9223372036854775807"
    wrong = {
        "{temperature: 0.55}": "temperature 0.55: give 0, 0.1, 0.2 … or 2",
        "{temperature: 2.1}": "temperature 2.1: give 0,",
        "{temperature: -0.1}": "temperature -0.1: give 0,",
        "{temperature: NaN}": "temperature NaN: give 0,",
        "{temperature: Infinity}": "temperature Infinity: give 0,",
        "{topP: 0}": "topP 0: give more than 0",
        "{topP: NaN}": "topP NaN: give more than 0",
        "{topK: -1}": "topK -1: give a whole number, 0 to 65535",
        "{topK: 1.5}": "topK 1.5: give a whole number",
        "{minP: 1}": "minP 1: give 0 to less than 1",
        "{tokens: 0}": f"tokens 0: give {whole}",
        "{tokens: -3}": f"tokens -3: give {whole}",
        "{tokens: 2.5}": f"tokens 2.5: give {whole}",
        "{tokens: Infinity}": f"tokens Infinity: give {whole}",
        "{seed: 2n ** 63n}": f"seed 9223372036854775808: give {seeds}",
        "{seed: -1}": f"seed -1: give {seeds}",
        "{seed: 1.5}": f"seed 1.5: give {seeds}",
        "{seed: 2 ** 60}": "a BigInt above 9007199254740991",
        "{Temperature: 1}": "no option Temperature: there are temperature, topP, topK, minP, seed, tokens",
        "{top_p: 1}": "no option top_p",
        "{temperature: '0.8'}": "temperature is a string: give a number, 0, 0.1",
        "{temperature: 1n}": "temperature is a bigint",
        "{topK: null}": "topK is null",
        "{tokens: '5'}": f"tokens is a string: give a number, {whole}",
        "{seed: '7'}": f"seed is a string: give a number, {seeds}",
        "{seed: true}": "seed is a boolean",
        "null": "options are an object such as { seed: 1 }, not null",
        "7": "not a number",
    }
    mistaken = ("no option", " is ", "not ")
    tries = [("'a'", options, words) for options, words in wrong.items()]
    tries += [
        (f"'q'.repeat({context})", "{}", f"the model reads {context} at most"),
        ("'q'.repeat(1e6)", "{}", "too long"),
        ("7", "{}", "a text is a string, not a number"),
        ("{seed: 1}", "{}", "a text is a string, not an object"),
    ]
    lines = "const said = [];\n"
    for text, options, _ in tries:
        lines += f"try {{ [...story.tell({text}, {options})]; said.push(null); }}\n"
        lines += "catch (error) { said.push([error.name, error.message]); }\n"
    lines += """const first = story.tell("a", {seed: 1});
first.next();
[...story.tell("b", {seed: 1})];
try { for (const piece of first) said.length; } catch (error) { said.push([error.name, error.message]); }
console.log(JSON.stringify(said));"""
    said = ask(built.module, lines)
    for (_, _, words), (name, message) in zip(tries, said[:-1], strict=True):
        assert words in message
        assert name == ("TypeError" if any(mark in words for mark in mistaken) else "RangeError")
    assert said[-1] == ["Error", "another story was begun"]


def test_what_is_no_id_is_not_read(web, integers, ask):
    built = web.build(integers, 1)
    vocab = built.model.config.vocab_size
    told = ask(
        built.module,
        f"""const said = [];
story.start();
for (const id of [undefined, null, "1", 1.5, -1, {vocab}, NaN, {{}}]) {{
  try {{ story.read(id); said.push(null); }} catch ({{ name, message }}) {{ said.push([name, message]); }}
}}
const rows = [story.read(0)?.length];
while (story.read({vocab - 1})) rows[0] += 1;
console.log(JSON.stringify([said, rows, story.read(0)]));""",
    )
    kinds = ["undefined", "null", "a string", "1.5", "-1", str(vocab), "NaN", "an object"]
    for kind, (name, message) in zip(kinds, told[0], strict=True):
        is_number = kind[-1].isdigit() or kind == "NaN"
        assert name == ("RangeError" if is_number else "TypeError")
        assert message.startswith(f"id {kind}: give" if is_number else f"id is {kind}: give a number")
        assert f"0 to {vocab - 1}" in message
    assert told[1:] == [[vocab + built.model.config.context - 1], None]


def test_a_story_goes_on_as_it_began_where_another_cannot_begin(web, integers, ask):
    built = web.build(integers, 1)
    told = ask(
        built.module,
        """const pieces = story.tell("a", {seed: 3, temperature: 1.5});
let told = pieces.next().value;
try { story.tell("q".repeat(1e6), {temperature: 0}).next(); } catch { told += ""; }
console.log(JSON.stringify(told + [...pieces].join("")));""",
    )
    assert told == built.story("a", 3, temperature=1.5)


def test_the_same_sources_make_the_same_bytes_and_none_of_this_machine_is_in_them(web, integers, tmp_path):
    model = integers.draw_model(3)
    sources = write_c(model, web.tokenizer())
    module = wasm.build_wasm(sources)
    assert wasm.build_wasm(sources) == module
    assert wasm.build_wasm(write_c(model, web.tokenizer(), library=True))
    for word in (b"/tmp", b"lilliput-wasm", b"story.c", str(tmp_path).encode()):
        assert word not in module


def test_a_compiler_that_is_missing_or_refuses_is_said(web, monkeypatch):
    with pytest.raises(ConfigError, match="does not compile"):
        wasm.build_wasm({"story.c": "no C at all"})
    monkeypatch.setattr(wasm.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"lilliput\[wasm\]"):
        wasm.build_wasm({})


@pytest.fixture
def folder(web, integers, tmp_path):
    model = integers.draw_model(1)
    save_surroundings(tmp_path / "fox", model.config, web.tokenizer(), {"integers": {}})
    save_intmodel(tmp_path / "fox" / INTEGERS, model)
    return tmp_path / "fox"


def test_export_writes_the_module_and_its_wrapper_and_reports_parity(web, node, folder, tmp_path, capsys):
    out = tmp_path / "out" / "fox.wasm"
    out.parent.mkdir()
    assert run(["export", str(folder), "--to", "wasm", "-o", str(out)]) == 0
    assert "bit for bit" in capsys.readouterr().err
    assert out.read_bytes()[:4] == b"\0asm"
    assert (out.parent / "story.mjs").read_text(encoding="utf-8") == wasm.read_wrapper()
    other = out.with_name("other.wasm")
    assert run(["export", str(folder), "--to", "wasm", "--context", "20", "-o", str(other)]) == 0
    (out.parent / "story.mjs").write_text("mine", encoding="utf-8")
    third = ["export", str(folder), "--to", "wasm", "-o", str(out.with_name("third.wasm"))]
    capsys.readouterr()
    assert run(third) == 2
    assert "story.mjs" in capsys.readouterr().err


def test_export_says_that_nothing_was_compared_without_node(web, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(wasm, "find_node", lambda: None)
    assert run(["export", str(folder), "--to", "wasm", "-o", str(tmp_path / "fox.wasm")]) == 0
    assert "not compared" in capsys.readouterr().err


def test_options_of_other_formats_are_refused(tmp_path, capsys):
    for arguments, words in [
        (["--to", "wasm", "-o", "x.bin"], "ends in .wasm"),
        (["--to", "html", "-o", "x.wasm"], "ends in .html"),
        (["--to", "wasm", "--library", "-o", "x.wasm"], "--library is for --to c"),
        (["--to", "wasm", "--licence", "MIT", "-o", "x.wasm"], "--licence is for --to html"),
        (["--to", "gguf", "--context", "9", "-o", "x.gguf"], "--context is for"),
    ]:
        assert run(["export", "pocket", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_the_example_of_the_docs_runs(web, integers, node, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "web.md").read_text(encoding="utf-8")
    (tmp_path / "example.mjs").write_text(page.split("```js\n")[1].split("```")[0], encoding="utf-8")
    (tmp_path / "story.mjs").write_text(wasm.read_wrapper(), encoding="utf-8")
    built = web.build(integers, 1)
    (tmp_path / "story.wasm").write_bytes(built.module)
    done = subprocess.run([node, "example.mjs"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().startswith(built.story("Once upon a time", 7))
