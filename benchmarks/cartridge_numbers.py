"""What each of a cartridge's numbers costs: nearness to the float model, and cycles, setting by setting.

    python benchmarks/cartridge_numbers.py MODEL --data tinystories-valid.txt --train tinystories-train.txt \\
        --stories 60 -o benchmarks/rows/cartridge_numbers.json
    python benchmarks/cartridge_numbers.py MODEL --data tinystories-valid.txt --learnt CARTRIDGE \\
        -o benchmarks/rows/cartridge_learnt.json

Each row is `lilliput quantize MODEL --to cartridge` with some settings in place of its own, calibrated on the
first stories of --train; it reads the first stories of --data, of each the context's length at most, beside
the float model. KL is of the float chances from the integer ones, in nats a token; agreement is how
often both hold the same token the likeliest; lost is by how much the loss is greater. --learnt names integer
folders that `--qat` made, which are measured as they are. Cycles are of a Game
Boy's processor, of a token, for the matrices alone, by counting: looks at tables and the making of them.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from decode_vs_peers import describe_machine

from lilliput.formats.folder import INTEGERS, ModelFolder, load_folder
from lilliput.quantize.cartridge_bounds import check_cartridge
from lilliput.quantize.intmodel import IntMatrix, IntModel
from lilliput.quantize.intmodel_file import load_intmodel
from lilliput.quantize.observe import read_logits
from lilliput.quantize.planes import LOOK_CYCLES, count_build_cycles
from lilliput.quantize.ptq import quantize
from lilliput.quantize.reference import Reference
from lilliput.quantize.settings import CARTRIDGE, QuantizeSettings
from lilliput.stories.sources import open_stories

Ids = npt.NDArray[np.int64]
Logs = npt.NDArray[np.float64]
SETTINGS: list[tuple[str, ...]] = [
    (),
    ("bits=4.5",),
    ("bits=5.5",),
    ("bits=6.2",),
    ("weights=int8", "scales=multiplier"),
    ("weights=int8", "scales=multiplier", "window=0"),
    ("weights=int8", "scales=multiplier", "key_bits=6"),
    ("weights=int8", "scales=multiplier", "turn_bits=16"),
    ("weights=int8", "scales=multiplier", "gate_bits=11", "up_bits=16", "table_bits=16"),
    ("weights=int8", "scales=multiplier", "value_bits=8"),
    ("weights=int8", "scales=multiplier", "norms=gained", "square_bits=12"),
    ("weights=int8", "scales=multiplier", "cosine_bits=14", "turn_bits=16"),
]
"""What is set, one row each; of the first all is the preset's."""


def read_stories(folder: ModelFolder, data: str, count: int) -> list[Ids]:
    """Ids of stories from BOS to their end, the context's length and a target at most."""
    tokenizer, most = folder.tokenizer, folder.config.context + 1
    texts = (story.text for story in islice(open_stories([data]).stories, count))
    return [np.array([tokenizer.bos, *tokenizer.encode(text), tokenizer.end])[:most] for text in texts]


def logs_of(logits: npt.NDArray[Any]) -> Logs:
    """(T, V) logarithms of chances by logits (T, V)."""
    below = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    logs: Logs = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return logs


def float_logs(folder: ModelFolder, stories: list[Ids]) -> list[Logs]:
    """Of each story what the float model thinks."""
    return [logs_of(read_logits(folder.config, folder.weights, story[:-1])) for story in stories]


def compare(model: IntModel, stories: list[Ids], floats: list[Logs]) -> dict[str, float]:
    """KL, agreement and what is lost, of a token."""
    reference = Reference(model)
    divergence, agreed, lost, count = 0.0, 0, 0.0, 0
    for story, before in zip(stories, floats, strict=True):
        after = logs_of(reference.read(story[:-1], reference.start()) / 2.0**model.logit_bits)
        places = np.arange(len(before)), story[1:]
        divergence += float((np.exp(before) * (before - after)).sum())
        agreed += int((before.argmax(axis=-1) == after.argmax(axis=-1)).sum())
        lost += float((before[places] - after[places]).sum())
        count += len(before)
    return {"kl_nats": divergence / count, "top1": agreed / count, "lost_nats_per_token": lost / count}


def count_cost(model: IntModel) -> dict[str, Any]:
    """Bits a weight and cycles of matrices of planes; tables of inputs that several read are made once."""
    planes = [(name, matrix) for name, matrix in model.iter_matrices() if matrix.planes is not None]
    if not planes:
        return {}
    weights = sum(matrix.values.size for _, matrix in planes)
    looks = sum(int(matrix.count_planes.sum()) for _, matrix in planes)
    made = [matrix for name, matrix in planes if name.rpartition(".")[2] not in ("k", "v", "up")]
    return {
        "bits": sum(_bits(matrix) for _, matrix in planes) / weights,
        "look_cycles": looks * LOOK_CYCLES,
        "table_cycles": sum(_table_cycles(matrix) for matrix in made),
    }


def _table_cycles(matrix: IntMatrix) -> int:
    assert matrix.planes is not None
    return count_build_cycles(matrix.count_planes.shape[1], matrix.planes.table_size)


def _bits(matrix: IntMatrix) -> int:
    """Planes of all weights of a matrix."""
    assert matrix.planes is not None
    size, columns = matrix.planes.table_size, matrix.values.shape[1]
    served = np.minimum(size, columns - np.arange(0, columns, size))
    return int((matrix.count_planes * served).sum())


def measure_settings(
    folder: ModelFolder, chosen: list[tuple[str, ...]], calibration: list[Ids]
) -> Iterator[tuple[list[str], IntModel]]:
    """What each choice of settings makes, after training only."""
    for settings in chosen:
        wish = QuantizeSettings().with_settings([*CARTRIDGE, *settings])
        model = quantize(folder.config, folder.weights, calibration, wish).model
        if wish.weights == "planes":
            check_cartridge(model)
        yield list(settings), model


def open_learnt(paths: list[Path]) -> Iterator[tuple[list[str], IntModel]]:
    """Integer folders, and how each was made: what is not the preset's, and tokens learnt from."""
    preset = QuantizeSettings().with_settings(CARTRIDGE).model_dump()
    for path in paths:
        model = load_intmodel(path / INTEGERS)
        check_cartridge(model)
        training = json.loads((path / "lilliput.json").read_text())["integers"]["training"]
        own = [f"{k}={v}" for k, v in model.source["settings"].items() if v != preset[k]]
        train, teacher = training["plan"]["train"], training["plan"]["teacher"]
        how = [f"train.learning_rate={train['learning_rate']:g}"]
        how += [f"teacher.{name}={teacher[name]:g}" for name in ("weight", "top")]
        yield [*own, *how, f"--tokens {training['tokens']}"], model


def main() -> None:
    """Print a table, write a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--train")
    parser.add_argument("--learnt", type=Path, nargs="*", default=[])
    parser.add_argument("--stories", type=int, default=60)
    parser.add_argument("--calibration", type=int, default=48)
    parser.add_argument("--set", dest="only", nargs="*", help="one row of these settings in place of all")
    parser.add_argument("-o", dest="out", type=Path)
    options = parser.parse_args()
    folder = load_folder(options.model)
    if options.learnt:
        measured = open_learnt(options.learnt)
    else:
        calibration = read_stories(folder, options.train, options.calibration)
        measured = measure_settings(folder, [tuple(options.only)] if options.only else SETTINGS, calibration)
    stories = read_stories(folder, options.data, options.stories)
    floats = float_logs(folder, stories)
    rows = []
    for settings, model in measured:
        row = {"settings": settings, **compare(model, stories, floats), **count_cost(model)}
        rows.append(row)
        print(
            " ".join(settings) or "cartridge", *(f"{k} {v:.4f}" for k, v in list(row.items())[1:]), flush=True
        )
    result = {
        "name": "cartridge_learnt" if options.learnt else "cartridge_numbers",
        "model": options.model.name,
        "stories": len(stories),
        "tokens": sum(len(story) - 1 for story in stories),
        **describe_machine(),
        "rows": rows,
    }
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
