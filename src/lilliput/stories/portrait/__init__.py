"""A portrait of a corpus: what its stories are made of, measured in one pass and a bounded memory."""

from lilliput.stories.portrait.basic import BasicWords, read_basic_words
from lilliput.stories.portrait.portrait import Portrait, measure_diversity

__all__ = ["BasicWords", "Portrait", "measure_diversity", "read_basic_words"]
