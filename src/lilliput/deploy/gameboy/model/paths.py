"""M-cycles of one way through assembled code: which jumps are taken is told, instructions say the rest."""

from collections.abc import Collection

from lilliput.deploy.gameboy.machine.block import Block
from lilliput.deploy.gameboy.machine.expressions import AssemblyError

_MOST_STEPS = 100_000


def count_path(block: Block, first: str, last: str | None = None, taken: Collection[str] = ()) -> int:
    """From label `first` until the processor is at `last`, or has returned.

    Of jumps with a condition those are taken whose text is in `taken`, such as "jr nz, .next". Labels that
    begin with a dot follow the name of the block's first label. Of what is called the call alone is counted.
    Raises AssemblyError for a label or a jump that the block does not have, and for a way that does not end.
    """
    home = min(block.labels, key=lambda name: block.labels[name])
    place = {**block.labels, **{label.removeprefix(home): at for label, at in block.labels.items()}}
    texts = {one.text for one in block.instructions}
    for name in (first, *([last] if last else []), *taken):
        if name not in place and name not in texts:
            raise AssemblyError(f"{home} has no {name}")
    number_of = {one.offset: number for number, one in enumerate(block.instructions)}
    number, end, cycles = number_of[place[first]], place[last] if last else -1, 0
    for _ in range(_MOST_STEPS):
        if number == len(block.instructions):
            break
        one = block.instructions[number]
        if one.offset == end:
            return cycles
        kind, _, operands = one.text.partition(" ")
        *condition, target = operands.split(", ")
        jumps = kind in ("jp", "jr") and (not condition or one.text in taken)
        cycles += one.cycles if jumps or not condition else one.not_taken
        if kind == "ret" and not operands:
            return cycles
        number = number_of[place[target]] if jumps else number + 1
    raise AssemblyError(f"the way from {first} does not lead to {last or 'a return'}")
