"""The forms of English verbs: a table of the irregular ones, rules for the others."""

from functools import cache

from lilliput.stories.world.lexicon.table import rows

IRREGULAR = {
    base: (past, participle)
    for base, past, participle in rows(
        """
        be     | was      | been
        become | became   | become
        begin  | began    | begun
        bite   | bit      | bitten
        blow   | blew     | blown
        break  | broke    | broken
        bring  | brought  | brought
        build  | built    | built
        buy    | bought   | bought
        catch  | caught   | caught
        choose | chose    | chosen
        come   | came     | come
        cut    | cut      | cut
        dig    | dug      | dug
        do     | did      | done
        draw   | drew     | drawn
        drink  | drank    | drunk
        eat    | ate      | eaten
        fall   | fell     | fallen
        feed   | fed      | fed
        feel   | felt     | felt
        find   | found    | found
        fly    | flew     | flown
        forget | forgot   | forgotten
        forgive | forgave | forgiven
        get    | got      | gotten
        give   | gave     | given
        go     | went     | gone
        grow   | grew     | grown
        hear   | heard    | heard
        hide   | hid      | hidden
        hold   | held     | held
        keep   | kept     | kept
        know   | knew     | known
        leave  | left     | left
        let    | let      | let
        lose   | lost     | lost
        make   | made     | made
        meet   | met      | met
        put    | put      | put
        read   | read     | read
        ride   | rode     | ridden
        ring   | rang     | rung
        run    | ran      | run
        say    | said     | said
        see    | saw      | seen
        sell   | sold     | sold
        shake  | shook    | shaken
        shine  | shone    | shone
        sing   | sang     | sung
        sit    | sat      | sat
        sleep  | slept    | slept
        slide  | slid     | slid
        spin   | spun     | spun
        stand  | stood    | stood
        sweep  | swept    | swept
        swim   | swam     | swum
        swing  | swung    | swung
        take   | took     | taken
        tear   | tore     | torn
        tell   | told     | told
        think  | thought  | thought
        throw  | threw    | thrown
        wake   | woke     | woken
        wear   | wore     | worn
        win    | won      | won
        write  | wrote    | written
        """
    )
}
DOUBLED = frozenset(
    [
        "begin",
        "cut",
        "dig",
        "drop",
        "forget",
        "get",
        "grab",
        "hop",
        "hug",
        "let",
        "nod",
        "plan",
        "pat",
        "put",
        "run",
        "shop",
        "sit",
        "skip",
        "slip",
        "spin",
        "stop",
        "swim",
        "tap",
        "trip",
        "win",
    ]
)


def _stem(base: str) -> str:
    return base + base[-1] if base in DOUBLED else base


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeou":
        return base[:-1] + "ied"
    return _stem(base) + "ed"


@cache
def past(base: str) -> str:
    """The past tense of a verb."""
    return IRREGULAR[base][0] if base in IRREGULAR else _regular_past(base)


@cache
def participle(base: str) -> str:
    """The past participle of a verb."""
    return IRREGULAR[base][1] if base in IRREGULAR else _regular_past(base)


@cache
def ing(base: str) -> str:
    """The present participle of a verb."""
    if base.endswith("e") and not base.endswith("ee") and base != "be":
        return base[:-1] + "ing"
    return _stem(base) + "ing"


@cache
def third(base: str) -> str:
    """The third person singular of the present."""
    if base.endswith(("s", "x", "ch", "sh", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeou":
        return base[:-1] + "ies"
    return base + "s"


@cache
def forms(base: str) -> tuple[str, ...]:
    """Every form of a verb, the base first."""
    return (base, past(base), participle(base), ing(base), third(base))
