"""What writing costs: reserved before a request is sent, counted when its answer is there.

Where an answer is lost (a time-out, a broken connection, a killed writer) nobody can say whether it was
charged. Its whole reservation then counts as spent, so that the cap holds in the worst case too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Tokens = tuple[int, int]
"""Of prompts and of answers."""

_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens."""

    prompt: float
    answer: float

    def cost(self, tokens: Tokens) -> float:
        """US dollars."""
        return (tokens[0] * self.prompt + tokens[1] * self.answer) / _MILLION


@dataclass
class Ledger:
    """Tokens charged, perhaps charged, and reserved for the requests under way."""

    prices: Prices | None
    max_cost: float | None
    charged: Tokens = (0, 0)
    perhaps: Tokens = (0, 0)
    largest: Tokens = (0, 0)
    """Of one request so far: an endpoint that passed its reservation once may do so again."""
    reserved: dict[str, Tokens] = field(default_factory=dict)

    def reserve(self, name: str, tokens: Tokens) -> bool:
        """Set `tokens` aside for the request `name`; False if the cap could then be passed."""
        tokens = (max(tokens[0], self.largest[0]), max(tokens[1], self.largest[1]))
        if self.prices is not None and self.max_cost is not None:
            total = add([self.charged, self.perhaps, *self.reserved.values(), tokens])
            if self.prices.cost(total) > self.max_cost:
                return False
        self.reserved[name] = tokens
        return True

    def settle(self, name: str, usage: Tokens | None, free: bool) -> None:
        """Count what the request `name` took: `usage`, nothing if `free`, its reservation if unknown."""
        tokens = self.reserved.pop(name)
        if usage is not None:
            self.charged = add([self.charged, usage])
            self.largest = (max(usage[0], self.largest[0]), max(usage[1], self.largest[1]))
        elif not free:
            self.perhaps = add([self.perhaps, tokens])

    @property
    def known_cost(self) -> float | None:
        """US dollars surely charged; None where prices are unknown."""
        return None if self.prices is None else self.prices.cost(self.charged)

    def lose_all(self) -> None:
        """Requests that were under way will never be heard of."""
        self.perhaps = add([self.perhaps, *self.reserved.values()])
        self.reserved.clear()


def add(parts: Iterable[Tokens]) -> Tokens:
    """The sum of prompts and of answers."""
    prompts, answers = 0, 0
    for prompt, answer in parts:
        prompts, answers = prompts + prompt, answers + answer
    return prompts, answers


def bound_prompt(texts: Iterable[str], overhead: int) -> int:
    """More tokens than a prompt can have: no tokenizer makes more of them than a text has UTF-8 bytes."""
    return sum(len(text.encode("utf-8")) for text in texts) + overhead


def guess_prompt(texts: Iterable[str]) -> int:
    """About as many tokens as a prompt has: 4 bytes each of Latin letters, and half a letter otherwise."""
    total = 0.0
    for text in texts:
        ascii_letters = sum(letter.isascii() for letter in text)
        total += ascii_letters / 4 + (len(text) - ascii_letters) / 2
    return round(total)
