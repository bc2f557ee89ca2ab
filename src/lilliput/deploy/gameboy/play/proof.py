"""Does a cartridge compute what the reference does? It is run in an emulator, and its logits are compared."""

import numpy as np

from lilliput.deploy.gameboy.cartridge import Cartridge
from lilliput.deploy.gameboy.info_block import read_info
from lilliput.deploy.gameboy.play.console import Console
from lilliput.deploy.gameboy.play.player import Telling, Wish
from lilliput.deploy.parity import Parity
from lilliput.errors import LilliputError
from lilliput.quantize.intmodel import IntModel
from lilliput.quantize.reference import Reference
from lilliput.tokens.tokenizer import Tokenizer


def prove_cartridge(
    cartridge: Cartridge, model: IntModel, tokenizer: Tokenizer, tokens: int
) -> tuple[Parity, float]:
    """Logits of the first opening's story, so many tokens of it, and M-cycles of one.

    The cartridge tells by its own buttons, screens and program. Raises MissingExtraError where no emulator is
    installed, LilliputError for a cartridge that does not tell.
    """
    info = read_info(cartridge.image)
    assert info is not None
    places, vocabulary = cartridge.places, model.config.vocab_size
    bank = places.logits_bank if places.logits >= 0xD000 else 0
    logits: list[np.ndarray] = []
    drawn: list[int] = []
    with Console(cartridge.image) as console:

        def note_logits() -> None:
            raw = console.read(bank, places.logits, 2 * vocabulary)
            logits.append(np.frombuffer(raw, "<i2").astype(np.int64))

        console.watch(cartridge.symbols["draw"], note_logits)
        console.watch(cartridge.symbols["find_piece"], lambda: drawn.append(console.de))
        telling = Telling(console, info, Wish(max_tokens=tokens))
        for _ in telling:
            pass
        cycles = telling.cycles_per_token
    if not logits or cycles is None:
        raise LilliputError("the cartridge tells nothing in the emulator: this is a fault of lilliput")
    logits = logits[:tokens]  # it may have been quick to go on
    beginning = [tokenizer.bos, *tokenizer.encode(info.openings[0])]
    reference = Reference(model)
    ids = np.array([*beginning, *drawn[: len(logits) - 1]])
    expected = reference.read(ids, reference.start())[len(beginning) - 1 :]
    unequal = int((np.stack(logits) != expected).sum()) if len(expected) == len(logits) else expected.size
    return Parity(expected.size, unequal), cycles
