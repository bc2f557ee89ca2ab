"""Put a trained model into the package: `python docs/ship_model.py runs/NAME pocket --data VALID.txt`.

The weights are stored in float16, and the scores are those of what is stored.
"""

import json
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from lilliput.app.shipped import FOLDER
from lilliput.formats.folder import load_folder, save_folder

_FOLDERS = re.compile(r"(?<![\w.])/(?:[\w.-]+/)+")
"""Where files lay on the machine that trained: nobody else's business."""


def ship(run: Path, name: str, data: str) -> None:
    """Replace the shipped model of that name."""
    folder = load_folder(run)
    told = json.loads(_FOLDERS.sub("", json.dumps(folder.details)))
    told["training"].pop("picture", None)  # it stays with the run
    details = {**told, "scores": []}  # what is stored is rounded, and gets scores of its own
    with TemporaryDirectory() as temporary:
        place = Path(temporary) / name
        place.mkdir()
        save_folder(place, folder.config, folder.weights, folder.tokenizer, details, name, half=True)
        (Path(temporary) / Path(data).name).symlink_to(Path(data).resolve())
        command = [sys.executable, "-m", "lilliput", "evaluate", name, "--data", Path(data).name]
        subprocess.run(command, check=True, cwd=temporary)
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        shutil.copytree(place, FOLDER / name)
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file())
    print(f"all shipped models: {size:,} bytes")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data", required=True)
    given = parser.parse_args()
    ship(given.run, given.name, given.data)
