"""The text of a record: instructions, a line each, then `Story:` and the story.

The layout is that of the public TinyStories-Instruct files, down to the space and the two line feeds
behind `Story:`; what the paper calls Sentence is spelled `Random sentence` there, and so it is here.
"""

from collections.abc import Sequence
from typing import Literal

Kind = Literal["words", "features", "summary", "sentence"]
"""What an instruction is about."""

NAMES: dict[Kind, str] = {
    "words": "Words",
    "features": "Features",
    "summary": "Summary",
    "sentence": "Random sentence",
}
LEARN_AFTER = "\nStory:"
"""Where learning begins. An instruction is one line, and the first begins a record: so none holds this."""
_GAP = " \n\n"

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{%- if message['role'] == 'user' %}"
    "{{- bos_token + message['content'] | trim + '\\nStory:' }}"
    "{%- elif message['role'] == 'assistant' %}"
    "{{- ' \\n\\n' + message['content'] | trim + eos_token }}"
    "{%- else %}"
    "{{- raise_exception('this model has read instructions and stories only: leave out messages of the role '"
    " + message['role']) }}"
    "{%- endif %}"
    "{%- endfor %}"
)
"""A Jinja template for tokenizer_config.json: a user's message is the instructions, the assistant's the
story.

Each exchange is a record as in training, with BOS and end. Where the last message is the user's, the
text ends where learning begins, which is why `add_generation_prompt` changes nothing.
"""


def write_record(instructions: Sequence[tuple[Kind, str]], story: str) -> str:
    """The text of a record; whitespace inside an instruction becomes single spaces."""
    lines = [f"{NAMES[kind]}: {' '.join(text.split())}" for kind, text in instructions]
    return "\n".join(lines) + LEARN_AFTER + _GAP + story.strip()
