"""Work that a child can do, and skills that a child can learn."""

from lilliput.stories.world.lexicon.activities import Activity

_CHORES = """wash the dishes,sweep the floor,water the plants,feed the hens,rake the leaves,carry the wood,pick the apples,
wash the car,clean the windows,walk the dog,pull the weeds,dust the shelves,fold the clothes,set the table,pick up the sticks,
brush the pony,collect the eggs,paint the fence,shovel the snow,peel the carrots"""
CHORES = tuple(Activity(base.strip(), frozenset()) for base in _CHORES.split(","))

_SKILLS = """ride a bike,swim,whistle,skate,jump rope,tie a bow,climb a rope,catch a ball,play the drum,play the flute,
dance on one leg,write a letter,do a cartwheel,stand on one hand,swing across the stream,row a boat,bake bread,throw a ball,
spin a top,fly a kite,walk on stilts,draw a horse"""
SKILLS = tuple(Activity(base.strip(), frozenset()) for base in _SKILLS.split(","))
