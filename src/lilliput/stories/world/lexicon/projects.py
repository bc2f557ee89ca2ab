"""Things that friends make together, and seeds that one grows."""

from typing import NamedTuple

from lilliput.stories.world.lexicon.table import rows


class Project(NamedTuple):
    """What is made; where; two things it needs; two steps (past tense); the mishap; its use at the end (infinitive)."""

    noun: str
    at: str
    need: str
    other: str
    first: str
    second: str
    mishap: str
    use: str
    verb: str


PROJECTS = tuple(
    Project(*row)
    for row in rows(
        """
        cake        | in the kitchen   | some flour      | three eggs        | mixed the flour and the sugar     | put the cake in the oven           | the bowl tipped over               | eat it with tea           | bake
        pie         | in the kitchen   | some apples     | a big bowl        | cut the apples into small pieces  | rolled the dough flat              | the flour flew everywhere          | eat it while it was warm  | bake
        pizza       | in the kitchen   | some cheese     | a red tomato      | made the dough soft and round     | put the cheese on top              | the dough stuck to the table       | eat it all up             | make
        pot of soup | in the kitchen   | two carrots     | a big pot         | washed the carrots                | stirred the pot with a long spoon  | the pot almost boiled over         | have a warm bowl of it    | cook
        jug of lemonade | in the yard      | six lemons      | some sugar        | squeezed the lemons               | stirred in the sugar               | the jug tipped over                | drink it with ice         | make
        sand castle | on the beach     | a shovel        | a bucket          | dug a deep hole in the sand       | put a flag on the highest tower    | a wave washed one wall away        | sit beside it like kings  | build
        snowman     | in the yard      | a carrot        | an old hat        | rolled three big balls of snow    | gave it a nose and two eyes        | the head fell off                  | dance around it           | build
        tree house  | in the old oak   | some boards     | a long rope       | carried the boards up             | tied the boards with the rope      | a board fell down                  | look out over the hills   | build
        fort        | in the bedroom   | some blankets   | four chairs       | put the chairs in a circle        | hung the blankets on top           | the roof fell down                 | tell stories inside it    | build
        raft        | by the river     | some logs       | a strong rope     | pushed the logs into the water    | tied them with the rope            | a knot came loose                  | float down the river      | build
        kite        | in the barn      | some paper      | a ball of string  | cut the paper into a big shape    | tied the string to it              | the paper tore a little            | fly it high in the sky    | make
        bird house  | in the shed      | some wood       | a little hammer   | cut the wood                      | painted it yellow                  | one wall was too short             | watch the birds move in   | build
        puppet show | in the attic     | some old socks  | two buttons       | sewed eyes on the socks           | made a stage out of a box          | the stage fell over                | show it to everyone       | make
        garden      | behind the house | some seeds      | a little shovel   | dug up the soft ground            | put the seeds in rows              | a hen ran over the rows            | pick the first flowers    | plant
        band        | in the barn      | an old drum     | two spoons        | found a song that everyone knew   | played it again and again          | the drum made a hole in the music  | play for the whole town   | start
        scarf       | by the fire      | some red wool   | two needles       | made a long row of loops          | worked row by row                  | the wool rolled under the sofa     | wear it on cold days      | make
        card        | at the table     | some paper      | a box of crayons  | folded the paper                  | drew a big red heart on it         | a cup of water spilled             | give it to the teacher    | draw
        rocket      | in the yard      | a big box       | some silver paint | painted the box                   | cut a round window                 | the door fell off                  | fly to the moon and back  | build
        quilt       | by the window    | some old shirts | a needle          | cut the shirts into squares       | sewed the squares side by side     | two squares did not fit            | sleep under it            | sew
        boat        | by the pond      | a piece of bark | a big leaf        | made the bark smooth              | put the leaf up for a sail         | the sail blew away                 | sail it across the pond   | build
        pot of jam  | in the kitchen   | some berries    | some clean jars   | washed the berries                | cooked the berries with sugar      | a jar rolled off the table         | eat it on warm bread      | cook
        swing       | under the tree   | an old tire     | a strong rope     | tied the rope to a branch         | hung the tire on the rope          | the knot slipped                   | swing up to the sky       | make
        """
    )
)


class Seed(NamedTuple):
    """A plant: of what the seed (also with its article), what it becomes, what becomes of it at the end, who would nibble at it."""

    of: str
    a: str
    grown: str
    harvest: str
    pest: str


SEEDS = tuple(
    Seed(of, f"an {of}" if of == "apple" else f"a {of}", *row)
    for of, *row in rows(
        """
        sunflower  | a sunflower as tall as a door   | gave its seeds to the birds             | snail
        pumpkin    | a pumpkin as big as a chair     | made a big pot of soup                  | mouse
        carrot     | a long orange carrot            | ate it with a loud crunch               | rabbit
        tomato     | a bush full of red tomatoes     | ate them warm from the sun              | bird
        rose       | a red rose that smelled sweet   | gave it to the kindest person in town   | ant
        bean       | a bean plant higher than a roof | picked a whole basket of beans          | snail
        melon      | a round green melon             | cut it into slices for everyone         | crow
        strawberry | a patch of red strawberries     | ate them with cream                     | bird
        apple      | a little apple tree             | sat under it and made a wish            | deer
        tulip      | a bright yellow tulip           | put it in a vase on the table           | mole
        corn       | a row of tall corn              | cooked it for dinner                    | crow
        cabbage    | a fat green cabbage             | shared it with the whole family         | bunny
        daisy      | a sea of white daisies          | made a crown of flowers                 | sheep
        pea        | a vine full of sweet peas       | ate them one by one                     | mouse
        lettuce    | a bed of crisp lettuce          | made a big salad                        | rabbit
        cherry     | a tree with pink flowers        | hung a swing on it                      | robin
        """
    )
)
