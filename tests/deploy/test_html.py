"""The page: opened from disk by a headless Chromium, used as a person would, held against the reference."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from lilliput.app.cli import run
from lilliput.deploy.html import About, hash_logits, make_page
from lilliput.deploy.wasm import find_node
from lilliput.formats.folder import INTEGERS, save_surroundings
from lilliput.quantize.intmodel_file import save_intmodel

IN_BROWSER = """(async () => {
  const bytes = Uint8Array.from(atob(%s), (c) => c.charCodeAt(0)), ids = %s, rows = [];
  const { exports } = (await WebAssembly.instantiate(bytes, {})).instance;
  exports.start();
  for (const id of ids) rows.push([...new Int16Array(exports.memory.buffer, exports.read(id), %d)]);
  return rows;
})()"""
CALM = "document.getElementById('pace').value = 'calm'"


def write_page(path, built, **changes):
    config, ids = built.model.config, built.ids(8)
    about = About("fox & <friends>", ("small", "licence: MIT"), config.vocab_size, config.context, "A fox")
    page = make_page(built.module, replace(about, **changes), ids, built.logits(ids))
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def open_page(browser, tmp_path):
    def opened(built):
        browser.events.clear()
        browser.open(write_page(tmp_path / "story.html", built))
        browser.wait_for("document.documentElement.dataset.checked")
        return browser

    return opened


def text_of(browser, name):
    return browser.evaluate(f"document.getElementById('{name}').textContent")


def set_value(browser, name, value):
    browser.evaluate(
        f"(e => {{ e.value = {json.dumps(str(value))}; e.dispatchEvent(new Event('input')); }})"
        f"(document.getElementById('{name}'))"
    )


def tell(browser, opening, seed, button="tell"):
    set_value(browser, "opening", opening)
    set_value(browser, "seed", seed)
    browser.evaluate(f"document.getElementById('{button}').click()")
    wait_for_the_end(browser)
    return text_of(browser, "story")


def wait_for_the_end(browser):
    browser.wait_for("document.getElementById('stop').hidden")


@pytest.mark.parametrize("number", range(20))
def test_every_logit_in_chromium_is_the_references(web, integers, browser, number):
    built = web.build(integers, number)
    ids = built.ids()
    module = json.dumps(base64.b64encode(built.module).decode())
    rows = browser.evaluate(IN_BROWSER % (module, ids.tolist(), built.model.config.vocab_size))
    assert np.array_equal(np.array(rows), built.logits(ids))


def test_every_logit_of_the_shipped_pocket_in_chromium_is_the_references(web, browser):
    built = web.build_pocket()
    ids = built.ids()
    module = json.dumps(base64.b64encode(built.module).decode())
    rows = browser.evaluate(IN_BROWSER % (module, ids.tolist(), 2048))
    assert np.array_equal(np.array(rows), built.logits(ids))


def test_the_page_tells_the_stories_of_the_reference_and_asks_for_nothing(web, integers, open_page):
    for built in (web.build(integers, 1), web.build_pocket()):
        page = open_page(built)
        assert page.evaluate("document.documentElement.dataset.checked") == "true"
        for opening, seed, temperature, top_p in [
            ("The café 🦊", 3, 0.8, 0.95),
            ("", 2**32 + 5, 1.5, 1.0),
            ("A fox", 2**63 - 1, 0, 0.5),
        ]:
            set_value(page, "temperature", temperature)
            set_value(page, "top-p", top_p)
            told = tell(page, opening, seed)
            expected = built.story(opening, seed, temperature=temperature, top_p=top_p)
            assert told == expected
        assert page.problems() == []


def test_a_story_read_along_is_the_same_and_can_be_stopped(web, integers, open_page):
    built = web.build(integers, 1)
    page = open_page(built)
    expected = built.story("A fox", 5)
    assert tell(page, "A fox", 5) == expected
    page.evaluate(CALM)
    page.evaluate("document.getElementById('tell').click()")
    page.wait_for("document.getElementById('story').textContent.length > 0")
    assert page.evaluate("document.getElementById('story').getAttribute('aria-busy')") == "true"
    page.press("Escape", 27)
    wait_for_the_end(page)
    told = text_of(page, "story")
    assert expected.startswith(told)
    assert len(told) < len(expected)
    assert text_of(page, "close") == "Stopped"


def test_another_has_a_seed_of_its_own_which_tells_it_again(web, integers, open_page):
    built = web.build(integers, 1)
    page = open_page(built)
    told = tell(page, "A fox", 5, button="another")
    seed = page.evaluate("document.getElementById('seed').value")
    assert seed != "5"
    assert told == built.story("A fox", int(seed))
    assert f"seed {seed}" in text_of(page, "status")
    assert tell(page, "A fox", seed) == told


def test_mistakes_are_said_on_the_page(web, integers, open_page):
    built = web.build(integers, 1)
    page = open_page(built)
    told = tell(page, "A fox", 1)
    assert tell(page, "q" * 500, 1) == told  # the last story stays
    assert f"the model reads {built.model.config.context}" in text_of(page, "status")
    for seed in ("fox", "9223372036854775808", "-1", "1.5", "1e3"):
        tell(page, "A fox", "1")
        page.evaluate("document.getElementById('settings').open = false")
        tell(page, "A fox", seed)
        assert page.evaluate("document.getElementById('settings').open")
        assert "from 0 to 9223372036854775807" in text_of(page, "status")
    assert tell(page, "A fox", "9223372036854775807")
    assert "seed 9223372036854775807" in text_of(page, "status")
    assert tell(page, "A fox", " 0007 ") == built.story("A fox", 7)
    assert text_of(page, "status").endswith("seed 7")


def test_a_box_without_a_seed_gets_one_that_tells_the_story_again(web, integers, open_page):
    built = web.build(integers, 1)
    page = open_page(built)
    told = tell(page, "A fox", "")
    seed = page.evaluate("document.getElementById('seed').value")
    assert seed.isdigit()
    assert int(seed) > 0
    assert told == built.story("A fox", int(seed))
    assert text_of(page, "status").endswith(f"seed {seed}")


def test_a_page_whose_numbers_are_not_the_references_says_so(web, integers, browser, tmp_path):
    built = web.build(integers, 1)
    ids = built.ids(8)
    about = About("fox", (), built.model.config.vocab_size, built.model.config.context)
    path = tmp_path / "wrong.html"
    path.write_text(make_page(built.module, about, ids, built.logits(ids) ^ 1), encoding="utf-8")
    browser.open(path)
    browser.wait_for("document.documentElement.dataset.checked")
    assert "other numbers than the reference" in text_of(browser, "proof")


def test_names_are_shown_and_not_run(web, integers, open_page):
    page = open_page(web.build(integers, 1))
    assert page.evaluate("document.title") == "fox & <friends> tells stories"
    assert page.evaluate("document.querySelector('friends')") is None


def test_everything_to_be_used_has_a_name_and_keys_do_it(web, integers, open_page):
    page = open_page(web.build(integers, 1))
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, textarea, button')]"
        ".filter((e) => !(e.labels?.length || e.textContent.trim())).map((e) => e.id)"
    )
    assert nameless == []
    set_value(page, "opening", "A fox")
    page.evaluate("document.getElementById('opening').focus()")
    page.press("Enter", 13)
    wait_for_the_end(page)
    page.wait_for("document.getElementById('story').textContent.startsWith('A fox')")
    assert page.evaluate("document.getElementById('status').getAttribute('role')") == "status"
    assert page.evaluate("document.getElementById('story').getAttribute('aria-live')") == "polite"


def test_the_page_fits_a_phone_and_keeps_still_for_who_wants_no_motion(web, integers, open_page):
    page = open_page(web.build(integers, 1))
    page.show(320, 640, calm=True)
    tell(page, "A fox", 1)
    assert page.evaluate("document.documentElement.scrollWidth <= 320")
    still = "getComputedStyle(document.getElementById('story').lastChild, '::after').animationName"
    page.evaluate("document.getElementById('story').setAttribute('aria-busy', 'true')")
    assert page.evaluate(still) == "none"
    page.show(1000, 800)
    assert page.evaluate(still) == "breathe"


def test_export_writes_one_page_that_says_what_it_holds(web, integers, browser, tmp_path, capsys):
    model = integers.draw_model(1)
    save_surroundings(tmp_path / "fox", model.config, web.tokenizer(), {"integers": {}})
    save_intmodel(tmp_path / "fox" / INTEGERS, model)
    out = tmp_path / "fox.html"
    assert run(["export", str(tmp_path / "fox"), "--to", "html", "--licence", "CC0", "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert ("bit for bit" if find_node() else "not compared") in said
    browser.events.clear()
    browser.open(out)
    browser.wait_for("document.documentElement.dataset.checked")
    footer = browser.evaluate("document.querySelector('footer').textContent")
    assert "fox · " in footer
    assert "licence: CC0" in footer
    assert "bit for bit" in footer
    assert browser.problems() == []


def test_the_hash_of_logits_is_fnv_1a():
    assert hash_logits(np.array([], np.int64)) == 0x811C9DC5
    assert (
        hash_logits(np.array([0x6F66, 0x626F, 0x7261], np.int64)) == 0xBF9CF968
    )  # of "foobar", as published
