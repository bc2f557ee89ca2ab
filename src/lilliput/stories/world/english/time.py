"""Time phrases, drawn once a story."""

from typing import Any

from lilliput.stories.world.draw import Draw

DAYS = (
    "One day", "One day", "One day", "One morning", "One afternoon", "One fine day", "One warm day",
    "One quiet morning", "Early one morning", "One bright morning", "One lazy afternoon",
    "One Sunday afternoon", "One spring day", "One summer day", "After breakfast", "After lunch",
    "On Monday", "On Tuesday", "On Wednesday", "On Thursday", "On Friday", "On Saturday", "On Sunday",
)  # fmt: skip
NEXT = ("The next day", "The next morning", "The day after", "The very next day", "The morning after")
LATER = (
    "A few days later",
    "Some days later",
    "The next week",
    "Two days later",
    "One week later",
    "Not long after that",
)
SOON = ("Soon", "After a while", "Before long", "A little later", "After some time", "Then")
SUDDEN = ("Suddenly", "Just then", "All of a sudden", "At that moment", "Right then")
LAST = ("At last", "In the end", "Finally", "After a long time")


def phrases(draw: Draw) -> dict[str, Any]:
    """The slots of time for one story."""
    pick = draw.pick
    return {
        "Day": pick(DAYS),
        "Next": pick(NEXT),
        "Later": pick(LATER),
        "Soon": pick(SOON),
        "Sudden": pick(SUDDEN),
        "Last": pick(LAST),
    }
