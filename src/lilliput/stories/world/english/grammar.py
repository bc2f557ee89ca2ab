"""Small facts of English grammar: articles, pronouns, capitals."""

from functools import cache

AN_WORDS = frozenset(["honest", "hour"])
A_WORDS = frozenset(["unicorn", "useful", "one", "used"])

# subject, object, possessive, reflexive; subject and possessive with a capital
PRONOUNS = {
    "she": ("she", "her", "her", "herself", "She", "Her"),
    "he": ("he", "him", "his", "himself", "He", "His"),
    "it": ("it", "it", "its", "itself", "It", "Its"),
}


@cache
def with_article(phrase: str) -> str:
    """`phrase` after "a" or "an"."""
    first = phrase.split(" ", 1)[0]
    vowel = (first[0] in "aeiou" and first not in A_WORDS) or first in AN_WORDS
    return ("an " if vowel else "a ") + phrase


def capital(phrase: str) -> str:
    """`phrase` with its first letter in upper case."""
    return phrase[0].upper() + phrase[1:]
