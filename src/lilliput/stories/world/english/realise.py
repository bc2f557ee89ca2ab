"""From events to English sentences: which phrasing, name or pronoun, who was introduced."""

from collections.abc import Callable, Sequence
from typing import Any

from lilliput.stories.world.draw import Draw
from lilliput.stories.world.english import speech, time
from lilliput.stories.world.english.phrases import Phrasing
from lilliput.stories.world.english.refer import FAMILY, What, Who, doing, where
from lilliput.stories.world.english.tables import PHRASES
from lilliput.stories.world.lexicon.activities import Activity
from lilliput.stories.world.lexicon.places import Place
from lilliput.stories.world.state import BREAK, UNTOLD, Character, Event, Thing, World

PRONOUN_PERCENT = 86  # of the sentences about whom the sentence before was about
PRONOUNS_IN_A_ROW = 3
# Events that change how others are told.
MARKS = frozenset([BREAK, UNTOLD, "open.scene", *(kind for kind in PHRASES if kind.startswith("feel."))])
VIEWS: dict[type, Callable[[Any], Any]] = {Activity: doing, Place: where}  # of an event's extra


class Teller:
    """Tells events of one world; remembers who was introduced and whom the last sentence was about."""

    __slots__ = (
        "draw", "feelings", "focus", "hero", "rival", "row", "seen", "slots", "talk",
        "whats", "whos",
    )  # fmt: skip

    def __init__(self, world: World, draw: Draw, talk: bool) -> None:
        self.draw = draw
        self.talk = talk
        self.hero = world.hero
        self.whos: list[Who | None] = [None] * len(world.cast)
        self.whats: list[What | None] = [None] * len(world.things)
        self.slots: dict[str, Any] = time.phrases(draw)
        self.feelings = ["kind" if who.role in FAMILY else "calm" for who in world.cast]
        self.seen: dict[str, int] = {}  # kind of event: the phrasing that told it last
        self.focus: Character | None = None  # whom the last sentence was about
        self.rival = ""  # a pronoun that would be ambiguous now
        self.row = 0  # pronouns in a row

    def tell(self, events: Sequence[Event]) -> str:
        """The sentences of `events`, paragraphs parted by line feeds."""
        paragraphs: list[str] = []
        sentences: list[str] = []
        for event in events:
            kind = event[0]
            if kind in MARKS:
                if kind != BREAK:
                    self._mark(event)
                else:
                    self.focus = None
                    if len(sentences) > 1:  # a single sentence joins the next paragraph
                        paragraphs.append(" ".join(sentences))
                        sentences = []
                    continue
            sentence = self._sentence(event)
            if sentence:
                sentences.append(sentence)
        if sentences:
            paragraphs.append(" ".join(sentences))
        return "\n".join(paragraphs)

    def summarise(self, events: Sequence[Event]) -> str:
        """`events` told by themselves, in indirect speech, as if nobody had been introduced."""
        for who in self.whos:
            if who is not None:
                who.forget()
        self.talk = False
        self.focus = None
        return self.tell(events)

    def _mark(self, event: Event) -> None:
        """What an event changes in how the next ones are told."""
        if event[0] == "open.scene":
            self.slots["Day"] = self.slots["Soon"]  # a day was named: no other "One day"
        else:
            self.feelings[event[1].index] = event[6]

    def _sentence(self, event: Event) -> str:
        """An event in words; empty for one that only speech can tell, where nobody speaks."""
        actor = event[1]
        phrasing, roll = self._choose(event[0])
        if phrasing is None:
            return ""
        texts, names_a, names_b, names_c, ending, calls_b = phrasing
        a, b, c = self._bind(event)
        pronoun = actor is self.focus and self._takes_pronoun(a)
        if pronoun:
            a.ref, a.Ref = a.he, a.He
            self.row += 1
        else:
            self.row = 0
        text = texts[roll % len(texts)] if len(texts) > 1 else texts[0]
        if calls_b and b is not None and not b.known:
            text = speech.TO[ending] % text
            names_b = True
        elif ending:
            text = self._frame(ending, self.feelings[actor.index]) % text
        sentence = text.format_map(self.slots)
        if pronoun or names_a:
            a.introduced()
        self.focus = actor if names_a else None
        self._mention(a, b if names_b else None, c if names_c else None)
        return sentence[0].upper() + sentence[1:]

    def _bind(self, event: Event) -> tuple[Who, Who | None, Who | None]:
        """Fill the slots with an event's participants; returns the characters among them."""
        _, actor, other, third, thing, place, extra = event
        slots = self.slots
        b = c = None
        a = slots["a"] = self.whos[actor.index] or self._who(actor)
        if other is not None:
            b = slots["b"] = self.whos[other.index] or self._who(other)
        if third is not None:
            c = slots["c"] = self.whos[third.index] or self._who(third)
        if thing is not None:
            slots["t"] = self.whats[thing.index] or self._what(thing)
        if place is not None:
            slots["p"] = where(place)
        slots["x"] = VIEWS[extra.__class__](extra) if extra.__class__ in VIEWS else extra
        return a, b, c

    def _mention(self, a: Who, b: Who | None, c: Who | None) -> None:
        """Others were named: the name will do from now on, and their pronoun may be taken."""
        self.rival = ""
        if b is not None:
            b.introduced()
            self.rival = b.he
        if c is not None:
            c.introduced()
            if a.he == c.he:
                self.rival = c.he

    def _choose(self, kind: str) -> tuple[Phrasing | None, int]:
        phrasings = PHRASES[kind]
        options = phrasings.all if self.talk else phrasings.quiet
        if not options:
            return None, 0
        roll = self.draw.below(1 << 30)
        index = roll % len(options)
        if self.seen.get(kind) == index:
            index = (index + 1) % len(options)
        self.seen[kind] = index
        return options[index], roll // len(options)

    def _takes_pronoun(self, a: Who) -> bool:
        """Whether the one the last sentence was about is called by a pronoun now."""
        return a.he != self.rival and self.row < PRONOUNS_IN_A_ROW and self.draw.chance(PRONOUN_PERCENT)

    def _frame(self, mark: str, feeling: str) -> str:
        frames = speech.MANNERED[feeling] if self.draw.chance(30) else speech.PLAIN
        return self.draw.pick(frames[mark])

    def _who(self, character: Character) -> Who:
        who = self.whos[character.index] = Who(character, self.hero)
        return who

    def _what(self, thing: Thing) -> What:
        what = self.whats[thing.index] = What(thing)
        return what
