"""Nine kinds of faults, planted into stories in known places: what `lilliput data clean` has to find.

`plant` is a pure function of its seed. Each story gets a label `id`.
"""

import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from lilliput.stories.story import Story

KINDS = ("exact", "near", "mojibake", "fragment", "leak", "script", "empty", "long", "markup")
GONE, RESTORED, ONE_OF_TWO = "gone", "restored", "one of two"
_LONG_WORDS = 2000  # the cleaner's own limit
_RUN_WORDS = 30  # likewise, of a leak
_PARAGRAPH_WORDS = 15


@dataclass(frozen=True)
class Fault:
    """One planted fault: the story's id, and what must become of it."""

    kind: str
    how: str
    id: int
    must: str
    text: str = ""  # if restored: what must be read again
    twin: int = -1  # if one of two: the story it was copied from


@dataclass
class Planted:
    """Stories with faults among them, the faults, and the ids of the stories that nobody touched."""

    stories: list[Story] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    clean: list[int] = field(default_factory=list)


def plant(
    texts: Sequence[str],
    validation: Sequence[str],
    foreign: Sequence[str],
    share: float,
    seed: int,
    spare: Collection[int] = (),
) -> Planted:
    """Plant `share` × stories faults, as many of each kind, into a copy of `texts`.

    `validation` are the stories that leak, `foreign` are texts of another script. Copies and leaks are
    added at random places; the others take the place of a story. `spare` are places of stories that have a
    fault of their own.
    """
    chance = random.Random(seed)
    each = round(share * len(texts) / len(KINDS))
    order = [at for at in range(len(texts)) if at not in spare]
    chance.shuffle(order)
    planted, added = Planted(), dict[int, str]()
    taken = dict[int, str]()
    for kind in KINDS:
        for _ in range(each):
            at = order.pop()
            while kind == "mojibake" and not set("\"'") & set(texts[at]):
                at = order.pop()
            new = len(texts) + len(added)
            if kind in ("exact", "near"):
                how, added[new] = ("copy", texts[at]) if kind == "exact" else _draw(NEAR, chance, texts[at])
                taken[at] = texts[at]
                planted.faults.append(Fault(kind, how, new, ONE_OF_TWO, twin=at))
            elif kind == "leak":
                how, added[new] = _draw(LEAK, chance, texts[at], chance.choice(validation))
                planted.faults.append(Fault(kind, how, new, GONE))
            else:
                how, taken[at], meant = _damage(kind, chance, texts[at], texts, foreign)
                planted.faults.append(Fault(kind, how, at, RESTORED if meant else GONE, meant))
    stories = [Story(taken.get(at, text), {"id": at}) for at, text in enumerate(texts)]
    for new, text in added.items():
        stories.insert(chance.randrange(len(stories) + 1), Story(text, {"id": new}))
    planted.stories = stories
    planted.clean = [at for at in range(len(texts)) if at not in taken and at not in spare]
    return planted


def _damage(
    kind: str, chance: random.Random, text: str, texts: Sequence[str], foreign: Sequence[str]
) -> tuple[str, str, str]:
    """The way, the damaged text, and the text that must be restored (empty: the story must go)."""
    if kind == "mojibake":
        curled = curl(text)
        how, broken = _draw(MOJIBAKE, chance, curled)
        return how, broken, curled
    if kind == "markup":
        how, marked = _draw(MARKUP, chance, text)
        return how, marked, text if how in STRIPPED else ""
    if kind == "long":
        glued = text
        while len(glued.split()) <= _LONG_WORDS * chance.uniform(1.01, 4):
            glued += chance.choice(["\n", "\n\n", " "]) + chance.choice(texts)
        return "stories without separators", glued, ""
    if kind == "script":
        other = chance.choice(foreign)
        how = chance.choice(["whole", "second half"])
        return how, other if how == "whole" else text[: len(text) // 2] + " " + other, ""
    if kind == "empty":
        return (
            "empty",
            chance.choice(["", " ", "\n \n", "\t", "...", "\u200b", "?!", "\u00a0", "—", '""']),
            "",
        )
    how, cut = _draw(FRAGMENT, chance, text)
    return how, cut, ""


def _draw(ways: dict[str, Callable[..., str]], chance: random.Random, *given: str) -> tuple[str, str]:
    how = chance.choice(sorted(ways))
    return how, ways[how](chance, *given)


def curl(text: str) -> str:
    """`text` with typographic quotation marks and apostrophes."""
    text = re.sub(r'(^|[\s(\u2014-])"', "\\1\u201c", text).replace('"', "\u201d")
    return text.replace("'", "\u2019")


def _swap_words(chance: random.Random, text: str) -> str:
    words = text.split(" ")
    for _ in range(max(1, len(words) // 60)):
        words[chance.randrange(len(words))] = chance.choice(["small", "big", "then", "very", "green", "nice"])
    return " ".join(words)


def _drop_sentence(chance: random.Random, text: str) -> str:
    sentences = re.split(r"(?<=[.!?])[ \n]+", text)
    del sentences[chance.randrange(len(sentences) - 1)]
    return " ".join(sentences)


def _retype(chance: random.Random, text: str) -> str:
    text = text.replace("!", ".").replace("\n", chance.choice([" ", "\n\n"])).replace(",", "")
    return curl(text) if chance.random() < 0.5 else text.upper()


def _rename(chance: random.Random, text: str) -> str:
    names = re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text)
    if not names:
        return _swap_words(chance, text)
    hero = max(sorted(set(names)), key=names.count)
    return re.sub(rf"\b{hero}\b", chance.choice(["Zoe", "Otto", "Umeko"]), text)


EMPTY = ("", " ", "\n \n", "\t", "...", "\u200b", "?!", "\u00a0", "\u2014", '""')
NEAR: dict[str, Callable[..., str]] = {
    "one word in sixty": _swap_words,
    "a sentence less": _drop_sentence,
    "another name": _rename,
    "typed otherwise": _retype,
    "all of it": lambda chance, text: _retype(chance, _swap_words(chance, _drop_sentence(chance, text))),
}


def _mistake(text: str, codec: str) -> str:
    """UTF-8 read as another encoding; what Windows-1252 does not know is read as Latin-1 has it."""
    out = []
    for byte in text.encode():
        try:
            out.append(bytes([byte]).decode(codec))
        except UnicodeDecodeError:
            out.append(chr(byte))
    return "".join(out)


MOJIBAKE: dict[str, Callable[..., str]] = {
    "as Windows-1252": lambda _, text: _mistake(text, "cp1252"),
    "as Windows-1252, a character lost": lambda _, text: _mistake(text, "cp1252").replace("\x9d", ""),
    "as Latin-1": lambda _, text: _mistake(text, "latin-1"),
    "as Mac Roman": lambda _, text: _mistake(text, "mac_roman"),
    "as Windows-1252, twice": lambda _, text: _mistake(_mistake(text, "cp1252"), "cp1252"),
}


def _cut_end(chance: random.Random, text: str) -> str:
    places = [match.start() for match in re.finditer(r"(?<=[a-z]) (?=[A-Za-z])", text)]
    return text[: chance.choice(places[len(places) // 3 :])]


def _cut_inside_word(chance: random.Random, text: str) -> str:
    places = [match.start() for match in re.finditer(r"(?<=[a-z])(?=[a-z])", text)]
    return text[: chance.choice(places[len(places) // 3 :])]


def _cut_beginning(chance: random.Random, text: str) -> str:
    places = [match.end() for match in re.finditer(r"(?<=[a-z,]) (?=[a-z])", text)]
    return text[chance.choice(places[: 2 * len(places) // 3]) :]


FRAGMENT: dict[str, Callable[..., str]] = {
    "no end": _cut_end,
    "no end, inside a word": _cut_inside_word,
    "no beginning": _cut_beginning,
}


def _embed_paragraph(chance: random.Random, text: str, leaked: str) -> str:
    paragraphs = [part for part in leaked.split("\n") if len(part.split()) > _PARAGRAPH_WORDS + 3]
    own = text.split("\n")
    own.insert(chance.randrange(len(own) + 1), chance.choice(paragraphs or [leaked]))
    return "\n".join(own)


def _embed_run(chance: random.Random, text: str, leaked: str) -> str:
    words = leaked.split()
    length = min(len(words), _RUN_WORDS + 5)
    first = chance.randrange(len(words) - length + 1)
    own = text.split(" ")
    place = chance.randrange(len(own))
    return " ".join([*own[:place], *words[first : first + length], *own[place:]])


LEAK: dict[str, Callable[..., str]] = {
    "whole": lambda _chance, _text, leaked: leaked,
    "whole, typed otherwise": lambda chance, _text, leaked: _retype(chance, leaked),
    "a sentence less": lambda chance, _text, leaked: _drop_sentence(chance, leaked),
    "a paragraph": _embed_paragraph,
    "a run of words": _embed_run,
}


def _wrap_words(chance: random.Random, text: str, before: str, behind: str) -> str:
    places = [match.span() for match in re.finditer(r"\b[A-Za-z]+\b", text)]
    first, end = chance.choice(places)
    return text[:first] + before + text[first:end] + behind + text[end:]


STRIPPED = ("HTML", "entities", "Markdown", "forum tags")  # whose words stay
MARKUP: dict[str, Callable[..., str]] = {
    "HTML": lambda chance, text: (
        "<div class='story'><p>"
        + _wrap_words(chance, text, "<b>", "</b>").replace("\n", "</p>\n<p>")
        + "</p></div>"
    ),
    "entities": lambda _, text: text.replace('"', "&quot;").replace("'", "&#39;").replace(". ", ".&nbsp;"),
    "Markdown": lambda chance, text: _wrap_words(
        chance, _wrap_words(chance, text, "**", "**"), "[", "](story.md)"
    ),
    "forum tags": lambda _, text: "[b]" + text + "[/b]",
    "a script": lambda _, text: text + "<script>var a = {b: 1};</script>",
    "an address": lambda _, text: text + " Read more at https://example.org/stories?id=12.",
    "chat marks": lambda _, text: "<|user|> Tell a story. <|assistant|> " + text,
    "an instruction": lambda _, text: "### Instruction:\nTell a story.\n\n### Response:\n" + text,
    "a code block": lambda _, text: "```json\n" + text + "\n```",
}
