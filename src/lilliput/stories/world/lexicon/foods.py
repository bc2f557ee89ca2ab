"""Foods: the phrase for a helping of it, whether it is "it" or "them", and what is true of it.

True of a food may be: sweet, meal, cook (made in a kitchen), fruit, carry (fits in a basket), warm (served to the sick), fair (enough for two).
"""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Food(NamedTuple):
    """A food: bare noun, helping ("a slice of cake"), object pronoun, marks."""

    noun: str
    some: str
    them: str
    marks: frozenset[str]


FOODS = tuple(
    Food(noun, some, them, frozenset(marks.split()))
    for noun, some, them, marks in rows(
        """
        cake       | a piece of cake       | it   | sweet carry cook
        bread      | some bread            | it   | carry cook
        cheese     | a piece of cheese     | it   | carry
        cookies    | some cookies          | them | sweet carry cook
        muffins    | two muffins           | them | sweet carry cook
        pancakes   | some pancakes         | them | sweet cook
        pie        | a slice of pie        | it   | sweet carry cook
        soup       | a bowl of soup        | it   | meal cook warm
        porridge   | a bowl of porridge    | it   | meal cook warm
        tea        | a cup of tea          | it   | warm
        milk       | a cup of milk         | it   | warm
        honey      | a jar of honey        | it   | sweet carry warm
        jam        | a jar of jam          | it   | sweet carry
        apples     | some apples           | them | fruit carry
        pears      | some pears            | them | fruit carry
        berries    | some berries          | them | fruit sweet carry
        cherries   | some cherries         | them | fruit sweet carry
        grapes     | some grapes           | them | fruit sweet carry
        plums      | some plums            | them | fruit carry
        oranges    | two oranges           | them | fruit carry
        bananas    | two bananas           | them | fruit carry
        strawberries | some strawberries   | them | fruit sweet carry
        peaches    | two peaches           | them | fruit sweet carry
        carrots    | some carrots          | them | carry
        nuts       | some nuts             | them | carry
        corn       | some corn             | it   | carry
        eggs       | two eggs              | them | carry
        sandwiches | two sandwiches        | them | meal carry
        pizza      | a slice of pizza      | it   | meal
        popcorn    | some popcorn          | it   | carry
        candy      | some candy            | it   | sweet carry
        chocolate  | some chocolate        | it   | sweet carry
        toast      | some toast            | it   | meal
        pudding    | a bowl of pudding     | it   | sweet cook warm
        """
    )
)
BY_MARK: dict[str, tuple[Food, ...]] = {
    mark: tuple(food for food in FOODS if mark in food.marks)
    for mark in ["sweet", "meal", "cook", "fruit", "carry", "warm"]
}
