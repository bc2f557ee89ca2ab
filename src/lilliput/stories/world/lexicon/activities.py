"""What characters love to do. True of an activity may be: out, home, two (better with a friend)."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Activity(NamedTuple):
    """An activity: the phrase of its infinitive, and marks."""

    base: str
    marks: frozenset[str]


ACTIVITIES = tuple(
    Activity(base, frozenset(marks.split()))
    for base, marks in rows(
        """
        run                  | out two
        jump                 | out two
        dance                | out home two
        sing                 | out home two
        sing songs           | home two
        climb trees          | out two
        swim                 | out
        paint                | home two
        draw                 | home two
        draw pictures        | home two
        build towers         | home two
        dig holes            | out two
        read                 | home
        bake                 | home two
        cook                 | home two
        count the stars      | out two
        chase butterflies    | out two
        pick flowers         | out two
        pick berries         | out two
        collect shells       | out two
        collect leaves       | out two
        collect stones       | out two
        look at the clouds   | out two
        listen to the birds  | out two
        listen to stories    | home two
        tell stories         | home two
        tell jokes           | home two
        play games           | home out two
        play music           | home two
        play in the mud      | out two
        play in the sand     | out two
        play outside         | out two
        skip                 | out two
        hop                  | out two
        race                 | out two
        roll down hills      | out two
        splash in puddles    | out two
        explore              | out two
        dress up             | home two
        hide                 | home out two
        whistle              | home out
        feed the birds       | out two
        watch the rain       | home two
        watch the boats      | out two
        sail paper boats     | out two
        make mud pies        | out two
        make hats            | home two
        make things          | home two
        spin around          | out home two
        swing                | out two
        slide                | out two
        fish                 | out two
        walk in the sun      | out two
        ride in the wagon    | out two
        throw stones in the water | out two
        blow bubbles         | out home two
        help in the garden   | out two
        """
    )
)
BY_MARK: dict[str, tuple[Activity, ...]] = {
    mark: tuple(activity for activity in ACTIVITIES if mark in activity.marks)
    for mark in ["out", "home", "two"]
}
