"""Stories that follow instructions: records as in TinyStories-Instruct, and the template to chat by."""

from lilliput.stories.instruct.build import Built, Meeting, build_records
from lilliput.stories.instruct.record import CHAT_TEMPLATE, LEARN_AFTER, Kind, write_record

__all__ = [
    "CHAT_TEMPLATE",
    "LEARN_AFTER",
    "Built",
    "Kind",
    "Meeting",
    "build_records",
    "write_record",
]
