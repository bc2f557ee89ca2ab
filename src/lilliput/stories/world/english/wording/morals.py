"""Closing lessons: frames around what was learned, by virtue."""

_FRAMES = """
{A} learned that [LESSONS].
{A} had learned that [LESSONS].
From that day on, {a} knew that [LESSONS].
And so {a} learned that [LESSONS].
After that, {a} always remembered that [LESSONS].
{a.Name} never forgot that [LESSONS].
That day, {a} found out that [LESSONS].
Now {a} knew that [LESSONS].
>Now I know that [LESSONS].
"""
_LESSONS = {
    "sharing": """
sharing is fun
it is good to share
things are more fun when we share
sharing makes everyone happy
what you share comes back to you
""",
    "honesty": """
it is best to tell the truth
telling the truth is brave
it is always better to be honest
a lie only makes things worse
""",
    "helping": """
helping others feels good
a kind act always comes back
it is good to help
friends help each other
even a small act of help can be big
""",
    "courage": """
being brave means trying even when you are scared
some things are not as scary as they look
it is okay to be afraid
a friend can make you brave
""",
    "patience": """
good things take time
it pays to be patient
waiting can be hard but good
big things start small
""",
    "care": """
it is good to be careful
we must take care of our things
a safe place is the best place for special things
it is good to look after what you love
""",
    "listening": """
it is wise to listen
grown-ups often know best
listening can keep you safe
it is good to listen to those who love you
""",
    "promises": """
a promise is a promise
it is important to keep a promise
friends count on us when we promise
a promise should never be forgotten
""",
    "work": """
hard work is worth it
what you work for is sweet
it feels good to earn something
good things take work
""",
    "kindness": """
being kind is worth more than gold
it is better to give than to have
kindness is the best gift
it is nice to be nice
a kind heart makes good friends
""",
    "trying": """
you should never give up
it takes time to learn new things
trying again is the way to learn
everyone falls before they can fly
""",
    "friendship": """
friends can come in all shapes and sizes
a new friend can be anywhere
it only takes one hello to make a friend
a good friend is the best thing of all
""",
    "saying sorry": """
saying sorry can make things right
it is good to say sorry
friends can forgive each other
sorry is a small word that does big things
""",
    "humility": """
it is not nice to show off
being fast is not everything
winning is not everything
slow and steady can win too
""",
    "fairness": """
it is not right to cheat
playing fair is best
winning is no fun if you cheat
""",
    "fairness.game": """
you should not leave a friend waiting
it is not nice to walk away from a game
it is kind to say when you want to stop
""",
    "caring": """
friends take care of each other
a kind visit is good medicine
being there for a friend is the best gift
a true friend comes when you are sick
""",
    "tending": """
a living thing needs care every day
what you love needs your time
a little care each day goes a long way
""",
    "calling for help": """
you should only call for help when you need it
people stop believing one who plays tricks
a joke can go too far
it is not funny to scare others
""",
    "speaking up": """
it is good to say what you feel
you should tell others what you wish for
people cannot read your mind
""",
    "returning": """
it feels good to give things back
it is right to give back what is not yours
someone may be missing what you find
""",
    "caution": """
you should not trust every sweet word
sweet words can hide a trick
it is smart to think first
it is wise to think before you act
""",
    "tidiness": """
a tidy room is a happy room
it is good to put things away
cleaning up is part of the fun
things are easy to find when they are put away
""",
    "teamwork": """
it is better to work together
many hands make light work
two heads are better than one
work is fun with a friend
""",
    "family": """
family is the best thing of all
those who love you do not forget you
the best gift is being together
""",
    "rest": """
a good sleep makes a good day
it is good to rest
the night is nothing to fear
""",
}


def _frames(lessons: str) -> str:
    return _FRAMES.replace("LESSONS", "|".join(lessons.strip().splitlines()))


PHRASES = {"moral." + virtue: _frames(lessons) for virtue, lessons in _LESSONS.items()}
