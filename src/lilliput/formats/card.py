"""The model card: what a folder is, how it was made, how well it does, in the form the hub reads."""

from pathlib import Path
from shlex import quote
from typing import Any

from lilliput.models.config import ModelConfig
from lilliput.models.count import count_parameters
from lilliput.rundir import write_text

_USE = """\
In this folder:

```
lilliput tell . {prompt}
```

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")
```
"""


_INTEGERS = """\
Whole numbers only: as the devices of docs/integer-arithmetic.md compute. In this folder:

```
lilliput tell . {prompt}
```
"""


def write_card(path: Path, config: ModelConfig, details: dict[str, Any], name: str) -> None:
    """Write README.md of a model folder from its config and lilliput.json."""
    count = count_parameters(config)
    use, library = (_INTEGERS, "lilliput") if "integers" in details else (_USE, "transformers")
    lines = [
        "---",
        f"library_name: {library}",
        "pipeline_tag: text-generation",
        "tags: [lilliput, tiny-language-model]",
        "---",
        "",
        f"# {name}",
        "",
        f"A {config.family} model of {count.parameters:,} parameters "
        f"({count.parameters_without_embeddings:,} without embeddings), context {config.context}, "
        f"{config.vocab_size:,} token ids.",
        "",
        use.format(prompt=quote((details.get("plan") or {}).get("prompt") or "Once upon a time")),
        *_origin(details),
        *_scores(details.get("scores", [])),
    ]
    write_text(path / "README.md", "\n".join(lines))


def _origin(details: dict[str, Any]) -> list[str]:
    lines = ["## How it was made", ""]
    if origin := details.get("origin"):
        lines.append(f"Imported from {origin['format']} (`{origin['file']}`, sha256 {origin['sha256']}).")
    if integers := details.get("integers"):
        lines.append(f"Integers of `{integers['from']}`, by `{integers['command']}`.")
        lines += _rounded(integers.get("training"))
    if data := details.get("data"):
        lines.append(
            f"Data: {data['description']}; {data['train_stories']:,} stories to train on, "
            f"{data['valid_stories']:,} to validate, fingerprint {data['fingerprint']}."
        )
    if training := details.get("training"):
        lines.append(
            f"Training: {training['tokens']:,} tokens in {training['steps']:,} steps and "
            f"{training['seconds']:,.0f} s on {training['device']}{_speed(training)}. "
            f"{_end(training)}The whole plan is in `lilliput.json`."
        )
        if picture := training.get("picture"):
            lines += ["", f"![Loss and learning rate over tokens]({picture})"]
    return [*lines, ""]


def _rounded(training: dict[str, Any] | None) -> list[str]:
    """How weights learnt in their rounded form, if they did."""
    if not training:
        return []
    teacher = training["plan"]["teacher"]["folder"]
    taught = f", taught by `{Path(teacher).name}`" if teacher else ""
    return [
        f"Its weights learnt in their rounded form: {training['tokens']:,} tokens in {training['steps']:,} "
        f"steps{taught}. Those of step {training['kept_step']:,} were kept: their integers did best on "
        "held-back stories."
    ]


def _speed(training: dict[str, Any]) -> str:
    parts = []
    if rate := training.get("tokens_per_second"):
        parts.append(f"{rate:,.0f} tokens/s")
    if share := training.get("mfu"):
        parts.append(f"{share:.0%} of the machine's measured float32 peak")
    return f" ({', '.join(parts)})" if parts else ""


def _end(training: dict[str, Any]) -> str:
    """What is to be said of weights that are not the last."""
    kept = training.get("kept_step", training["steps"])
    if kept == training["steps"]:
        return ""
    return f"The weights are those of step {kept:,}, which did best on the held-back stories scored below. "


def _scores(scores: list[dict[str, Any]]) -> list[str]:
    if not scores:
        return []
    rows = [
        f"| {row['data']} | {row['cut']} | {row['nats_per_token']:.4f} | {row['bits_per_byte']:.4f} "
        f"| {row['tokens']:,} | `{row['command']}` |"
        for row in scores
    ]
    head = ["## Scores", "", "| data | cut | nats per token | bits per byte | tokens | command |"]
    return [*head, "| --- | --- | --- | --- | --- | --- |", *rows, ""]
