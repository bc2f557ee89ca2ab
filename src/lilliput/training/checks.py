"""What no step should be given."""

from lilliput.errors import DataError
from lilliput.stories.batches import Batch


def check_batch(batch: Batch, vocab_size: int, step: int) -> None:
    """Raise DataError for a batch that has nothing to predict, or ids that the model does not know."""
    if batch.targets < 1 or any(len(row) < 2 for row in batch.rows):
        raise DataError(
            f"the batch of step {step:,} has a row with nothing to predict: the shard holds an empty story; "
            "tokenize the stories again"
        )
    for row in batch.rows:
        low, high = int(row.min()), int(row.max())
        if low < 0 or high >= vocab_size:
            raise DataError(
                f"the batch of step {step:,} holds the id {low if low < 0 else high} and the model knows "
                f"{vocab_size:,}: take the tokenizer that made the shards, or tokenize the stories again"
            )
