"""What characters are like; a trait decides what its bearer does when it matters.

`bent` is what a trait bends its bearer to: "good" characters share, help, own up and keep promises;
"hard" ones are likely not to; "bold" and "shy" ones meet fears and strangers in their own way.
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Trait(NamedTuple):
    """A trait and the way it bends its bearer."""

    word: str
    bent: str


TRAITS = tuple(
    Trait(*row)
    for row in rows(
        """
        kind     | good
        gentle   | good
        helpful  | good
        friendly | good
        honest   | good
        caring   | good
        polite   | good
        sweet    | good
        patient  | good
        loving   | good
        selfish  | hard
        proud    | hard
        stubborn | hard
        lazy     | hard
        naughty  | hard
        bossy    | hard
        grumpy   | hard
        greedy   | hard
        careless | hard
        brave    | bold
        curious  | bold
        cheerful | bold
        playful  | bold
        clever   | bold
        smart    | bold
        lively   | bold
        happy    | bold
        busy     | bold
        merry    | bold
        shy      | shy
        quiet    | shy
        careful  | shy
        timid    | shy
        dreamy   | shy
        silly    | bold
        little   | any
        young    | any
        small    | any
        tiny     | any
        """
    )
)
BY_BENT: dict[str, tuple[Trait, ...]] = {
    bent: tuple(trait for trait in TRAITS if trait.bent == bent)
    for bent in ("good", "hard", "bold", "shy", "any")
}
