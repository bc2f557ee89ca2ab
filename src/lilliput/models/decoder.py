"""What every family is: token ids in, logits out, a stack of blocks between."""

from collections.abc import Iterable

from torch import Tensor, nn

from lilliput.models.cache import Cache
from lilliput.models.config import ModelConfig
from lilliput.models.layers import Block, LearnedPositions, Tap


class Decoder(nn.Module):
    """ids (B, T) -> logits (B, T, V). A family is a subclass that says what its parts are."""

    def __init__(
        self,
        config: ModelConfig,
        blocks: Iterable[Block],
        norm: nn.Module,
        positions: LearnedPositions | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = positions
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.embed.weight
        self.tap_embed = Tap()

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Logits (B, T, V) for ids (B, T); with a cache, ids follow on what the cache has read.

        Raises ValueError for more tokens than the context holds.
        """
        layers = cache.layers if cache else [None] * len(self.blocks)
        x = self.embed(ids)  # (B, T, D)
        if self.positions is not None:
            x = self.positions(x, cache.length if cache else 0)
        x = self.tap_embed(x)
        for block, layer in zip(self.blocks, layers, strict=True):
            x = block(x, layer)
        logits: Tensor = self.head(self.norm(x))
        return logits
