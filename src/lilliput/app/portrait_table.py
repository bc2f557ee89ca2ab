"""Portraits of corpora as one table for people: a measure a line, a corpus a column."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lilliput.app.output import print_table, say

Facts = Mapping[str, Any]
Shows = Callable[[Facts], str]

_SHOWN = 5  # of each list; --json tells more
_LISTS = {
    "first words": "first_words",
    "openings": "openings",
    "first sentences": "first_sentences",
    "endings": "endings",
    "last sentences": "last_sentences",
    "common 4-grams": "four_grams",
}


def print_portraits(portraits: Sequence[Facts]) -> None:
    """Print portraits side by side on stdout; how they were read goes to stderr."""
    for facts in portraits:
        say(str(facts["read_as"]))
    rows = [[name, *(show(facts) for facts in portraits)] for name, show in _lines(portraits).items()]
    for title, key in _LISTS.items():
        for place in range(min(_SHOWN, max(len(facts[key]) for facts in portraits))):
            rows.append(
                [title if place == 0 else "", *(_show_entry(facts[key], place) for facts in portraits)]
            )
    print_table(["", *(facts["name"] for facts in portraits)], rows)
    for note in _notes(portraits):
        say(note)


def _lines(portraits: Sequence[Facts]) -> dict[str, Shows]:
    first = portraits[0]
    lines: dict[str, Shows] = {
        "stories": _count("stories"),
        "bytes": _count("bytes"),
        "words": _count("words"),
        "words a story": _number("words_per_story", 1),
        "  5%, 25%, 50%, 75%, 95%": lambda facts: ", ".join(
            f"{facts['length_words'][share]:,}" for share in ("5%", "25%", "50%", "75%", "95%")
        ),
        "  shortest, longest": lambda facts: (
            f"{facts['length_words']['0%']:,}, {facts['length_words']['100%']:,}"
        ),
        "words a sentence": _number("words_per_sentence", 1),
        "different words": _count("different_words"),
        "words that are basic": lambda facts: f"{facts['basic_words']['words_covered']:.1%}",
        "basic words used": lambda facts: f"{facts['basic_words']['list_used']:.1%}",
        "compression (zlib)": _number("compression_ratio", 2),
        "copies": _share("copies_share"),
        "copies but for case and signs": _share("near_copies_share"),
        "stories that end a sentence": _share("finished_share"),
        f"self-BLEU of {first['sample_stories']:,} stories": lambda facts: (
            "–" if facts["self_bleu"] is None else f"{facts['self_bleu']:.3f}"
        ),
        f"distinct-1, -2, -3, -4 of {first['sample_words']:,} words": lambda facts: ", ".join(
            f"{facts[f'distinct_{n}']:.3f}" for n in range(1, 5)
        ),
        "school grade (ARI, Coleman–Liau)": _grade,
        "scripts": lambda facts: _shares(facts["scripts"]),
    }
    if any(facts["labels"] for facts in portraits):
        lines["labels"] = lambda facts: _shares(facts["labels"])
    lines["fingerprint"] = lambda facts: str(facts["fingerprint"])
    return lines


def _notes(portraits: Sequence[Facts]) -> list[str]:
    notes = [f"basic words: {portraits[0]['basic_words']['list']}"]
    for facts in portraits:
        if not facts["copies_are_exact"]:
            notes.append(f"{facts['name']}: copies are estimated from a fair sample of its different texts")
        if facts["four_grams_undercount"] > 0:
            most = facts["four_grams_undercount"]
            notes.append(f"{facts['name']}: shares of 4-grams may be too low, by {most:.2g} at most")
    return notes


def _count(key: str) -> Shows:
    return lambda facts: f"{facts[key]:,}"


def _number(key: str, digits: int) -> Shows:
    return lambda facts: f"{facts[key]:,.{digits}f}"


def _share(key: str) -> Shows:
    return lambda facts: f"{facts[key]:.2%}"


def _grade(facts: Facts) -> str:
    grades = facts["readability"]
    return f"{grades['automated_readability']:.1f}, {grades['coleman_liau']:.1f}" if grades else "–"


def _shares(shares: Mapping[str, float]) -> str:
    most = list(shares.items())[:_SHOWN]
    return ", ".join(f"{name} {_percent(share)}" for name, share in most) or "–"


def _show_entry(entries: Sequence[Facts], place: int) -> str:
    if place >= len(entries):
        return ""
    raw = str(entries[place]["text"])
    text = "".join(letter if letter.isprintable() else "·" for letter in raw)  # a corpus may hold anything
    return f"{_percent(entries[place]['share'])} {text if len(text) <= 70 else text[:69] + '…'}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 1 else f"{share:.1%}" if share >= 0.001 else f"{share:.3%}"
