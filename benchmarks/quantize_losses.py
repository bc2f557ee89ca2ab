"""What whole numbers lose beside the floats they were made of: the figures of docs/integer-arithmetic.md.

    lilliput import stories260K.bin stories260K --tokenizer tok512.bin
    python benchmarks/quantize_losses.py stories260K pocket --data tinystories-valid.txt \\
        --train tinystories-train.txt --pair INT4 FLOAT -o benchmarks/rows/quantize_losses.json

Each model is made int8 by `lilliput quantize MODEL --to int8 --data TRAIN`, without other settings, and both
are scored on all of --data as `lilliput evaluate` scores (story by story, each token once): floats by the C
engine, integers by the code that devices run. Of a --pair the integer folder is there already, such as one
that --qat made; its row has the command that its lilliput.json keeps, without the folders of the names in it.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lilliput.app.engines import open_scorer
from lilliput.app.integers import open_integer_folder
from lilliput.app.shipped import find_model
from lilliput.deploy.csource import count_weight_bytes, working_bytes
from lilliput.evaluation.loss import Loss, measure_loss
from lilliput.formats.folder import load_folder, read_details
from lilliput.quantize.intmodel_file import fingerprint
from lilliput.stories.sources import Fingerprint, open_stories


def score(path: Path, engine: str, data: str) -> tuple[Loss, str]:
    """A folder's loss by an engine, and the fingerprint of the stories."""
    scorer, folder = open_scorer(path, engine, None)
    seen = Fingerprint()

    def texts() -> Any:
        for story in open_stories([data]).stories:
            seen.add(story)
            yield story.text

    return measure_loss(scorer, folder.tokenizer, texts()), str(seen)


def plain(command: str) -> str:
    """A command with names in place of paths."""
    words = (word.rpartition("/") for word in shlex.split(command))
    return shlex.join(f"{head.partition('=')[0]}={name}" if "=" in head else name for head, _, name in words)


def compare(floats: Path, integers: Path, data: str) -> dict[str, Any]:
    """A row: both losses, and what the integer model takes."""
    before, seen = score(floats, "c", data)
    after, _ = score(integers, "integer", data)
    model = open_integer_folder(integers).model
    kinds = sorted({matrix.kind for _, matrix in model.iter_matrices()})
    return {
        "name": floats.name,
        "integers": integers.name,
        "weights": kinds,
        "float_nats_per_token": before.nats_per_token,
        "nats_per_token": after.nats_per_token,
        "lost_nats_per_token": after.nats_per_token - before.nats_per_token,
        "float_bits_per_byte": before.bits_per_byte,
        "bits_per_byte": after.bits_per_byte,
        "tokens": after.tokens,
        "stories": after.stories,
        "parameters": sum(array.size for array in load_folder(floats).weights.values()),
        "weight_bytes": count_weight_bytes(model),
        "working_bytes": working_bytes(model),
        "fingerprint": fingerprint(model),
        "data_fingerprint": seen,
        "command": plain(read_details(integers)["integers"]["command"]),
    }


def make_int8(floats: Path, train: str, folder: str) -> Path:
    """What `lilliput quantize` makes of a folder."""
    made = Path(folder) / f"{floats.name}-int8"
    command = [sys.executable, "-m", "lilliput", "quantize", floats, "--to", "int8", "--data", train]
    subprocess.run([*map(str, command), "--out", str(made)], check=True, stdout=subprocess.DEVNULL)
    return made


def main() -> None:
    """Measure, print, and write one JSON row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="*", metavar="MODEL", help="floats, to be made int8")
    parser.add_argument("--pair", type=Path, nargs=2, action="append", default=[], metavar=("INT", "FLOAT"))
    parser.add_argument("--data", required=True, help="what is scored")
    parser.add_argument("--train", help="what int8 models are calibrated on")
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    if options.models and not options.train:
        parser.error("models are calibrated on stories: --train FILE")
    row: dict[str, Any] = {"name": "quantize_losses", "data": Path(options.data).name, "cut": "story"}
    row["rows"] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [find_model(path) for path in options.models]
        pairs = [(path, make_int8(path, options.train, folder)) for path in paths]
        for floats, integers in [*pairs, *((floats, integers) for integers, floats in options.pair)]:
            made = compare(floats, integers, options.data)
            row["rows"].append(made)
            print(
                f"{made['integers']} of {made['name']}: float {made['float_nats_per_token']:.4f}, "
                f"lost {made['lost_nats_per_token']:.4f} nats a token over {made['tokens']:,} tokens, "
                f"{made['weight_bytes']:,} bytes of weights",
                flush=True,
            )
    if options.output:
        options.output.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
