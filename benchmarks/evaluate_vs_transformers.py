"""Score the same stories with ours and with transformers, one by one, and print the ratio of the times.

`python benchmarks/evaluate_vs_transformers.py MODEL_FOLDER STORIES.txt [COUNT]`
"""

import json
import statistics
import sys
import time
from itertools import islice
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from lilliput.evaluation.loss import measure_loss
from lilliput.evaluation.torch_scorer import TorchScorer
from lilliput.formats.folder import load_folder
from lilliput.models.weights import model_with_weights
from lilliput.stories.sources import open_stories

ROUNDS = 3


def score_theirs(model: torch.nn.Module, rows: list[list[int]]) -> float:
    """Nats per token of rows BOS ... end, each in one forward pass."""
    nats, tokens = 0.0, 0
    for ids in rows:
        with torch.inference_mode():
            logits = model(torch.tensor([ids[:-1]])).logits[0].double()
        nats -= float(logits.log_softmax(-1)[torch.arange(len(ids) - 1), ids[1:]].sum())
        tokens += len(ids) - 1
    return nats / tokens


def main(path: Path, data: str, count: int) -> None:
    """Print one JSON row: medians of the rounds, taken in turn."""
    folder = load_folder(path)
    encode, context = folder.tokenizer.encode, folder.config.context
    fitting = (story.text for story in open_stories([data]).stories if len(encode(story.text)) < context)
    texts = list(islice(fitting, count))
    rows = [[folder.tokenizer.bos, *encode(text), folder.tokenizer.end] for text in texts]
    ours, theirs = (
        model_with_weights(folder.config, folder.weights),
        AutoModelForCausalLM.from_pretrained(path),
    )
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        nats = measure_loss(TorchScorer(ours), folder.tokenizer, texts).nats_per_token
        between = time.perf_counter()
        their_nats = score_theirs(theirs.eval(), rows)
        seconds["ours"].append(between - began)
        seconds["theirs"].append(time.perf_counter() - between)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    row = {
        "name": "evaluate_vs_transformers",
        "stories": len(texts),
        "nats_per_token": nats,
        "nats_per_token_transformers": their_nats,
        "seconds": seconds,
        "times_faster": median["theirs"] / median["ours"],
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 300)
