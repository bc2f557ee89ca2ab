"""Put a trained model into the package: `python docs/ship_model.py runs/NAME pocket --data VALID.txt`.

The weights are stored in float16, and the scores are those of what is stored.
"""

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from lilliput.app.shipped import FOLDER
from lilliput.formats.folder import load_folder, save_folder


def ship(run: Path, name: str, data: str) -> None:
    """Replace the shipped model of that name."""
    folder = load_folder(run)
    details = {**folder.details, "scores": []}  # what is stored is rounded, and gets scores of its own
    with TemporaryDirectory() as temporary:
        place = Path(temporary) / name
        place.mkdir()
        save_folder(place, folder.config, folder.weights, folder.tokenizer, details, name, half=True)
        command = [sys.executable, "-m", "lilliput", "evaluate", str(place), "--data", data]
        subprocess.run(command, check=True)
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
