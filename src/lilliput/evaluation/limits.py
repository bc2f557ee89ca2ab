"""The most tokens a second that a machine can write, by what it reads and what it computes.

A token needs every weight once, from wherever the weights lie, and a multiply-add with each: it takes at
least as long as the slower of the two (the roofline: Williams, Waterman and Patterson, 2009). Keys and
values, norms, softmax and the choice of a token come on top and are not counted, so no engine can reach the
limit quite.
"""

from dataclasses import dataclass
from typing import Literal

from lilliput.formats.image_table import ImageTable, Tensor

Bound = Literal["reading", "arithmetic"]


@dataclass(frozen=True)
class TokenWork:
    """What one token must read, and compute with it; a multiply-add is two operations."""

    bytes: int
    float_operations: int
    integer_operations: int

    @property
    def operations(self) -> int:
        """Of both kinds."""
        return self.float_operations + self.integer_operations


@dataclass(frozen=True)
class Ceilings:
    """What a machine does in a second at best."""

    bytes_per_second: float
    """Read from where the weights lie."""
    float_operations_per_second: float
    integer_operations_per_second: float


@dataclass(frozen=True)
class Limit:
    """The most tokens a second, and which ceiling sets it."""

    tokens_per_second: float
    bound_by: Bound


def count_token_work(table: ImageTable) -> TokenWork:
    """What the engine reads of an image for each token.

    Of the embedding one row, unless it is the output matrix too; of the positions one; of a mixture the
    experts that are chosen, and the router. Norms and biases are read, but their arithmetic is not counted.
    """
    tied = find_tensor(table, "head").kind == "absent"
    size = floats = integers = 0
    for tensor in table.tensors:
        if tensor.expert >= max(1, table.experts_per_token):
            continue  # experts are all of one size: any that are chosen will do
        if tensor.name == "embed" and not tied:
            size += tensor.row_size
        elif tensor.name == "positions":
            size += tensor.size // table.context
        else:
            size += tensor.size
            operations = 2 * tensor.rows * tensor.cols
            floats += operations if tensor.kind == "f32" else 0
            integers += operations if tensor.kind in ("int8", "int4") else 0
    return TokenWork(size, floats, integers)


def find_tensor(table: ImageTable, name: str) -> Tensor:
    """The tensor of that name."""
    return next(tensor for tensor in table.tensors if tensor.name == name)


def first_byte_read(table: ImageTable) -> int:
    """Where in the image begins what tokens read whole: behind an embedding of which they read a row."""
    whole = "embed" if find_tensor(table, "head").kind == "absent" else "norm"
    return find_tensor(table, whole).offset


def find_limit(work: TokenWork, ceilings: Ceilings, stories: float = 1) -> Limit:
    """tokens/s = min(stories * bandwidth / bytes, 1 / (operations / their ceilings)).

    `stories` that are written side by side share what is read, and nothing of what is computed.
    """
    reading_s = work.bytes / stories / ceilings.bytes_per_second
    arithmetic_s = (
        work.float_operations / ceilings.float_operations_per_second
        + work.integer_operations / ceilings.integer_operations_per_second
    )
    if reading_s >= arithmetic_s:
        return Limit(1 / reading_s, "reading")
    return Limit(1 / arithmetic_s, "arithmetic")
