"""What a person can choose about writing, and what of it makes two sets of stories different."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lilliput.config import Config

Api = Literal["chat", "completions"]
Answer = Literal["json", "text"]
LimitField = Literal["max_tokens", "max_completion_tokens"]


class WriteConfig(Config):
    """The settings of `lilliput data write`; `--set NAME=VALUE` changes any of them."""

    model: str = Field(min_length=1)
    protocol: str = "tinystories"
    """A built-in protocol, or a TOML file of the same form."""
    language: str = "en"
    seed: int = Field(0, ge=0, lt=2**63)
    api: Api | None = None
    """Which endpoint is asked; as the protocol has it if not given."""
    answer: Answer | None = None
    """What the model is asked to answer with; as the protocol has it if not given."""
    json_mode: bool = False
    """Have the endpoint itself see to it that the answer is JSON (`response_format`)."""
    stream: bool = False
    max_tokens: int = Field(1000, ge=1)
    """Of one answer, at most."""
    limit_field: LimitField | None = None
    """What the endpoint calls the setting above: OpenAI itself max_completion_tokens, others max_tokens, if
    not given."""
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    send_seed: bool = True
    """Send a seed with each request; to be switched off for an endpoint that refuses one."""
    price_in: float | None = Field(None, ge=0)
    """US dollars for a million tokens of prompts."""
    price_out: float | None = Field(None, ge=0)
    """US dollars for a million tokens of answers."""
    max_cost: float | None = Field(None, gt=0)
    """US dollars, never passed."""
    concurrency: int = Field(8, ge=1, le=1000)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    timeout_s: float = Field(120.0, gt=0)
    """Of one request, from being sent to the last byte of its answer."""
    tries: int = Field(5, ge=1)
    """So many answers that cannot serve, and another story takes the place of this one."""
    retries: int = Field(12, ge=0)
    """So many failures of the endpoint in a row over one story are borne; one more ends the run."""
    stop_after: int = Field(50, ge=1)
    """So many answers that cannot serve, one after another over all stories, end the run."""
    backoff_s: float = Field(1.0, gt=0)
    """Wait after the first failure; it doubles with each further one."""
    longest_backoff_s: float = Field(60.0, gt=0)
    longest_wait_s: float = Field(900.0, gt=0)
    """An endpoint that asks to be left alone for longer than this ends the run."""
    script_share: float = Field(0.9, ge=0, le=1)
    """At least so much of a story's letters is in the scripts of its language."""
    overhead_tokens: int = Field(64, ge=0)
    """What a chat template may add to a prompt, in tokens; for the reservation."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.price_in is None) != (self.price_out is None):
            raise ValueError("price_in and price_out go together: give both, or neither")
        if self.max_cost is not None and self.price_in is None:
            raise ValueError(
                "max_cost needs prices: give price_in and price_out, in dollars a million tokens"
            )
        return self
