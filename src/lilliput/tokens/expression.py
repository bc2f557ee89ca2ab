r"""Reading the regular expressions of pre-tokenizers, in the dialect of Hugging Face's engine (Oniguruma).

Sets of characters (`\p{L}`, `[^\s']`) are kept as they are spelled: `character_sets` asks HF what is in
them. What these expressions never use (back references, anchors, lazy and possessive repetition) is refused.
"""

import re
from dataclasses import dataclass

from lilliput.errors import FormatError

_LONGEST = 2000
_DEEPEST = 20
_MOST_TIMES = 100
_ESCAPED_SETS = "sSdDwWhH"
_CONTROL = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", "v": "\v"}
_REPEAT = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_COUNT = re.compile(r"\{(\d{1,4})?(,)?(\d{1,4})?\}")
_FOLDED_TOGETHER = re.compile("ff|fi|fl|st|ss", re.IGNORECASE)  # one character in some scripts and fonts


@dataclass(frozen=True)
class Node:
    """A part of an expression.

    `kind`: "set" and "look" (is the next character in the set, or, negative, not?) have a `name`; "sequence",
    "either" (the first that leads to a match) and "repeat" (`least` to `most` times; None: any) have `parts`.
    """

    kind: str
    name: str = ""
    negative: bool = False
    parts: "tuple[Node, ...]" = ()
    least: int = 0
    most: int | None = None

    def can_be_empty(self) -> bool:
        """Whether it can match without reading a character."""
        if self.kind == "set":
            return False
        if self.kind == "sequence":
            return all(part.can_be_empty() for part in self.parts)
        if self.kind == "repeat":
            return self.least == 0 or self.parts[0].can_be_empty()
        return self.kind == "look" or any(part.can_be_empty() for part in self.parts)


def repeat(part: Node, least: int, most: int | None) -> Node:
    """`part`, `least` to `most` times (None: as often as it comes)."""
    return Node("repeat", parts=(part,), least=least, most=most)


def literal(text: str) -> Node:
    """Exactly `text`."""
    return Node("sequence", parts=tuple(Node("set", re.escape(character)) for character in text))


def parse_expression(text: str) -> Node:
    """The tree of an expression; raises FormatError, quoting it, for what is not supported."""
    try:
        return _Parser(text).parse()
    except FormatError as error:
        raise FormatError(f"the pre-tokenizer's regular expression {text[:200]!r}: {error}") from None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Node:
        if len(self._text) > _LONGEST:
            raise FormatError("it is too long")
        node = self._either(False, 0)
        if self._at < len(self._text):
            raise FormatError(f"an unexpected {self._text[self._at]!r} at {self._at}")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _accept(self, word: str) -> bool:
        found = self._text.startswith(word, self._at)
        self._at += len(word) if found else 0
        return found

    def _either(self, any_case: bool, depth: int) -> Node:
        if depth > _DEEPEST:
            raise FormatError("its groups are too deep")
        parts = [self._sequence(any_case, depth)]
        while self._accept("|"):
            parts.append(self._sequence(any_case, depth))
        return Node("either", parts=tuple(parts))

    def _sequence(self, any_case: bool, depth: int) -> Node:
        parts: list[Node] = []
        start = self._at
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._item(any_case, depth)))
        if any_case and _FOLDED_TOGETHER.search(self._text[start : self._at]):
            raise FormatError("letters that some fonts join, without case, which is not supported")
        return Node("sequence", parts=tuple(parts))

    def _repeated(self, node: Node) -> Node:
        sign = self._peek()
        counts = _COUNT.match(self._text, self._at) if sign == "{" else None
        if sign in _REPEAT and sign:
            least, most = _REPEAT[sign]
            self._at += 1
        elif counts:
            least = int(counts[1] or 0)
            most = int(counts[3]) if counts[3] else None if counts[2] else least
            self._at = counts.end()
        else:
            return node
        if self._peek() in ("?", "+", "*", "{") and self._peek():
            raise FormatError(
                f"a lazy, possessive or doubled repetition at {self._at}, which is not supported"
            )
        if node.kind == "look" or node.can_be_empty():
            raise FormatError("a repetition of what may be empty, which is not supported")
        if least > _MOST_TIMES or (most is not None and not least <= most <= _MOST_TIMES):
            raise FormatError(f"a repetition of {least} to {most} times, which is not supported")
        return repeat(node, least, most)

    def _item(self, any_case: bool, depth: int) -> Node:
        if self._peek() == "(":
            return self._group(any_case, depth)
        if self._peek() == "[":
            return _set(self._bracket(), any_case)
        if self._peek() == "\\":
            return _set(self._escape(), any_case)
        if self._peek() == ".":
            self._at += 1
            return _set(".", False)
        if self._peek() in tuple("^$*+?{"):
            raise FormatError(f"{self._peek()!r} at {self._at}, which is not supported")
        self._at += 1
        return _set(re.escape(self._text[self._at - 1]), any_case)

    def _group(self, any_case: bool, depth: int) -> Node:
        if self._accept("(?!"):
            return self._look(True)
        if self._accept("(?="):
            return self._look(False)
        if self._accept("(?i:"):
            any_case = True
        elif not self._accept("(?:") and (not self._accept("(") or self._peek() == "?"):
            raise FormatError(f"a group at {self._at} of a kind that is not supported")
        node = self._either(any_case, depth + 1)
        if not self._accept(")"):
            raise FormatError("a group is not closed")
        return node

    def _look(self, negative: bool) -> Node:
        node = self._bracket() if self._peek() == "[" else self._escape() if self._peek() == "\\" else ""
        if not node or not self._accept(")"):
            raise FormatError("it looks ahead for more than one set of characters, which is not supported")
        return Node("look", node, negative)

    def _bracket(self) -> str:
        start, depth = self._at, 0
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 2 if character == "\\" else 1
            depth += (character == "[") - (character == "]")
            if depth == 0:
                return self._text[start : self._at]
        raise FormatError("a bracket is not closed")

    def _escape(self) -> str:
        match = re.compile(r"\\[pP]\{\^?\w{1,40}\}|\\.", re.DOTALL).match(self._text, self._at)
        if match is None:
            raise FormatError("it ends in a backslash")
        spelled = match[0]
        self._at = match.end()
        if spelled[1] in _CONTROL and len(spelled) == 2:
            return re.escape(_CONTROL[spelled[1]])
        if (
            len(spelled) == 2
            and spelled[1] not in _ESCAPED_SETS
            and (spelled[1].isalnum() or not spelled[1].isascii())
        ):
            raise FormatError(f"the escape {spelled!r}, which is not supported")
        return spelled


def _set(spelled: str, any_case: bool) -> Node:
    return Node("set", f"(?i:{spelled})" if any_case else spelled)
