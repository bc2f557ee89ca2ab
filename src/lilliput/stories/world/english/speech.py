"""Frames for what characters say, by the mark that ends it and by what they feel."""

PLAIN = {
    ".": (
        '{a.Ref} said, "%s."',
        '{a.Ref} said, "%s."',
        '"%s," said {a.nom}.',
        '"%s," {a.ref} said.',
        '"%s," said {a.nom}.',
    ),
    "?": (
        '{a.Ref} asked, "%s?"',
        '"%s?" asked {a.nom}.',
        '"%s?" {a.ref} asked.',
        '{a.Ref} said, "%s?"',
    ),
    "!": (
        '{a.Ref} said, "%s!"',
        '"%s!" said {a.nom}.',
        '"%s!" {a.ref} said.',
        '{a.Ref} called, "%s!"',
        '"%s!" called {a.nom}.',
    ),
}
# Adverbs that go after "said {name}"; one who feels nothing in particular has none.
MANNERS = {
    "happy": ("happily", "with a smile", "with a big smile", "and laughed", "and clapped"),
    "glad": ("with a smile", "softly", "happily"),
    "sad": ("sadly", "in a small voice", "with a sigh", "and began to cry"),
    "scared": ("in a shaky voice", "in a tiny voice", "and shivered"),
    "angry": ("angrily", "in a loud voice", "with a frown", "and stamped {a.his} foot"),
    "proud": ("proudly", "with a grin", "and stood up tall"),
    "sorry": ("softly", "in a low voice", "and looked down"),
    "worried": ("in a worried voice", "quietly", "with a frown"),
    "excited": ("with bright eyes", "and jumped up and down", "happily"),
    "tired": ("in a sleepy voice", "and yawned"),
    "lonely": ("softly", "in a quiet voice", "with a sigh"),
    "bored": ("with a sigh", "and yawned"),
    "jealous": ("with a frown", "crossly"),
    "surprised": ("with wide eyes", "and stared"),
    "shy": ("shyly", "in a quiet voice", "in a tiny voice"),
    "kind": ("kindly", "gently", "softly", "quietly"),
}
WITH_MANNER = {
    ".": ('"%s," said {a.nom} MANNER.', '"%s," {a.ref} said MANNER.'),
    "?": ('"%s?" asked {a.nom} MANNER.', '"%s?" {a.ref} asked MANNER.'),
    "!": ('"%s!" said {a.nom} MANNER.', '"%s!" {a.ref} said MANNER.'),
}
# For the first words to somebody who was not introduced.
TO = {
    ".": '{a.Ref} said to {b.ref}, "%s."',
    "?": '{a.Ref} asked {b.ref}, "%s?"',
    "!": '{a.Ref} called to {b.ref}, "%s!"',
}
MANNERED = {
    feeling: {
        mark: tuple(frame.replace("MANNER", manner) for frame in frames for manner in manners)
        for mark, frames in WITH_MANNER.items()
    }
    for feeling, manners in MANNERS.items()
}
MANNERED["calm"] = PLAIN
