"""What changes a text changes what is broken, and nothing else."""

import json
from pathlib import Path

import pytest

from lilliput.stories.cleaning.block import Verdict, find_odd
from lilliput.stories.cleaning.config import Markup, Repair
from lilliput.stories.cleaning.mending import make_markup, make_repair, strip_markup, tidy_whitespace

pytest.importorskip("ftfy", reason="needs the extra data")


def repair(text: str) -> Verdict | None:
    return make_repair(Repair())(text, find_odd([text])[0])


def markup(text: str) -> Verdict | None:
    return make_markup(Markup())(text, find_odd([text])[0])


def tidy(text: str) -> str:
    verdict = tidy_whitespace(text, find_odd([text])[0])
    return text if verdict is None else str(verdict.text)


WHOLE = "“Don’t go — it’s 5 o’clock…” said Zoë. «Ça va?»"


@pytest.mark.parametrize("codec", ["latin-1", "cp1252", "mac_roman", "cp1252 twice"])
def test_utf8_read_as_another_encoding_is_read_again(codec: str) -> None:
    whole = WHOLE.partition(" «")[0]  # broken twice, Ç could be Ô¡ too, and ftfy cannot know
    broken = whole
    for _ in range(codec.count("twice") + 1):
        out = bytearray(broken.encode())
        broken = "".join(_decode(byte, codec.split(maxsplit=1)[0]) for byte in out)
    verdict = repair(broken)
    assert verdict is not None
    assert verdict.text == whole


def _decode(byte: int, codec: str) -> str:
    try:
        return bytes([byte]).decode(codec)
    except UnicodeDecodeError:
        return chr(byte)


def test_a_closing_quote_whose_last_byte_was_dropped_is_found_again() -> None:
    verdict = repair("â€œI can,â€ said Tim. â€œLook!â€\nHe ran â€“ fast.")
    assert verdict is not None
    assert verdict.text == "“I can,” said Tim. “Look!”\nHe ran – fast."


@pytest.mark.parametrize(
    "text", [WHOLE, "Plain.", "Жила-была кошка — рыжая.", "एक कुत्ता भागा।", "むかし、犬がいた。"]
)
def test_a_text_that_is_whole_stays(text: str) -> None:
    assert repair(text) is None


def test_what_cannot_be_repaired_is_removed_or_left_by_choice() -> None:
    broken = "He said \ufffdhello\ufffd."
    verdict = repair(broken)
    assert verdict is not None
    assert verdict.removes
    assert make_repair(Repair(remove_broken=False))(broken, find_odd([broken])[0]) is None


def test_control_characters_go_and_decomposed_letters_are_composed() -> None:
    verdict = repair("Zoe\u0308 \x07ran.\ufeff")
    assert verdict is not None
    assert verdict.text == "Zoë ran."


def test_the_mojibake_of_real_stories_is_repaired_exactly(shared: Path) -> None:
    texts = json.loads((shared / "data/other/TinyStories-train.v1.first1000.json").read_text("utf-8"))
    broken = [text for text in texts if not text.isascii()]
    assert len(broken) == 83
    assert all(repair(text) is None for text in texts if text.isascii())
    mended = [str(repair(text).text) for text in broken]  # type: ignore[union-attr]
    assert {sign for text in mended for sign in text if ord(sign) > 127} == set("“”’–—")
    train = (shared / "data/tinystories-train.txt").read_text("utf-8")
    whole = {" ".join(text.split()) for text in train.split("<|endoftext|>")}
    assert all(
        " ".join(text.split()) in whole for text in mended
    )  # each is there, from a source that is whole


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("<p>Tom <b>ran</b>.</p><p>He fell.</p>", "\nTom ran.\n\nHe fell.\n"),
        ("She said &quot;Hi&quot; &amp; left.", 'She said "Hi" & left.'),
        (
            "# The Cat\nA **big** cat and a [small](http://a.b/c) *dog*.",
            "The Cat\nA big cat and a small dog.",
        ),
        ("***\nOnce [i]upon[/i] a time.", "Once upon a time."),
        ("> He ran.", "He ran."),
        ("I <3 you & 2 * 3 * 4 = 24, a_b_c, 5 < 6 > 4.", "I <3 you & 2 * 3 * 4 = 24, a_b_c, 5 < 6 > 4."),
    ],
)
def test_markup_is_stripped_and_its_words_stay(marked: str, plain: str) -> None:
    assert strip_markup(marked) == plain
    verdict = markup(marked)
    assert (verdict.text if verdict else marked) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Read https://example.org/a now.",
        "Go to www.example.org now.",
        "Ask me@example.org now.",
        "<|user|> Tell. <|assistant|> Once.",
        "[INST] Tell. [/INST] Once.",
        "### Instruction:\nTell.",
        "Once.<script>run()</script>",
        "```\ncode\n```",
        '{"text": "Once."}',
        "| a | b |\n| - | - |",
    ],
)
def test_what_cannot_be_stripped_is_removed(text: str) -> None:
    verdict = markup(text)
    assert verdict is not None
    assert verdict.removes


def test_markup_may_be_a_reason_to_remove() -> None:
    verdict = make_markup(Markup(strip=False))("A <b>cat</b>.", "<>/<>")
    assert verdict is not None
    assert verdict.removes


def test_whitespace_is_tidied_and_words_and_paragraphs_stay() -> None:
    assert tidy("  A  cat\tran. \n\n\n\n It\u00a0fell.\n") == "A cat ran.\n\nIt fell."
    assert tidy("A cat.\nA dog.\n\nA cow.") == "A cat.\nA dog.\n\nA cow."
