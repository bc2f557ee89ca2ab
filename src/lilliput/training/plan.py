"""The whole of a training run, as one frozen object that is saved with the model."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lilliput.config import Config
from lilliput.device import Device
from lilliput.models.config import ModelConfig, MoEConfig

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class DataPlan(Config):
    """How story text is read and divided."""

    separator: Literal["auto", "endoftext", "blank-line", "line"] = "auto"
    """What stands between stories of a plain text file."""
    column: str | None = None
    """Which column of a table or key of a JSON line holds the story; None takes text, story or content."""
    valid_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of stories held back, chosen by a hash of the story. None: a fiftieth; of fewer than 300 a fifth,
    of fewer than 20 a third, so that some are held back at all."""
    learn_after: str | None = None
    """A text such as `Story:`: a record is only read up to its end, and learnt from there on. One without it
    is learnt whole. None: as the records' label `learn_after` says, if they have it; empty: all is learnt."""


class TrainPlan(Config):
    """How the model learns. The budget is minutes, tokens, or whichever of both ends first."""

    minutes: Positive | None = None
    """Wall-clock time of the training loop, with its samples and checks."""
    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens to learn from, repetitions counted."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1024
    """Targets in one optimizer step, about."""
    micro_tokens: Annotated[int, Field(ge=1)] = 8192
    """The most positions, padding included, that are computed at once."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """muon: Muon for the matrices of the blocks, AdamW for everything else."""
    learning_rate: Positive = 8e-3
    """AdamW's peak."""
    muon_rate: Positive = 0.02
    """Muon's peak: it moves a matrix by so much along each of its directions."""
    muon_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.95
    warmup: Share = 0.02
    """Share of the budget in which the rates rise from zero."""
    schedule: Literal["cosine", "linear", "constant", "wsd"] = "linear"
    """How the rates fall after the warm-up; wsd: not at all until the last `cooldown` of the budget."""
    cooldown: Share = 0.3
    """Share of the budget, at its end, in which wsd's rates fall in a straight line."""
    final_share: Share = 0.0
    """Share of the rates that is left at the end."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    balance_loss: Annotated[float, Field(ge=0)] = 0.0
    """Times the load-balancing loss of a mixture's routers, added to the loss (Fedus et al. 2022)."""
    clip: Positive = 1.0
    """Largest norm of the gradient; a longer one is shortened to it."""
    z_loss: Annotated[float, Field(ge=0)] = 0.0
    """Times the mean of logsumexp(logits)^2, added to the loss: logits stay near zero (PaLM 2022)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of embeddings, of attention and of what the blocks add that is dropped, where GPT-2 does."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay per step of an average of the weights, which is then what is saved, told and scored; 0: none."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """auto: bfloat16 where a GPU has it, or the processor of the C step multiplies it; else float32.
    float16 scales the loss, so that small gradients are not lost."""
    step: Literal["auto", "c", "torch"] = "auto"
    """What computes: auto takes the C step where it can do all that the plan wants, else torch."""
    checkpoint_activations: bool = False
    """Less memory: compute each block again in the backward pass instead of keeping what it computed."""
    compile: bool = False
    """torch.compile: some seconds at the start; on a CPU it needs a C++ compiler."""
    sharding: Literal["ddp", "fsdp"] = "ddp"
    """Under torchrun: every process holds the whole model (DDP), or its part of every weight (FSDP2)."""
    device: Device = "auto"
    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads. None tries one and all cores at the start of a run, and keeps the faster in its plan,
    since the bits of a run in torch depend on it (in C they do not)."""
    checkpoint_s: Annotated[float, Field(ge=0)] = 30.0
    """Seconds between checkpoints."""
    log_every: Annotated[int, Field(ge=1)] = 10
    """Steps between rows of metrics.jsonl."""
    tensorboard: bool = False
    """Write TensorBoard event files too (extra `track`)."""
    wandb: bool = False
    """Log to Weights & Biases too (extra `track`); with WANDB_MODE=offline without an account."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Score held-back stories `checks` times in the budget; stop once the score got no better so many times
    in a row, and keep the best weights. None: no checks, and the last weights are kept."""
    checks: Annotated[int, Field(ge=1)] = 50


class TeacherPlan(Config):
    """What a run learns from beside the text: another's probabilities of what comes next, asked once."""

    folder: str | None = None
    """A model folder that teaches (distillation, Hinton et al. 2015, at temperature 1). The run must have its
    tokenizer, and takes it where the plan names none."""
    ngrams: Annotated[int, Field(ge=0, le=8)] = 0
    """Teach by counts of so many tokens in a row, of the text itself; 0: not."""
    weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    """How much the teacher's word counts; the text's has the rest."""
    until: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the budget after which it teaches no more."""
    top: Annotated[int, Field(ge=0, le=64)] = 16
    """How many of its likeliest tokens are kept; what they leave of the probability is the text's. 0: the
    folder is asked anew at every batch, and all that it expects counts."""

    @property
    def teaches(self) -> bool:
        """Whether there is a teacher."""
        return bool(self.folder or self.ngrams)

    @property
    def writes(self) -> bool:
        """Whether what it expects is written down once, for all batches."""
        return self.teaches and self.top > 0


class LoraPlan(Config):
    """Adapters that learn beside the matrices of a model that stays as it is."""

    rank: Annotated[int, Field(ge=0)] = 0
    """Width of the adapters; 0: there are none, and the whole model learns."""
    alpha: Positive = 16.0
    """The adapters' product counts alpha / rank times."""
    targets: tuple[str, ...] = Field(("q", "k", "v", "o"), min_length=1)
    """Which linear layers of each block have adapters; there are also gate, up and down."""

    @property
    def scale(self) -> float:
        """What the adapters' product is multiplied with."""
        return self.alpha / self.rank


class Plan(Config):
    """Everything that decides a run but the stories themselves."""

    name: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    prompt: str | None = None
    """What the diary's stories begin with; None takes the first words of a held-back story, or where records
    have a mark to learn after, what stands up to it."""
    tokenizer: str | None = None
    """File of a tokenizer to use; None trains one of model.vocab_size on the stories."""
    model: ModelConfig
    """A model without a family is a Llama."""
    start: str | None = None
    """A model folder whose weights, model and tokenizer the run begins with; None begins with random ones."""
    data: DataPlan = DataPlan()
    train: TrainPlan = TrainPlan()
    teacher: TeacherPlan = TeacherPlan()
    lora: LoraPlan = LoraPlan()

    @field_validator("model", mode="before")
    @classmethod
    def _say_the_family(cls, model: Any) -> Any:
        return {"family": "llama", **model} if isinstance(model, dict) else model

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.train.batch_tokens < self.model.context:
            raise ValueError(
                f"train.batch_tokens {self.train.batch_tokens} is less than model.context "
                f"{self.model.context}: a step holds at least one row of a whole context"
            )
        if self.teacher.folder and self.teacher.ngrams:
            raise ValueError("teacher: a folder or ngrams teaches, not both: leave one out")
        if self.teacher.ngrams and not self.teacher.top:
            raise ValueError("teacher.top = 0 asks a folder at every batch; of ngrams set how many are kept")
        if self.lora.rank and not self.start:
            raise ValueError("lora.rank: adapters need a model that they adapt: give --from FOLDER")
        if self.lora.rank and self.train.optimizer == "muon":
            raise ValueError("train.optimizer = muon: adapters learn by AdamW: set it to adamw")
        if self.start and self.tokenizer:
            raise ValueError("tokenizer: a run from a model folder has that folder's: leave it out")
        if self.train.minutes is None and self.train.tokens is None:
            raise ValueError("a run needs an end: give --minutes or --tokens")
        if self.train.balance_loss and not isinstance(self.model, MoEConfig):
            raise ValueError(
                f"train.balance_loss {self.train.balance_loss:g} is for mixtures of experts; set it to 0"
            )
        return self
