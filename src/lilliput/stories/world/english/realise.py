"""From events to English sentences: which phrasing, name or pronoun, who was introduced."""

from collections.abc import Sequence
from typing import Any

from lilliput.stories.world.draw import Draw
from lilliput.stories.world.english import speech, time
from lilliput.stories.world.english.phrases import Phrasing
from lilliput.stories.world.english.refer import What, Who, doing, where
from lilliput.stories.world.english.tables import PHRASES
from lilliput.stories.world.lexicon.activities import Activity
from lilliput.stories.world.lexicon.places import Place
from lilliput.stories.world.state import BREAK, UNTOLD, Character, Event, Thing, World

PRONOUN_PERCENT = 86  # of the sentences about whom the sentence before was about
PRONOUNS_IN_A_ROW = 3


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
        self.feelings = ["calm"] * len(world.cast)
        self.seen: dict[str, int] = {}  # kind of event: the phrasing that told it last
        self.focus: Character | None = None  # whom the last sentence was about
        self.rival = ""  # a pronoun that would be ambiguous now
        self.row = 0  # pronouns in a row

    def tell(self, events: Sequence[Event]) -> str:
        """The sentences of `events`, paragraphs parted by line feeds."""
        paragraphs: list[str] = []
        sentences: list[str] = []
        for event in events:
            if event[0] == BREAK:
                self.focus = None
                if len(sentences) > 1:  # a single sentence joins the next paragraph
                    paragraphs.append(" ".join(sentences))
                    sentences = []
                continue
            sentence = self.sentence(event)
            if sentence:
                sentences.append(sentence)
        if sentences:
            paragraphs.append(" ".join(sentences))
        return "\n".join(paragraphs)

    def sentence(self, event: Event) -> str:
        """An event in words; empty for one that only speech can tell, where nobody speaks."""
        kind, actor, other, third, thing, place, extra = event
        if kind.startswith("feel.") or kind == UNTOLD:
            self.feelings[actor.index] = extra
            if kind == UNTOLD:
                return ""
        elif kind == "open.scene":
            self.slots["Day"] = self.slots["Soon"]  # a day was named: no other "One day"
        phrasing, roll = self._choose(kind)
        if phrasing is None:
            return ""
        slots = self.slots
        a = slots["a"] = self._who(actor)
        b = slots["b"] = self._who(other) if other else None
        c = slots["c"] = self._who(third) if third else None
        slots["t"] = self._what(thing) if thing else None
        slots["p"] = where(place) if place else None
        slots["x"] = doing(extra) if extra.__class__ is Activity else extra
        pronoun = self._takes_pronoun(actor, a)
        if pronoun:
            a.ref, a.Ref = a.he, a.He
        texts = phrasing.texts
        text = texts[roll % len(texts)]
        if phrasing.ending:
            text = self._frame(phrasing.ending, self.feelings[actor.index]) % text
        sentence = text.format_map(slots)
        self.row = self.row + 1 if pronoun else 0
        if pronoun or phrasing.names_a:
            a.introduced()
        if b and phrasing.names_b:
            b.introduced()
        if c and phrasing.names_c:
            c.introduced()
        self.focus = actor if phrasing.names_a else None
        self.rival = b.he if b and phrasing.names_b else ""
        return sentence[0].upper() + sentence[1:]

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

    def _takes_pronoun(self, actor: Character, a: Who) -> bool:
        return (
            actor is self.focus
            and a.he != self.rival
            and self.row < PRONOUNS_IN_A_ROW
            and self.draw.chance(PRONOUN_PERCENT)
        )

    def _frame(self, mark: str, feeling: str) -> str:
        frames = speech.MANNERED[feeling] if self.draw.chance(30) else speech.PLAIN
        return self.draw.pick(frames[mark])

    def _who(self, character: Character) -> Who:
        who = self.whos[character.index]
        if who is None:
            who = self.whos[character.index] = Who(character, self.hero)
        return who

    def _what(self, thing: Thing) -> What:
        what = self.whats[thing.index]
        if what is None:
            what = self.whats[thing.index] = What(thing)
        return what


