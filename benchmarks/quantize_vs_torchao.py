"""The same float model in fewer bits: by torchao, and by lilliput's whole numbers. Loss, speed, bytes.

    pip install torchao
    python benchmarks/quantize_vs_torchao.py MODEL --data tinystories-valid.txt \\
        --train tinystories-train.txt --stories 200 --qat-tokens 200000 \\
        -o benchmarks/rows/quantize_vs_torchao.json

torchao's formats take the linear layers of the blocks; embedding, norms, attention, cache, scales and sums
stay floats. lilliput keeps the embedding at 8 bits. Each model reads the same stories, story by story, on one
thread; speed is tokens a second of that reading, the median of the rounds, which are taken in turn. With
--qat-tokens, torchao's fake quantization and ours learn for so many tokens in the same torch step, from the
same weights and batches, without a teacher. A format that torchao refuses is a row that says why.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from decode_vs_peers import describe_machine
from torch import nn
from torchao import __version__ as torchao_version
from torchao.quantization import (
    Int8DynamicActivationInt8WeightConfig,
    Int8DynamicActivationIntxWeightConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
    quantize_,
)
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.qat import QATConfig

from lilliput.app.rounded_training import make_plan
from lilliput.evaluation.c_scorer import CScorer
from lilliput.evaluation.int_scorer import IntScorer
from lilliput.evaluation.loss import Scorer, measure_loss
from lilliput.evaluation.torch_scorer import TorchScorer
from lilliput.formats.folder import ModelFolder, load_folder
from lilliput.generation.c_batch import engine_image
from lilliput.generation.engines import IntEngine
from lilliput.generation.int_native import open_reader
from lilliput.models.count import count_parameters
from lilliput.models.weights import model_with_weights
from lilliput.quantize.ptq import Quantized, quantize
from lilliput.quantize.qat import even_out, make_grids
from lilliput.quantize.settings import QuantizeSettings
from lilliput.stories.sources import open_stories
from lilliput.training.leading import open_batches
from lilliput.training.prepare import prepare
from lilliput.training.resume import RunFiles
from lilliput.training.schedule import rate_factor_at
from lilliput.training.step_torch import TorchStep
from lilliput.training.straight import StraightThrough

ROUNDS = 3
CALIBRATION = 16
THEIRS = {
    "torchao int8 rows": Int8WeightOnlyConfig(),
    "torchao int8 rows, int8 inputs": Int8DynamicActivationInt8WeightConfig(),
    "torchao int4 rows": IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0)),
    "torchao int4 groups of 32": IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)),
    "torchao int4 rows, int8 inputs": Int8DynamicActivationIntxWeightConfig(
        weight_dtype=torch.int4, weight_granularity=PerAxis(0)
    ),
    "torchao int2 rows": IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerAxis(0)),
}
OURS = ["int8", "int4", "ternary"]


def is_in_block(module: nn.Module, name: str) -> bool:
    """Whether torchao is to take it."""
    return isinstance(module, nn.Linear) and name.startswith("blocks.")


def open_theirs(folder: ModelFolder, config: Any) -> Scorer:
    """Our torch model, its linear layers by torchao."""
    model = model_with_weights(folder.config, folder.weights)
    quantize_(model, config, filter_fn=is_in_block)
    return TorchScorer(model)


def settings_of(kind: str, *more: str) -> QuantizeSettings:
    """As `lilliput quantize --to kind` has them."""
    return QuantizeSettings().with_settings([f"weights={kind}", "embed=int8", "head=int8", *more])


def calibration(folder: ModelFolder, data: str) -> list[Any]:
    """Ids of some stories to learn from."""
    tokenizer = folder.tokenizer
    texts = (story.text for story in islice(open_stories([data]).stories, CALIBRATION))
    return [np.array([tokenizer.bos, *tokenizer.encode(text), tokenizer.end]) for text in texts]


def open_ours(quantized: Quantized) -> Scorer:
    """The integers of a device."""
    return IntScorer(IntEngine(open_reader(quantized.model)))


def learn_both(folder: ModelFolder, data: str, tokens: int, stories: list[Any]) -> dict[str, Any]:
    """Int4 rows that learnt: by torchao's fake quantization in our torch step, and by ours."""
    fixed = ["train.step=torch", "train.device=cpu", "train.precision=float32", "train.threads=1"]
    plan = make_plan(folder, "int4", [*fixed, "teacher.folder=none"], {"tokens": tokens})
    wish = settings_of("int4", "rounding=nearest")
    with tempfile.TemporaryDirectory() as room:
        files = RunFiles(Path(room))
        files.resume.mkdir()
        prepared = prepare(plan, lambda: open_stories([data]), files, lambda _: None)
        first = quantize(folder.config, folder.weights, stories, wish)
        start = even_out(first.model.config, folder.weights, first.units)
        theirs = TorchStep(folder.config, plan.train, 0, start=folder.weights)
        base = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))
        quantize_(theirs.model, QATConfig(base, step="prepare"), filter_fn=is_in_block)
        ours = StraightThrough(TorchStep(folder.config, plan.train, 0, start=start), make_grids(start, wish))
        seconds = {}
        for name, step in (("theirs", theirs), ("ours", ours)):
            batches, done, number = open_batches(plan, prepared.train), 0, 0
            began = time.perf_counter()
            while done < tokens:
                batch = batches.at(number)
                step.learn(batch, rate_factor_at(plan.train, done / tokens))
                done, number = done + batch.targets, number + 1
            seconds[name] = time.perf_counter() - began
    quantize_(theirs.model, QATConfig(base, step="convert"), filter_fn=lambda _, n: n.startswith("blocks."))
    made = quantize(folder.config, ours.weights(), stories, wish.with_settings(["units=even"]))
    return {
        "torchao int4 rows, learnt": (TorchScorer(theirs.model.eval()), tokens / seconds["theirs"]),
        "lilliput int4, learnt": (open_ours(made), tokens / seconds["ours"]),
    }


def main() -> None:
    """Print a table, write a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--qat-tokens", type=int, default=0)
    parser.add_argument("-o", dest="out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = load_folder(options.model)
    texts = [story.text for story in islice(open_stories([options.data]).stories, options.stories)]
    stories = calibration(folder, options.train)
    image = engine_image(folder.config, folder.weights, "f32")
    count = count_parameters(folder.config)
    scorers: dict[str, Scorer] = {
        "float32, C engine": CScorer(image, 1),
        "float32, torch": TorchScorer(model_with_weights(folder.config, folder.weights)),
    }
    rows: dict[str, dict[str, Any]] = {}
    for name, config in THEIRS.items():
        try:
            scorers[name] = open_theirs(folder, config)
        except (AssertionError, ValueError, RuntimeError, NotImplementedError, ImportError) as error:
            rows[name] = {"refused": f"{type(error).__name__}: {error}".split("\n")[0]}
    for kind in OURS:
        made = quantize(folder.config, folder.weights, stories, settings_of(kind))
        scorers[f"lilliput {kind}, whole numbers only"] = open_ours(made)
        rows[f"lilliput {kind}, whole numbers only"] = {"weight_bytes": made.model.weight_bytes}
    if options.qat_tokens:
        for name, (scorer, rate) in learn_both(folder, options.train, options.qat_tokens, stories).items():
            scorers[name] = scorer
            rows[name] = {"qat_tokens": options.qat_tokens, "training_tokens_per_second": rate}
    measure(scorers, folder, texts, rows)
    row = {
        "name": "quantize_vs_torchao",
        "model": options.model.name,
        "torchao": torchao_version,
        "torch": torch.__version__,
        "stories": len(texts),
        "parameters": count.parameters,
        "parameters_without_embeddings": count.parameters_without_embeddings,
        **describe_machine(),
        "rows": rows,
    }
    if options.out:
        options.out.write_text(json.dumps(row, indent=1) + "\n")


def measure(
    scorers: dict[str, Scorer], folder: ModelFolder, texts: list[str], rows: dict[str, dict[str, Any]]
) -> None:
    """Loss and speed of each into its row, and a line of each."""
    seconds: dict[str, list[float]] = {name: [] for name in scorers}
    score: Callable[[Scorer], Any] = lambda scorer: measure_loss(scorer, folder.tokenizer, texts)  # noqa: E731
    for turn in range(ROUNDS):
        for name, scorer in list(scorers.items()):
            began = time.perf_counter()
            try:
                loss = score(scorer)
            except (AssertionError, ValueError, RuntimeError, NotImplementedError, ImportError) as error:
                rows.setdefault(name, {})["refused"] = f"{type(error).__name__}: {error}".split("\n")[0]
                del scorers[name]
                continue
            seconds[name].append(time.perf_counter() - began)
            if not turn:
                rows.setdefault(name, {})["nats_per_token"] = loss.nats_per_token
                rows[name]["tokens"] = loss.tokens
    base = rows["float32, C engine"]["nats_per_token"]
    for name in scorers:
        rows[name]["tokens_per_second"] = rows[name]["tokens"] / statistics.median(seconds[name])
        rows[name]["lost_nats_per_token"] = rows[name]["nats_per_token"] - base
    for name, row in rows.items():
        told = row.get("refused") or f"{row['lost_nats_per_token']:+.4f} {row['tokens_per_second']:10,.0f}"
        print(f"{name:40} {told}")


if __name__ == "__main__":
    main()
