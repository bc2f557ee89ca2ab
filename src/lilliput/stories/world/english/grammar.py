"""Small facts of English grammar: articles, pronouns, capitals."""

AN_WORDS = frozenset("honest hour".split())
A_WORDS = frozenset("unicorn useful one used".split())

# subject, object, possessive, reflexive
PRONOUNS = {
    "she": ("she", "her", "her", "herself"),
    "he": ("he", "him", "his", "himself"),
    "it": ("it", "it", "its", "itself"),
}


def with_article(phrase: str) -> str:
    """`phrase` after "a" or "an"."""
    first = phrase.split(" ", 1)[0]
    vowel = (first[0] in "aeiou" and first not in A_WORDS) or first in AN_WORDS
    return ("an " if vowel else "a ") + phrase


def capital(phrase: str) -> str:
    """`phrase` with its first letter in upper case."""
    return phrase[:1].upper() + phrase[1:]
