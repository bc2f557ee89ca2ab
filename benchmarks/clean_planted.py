"""How many planted faults `lilliput data clean` finds, and what it costs in clean stories.

python benchmarks/clean_planted.py TRAIN.txt VALID.txt FOREIGN.jsonl [--seeds 5] [--row]

FOREIGN holds stories of another script under `story`. `--row` writes benchmarks/rows/clean_planted.json.
"""

import argparse
import json
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from planted_faults import GONE, KINDS, RESTORED, Planted, plant

from lilliput.stories.cleaning.config import Cleaning
from lilliput.stories.cleaning.run import Order, clean_stories
from lilliput.stories.cleaning.stages import choose_stages
from lilliput.stories.sources import open_stories
from lilliput.stories.story import read_jsonl, write_jsonl

ROW = Path(__file__).parent / "rows" / "clean_planted.json"


def clean_planted(planted: Planted, validation: Path, folder: Path) -> tuple[dict[int, str], dict[str, Any]]:
    """Clean planted stories; returns the text of each id that is left, and the report."""
    data, output = folder / "planted.jsonl", folder / "clean.jsonl"
    write_jsonl(data, planted.stories)
    order = Order(
        opened=open_stories([str(data)], keep_empty=True),
        against=open_stories([str(validation)]),
        output=output,
        names=choose_stages([], [], against=True),
        config=Cleaning(),
    )
    report = clean_stories(order, lambda _: None, lambda *_: None)
    return {story.labels["id"]: story.text for story in read_jsonl(output)}, report


def judge(planted: Planted, left: dict[int, str]) -> tuple[dict[str, list[int]], Counter[str], list[int]]:
    """[found, planted] by kind, the ways that were missed, and the ids of clean stories that were lost."""
    found: dict[str, list[int]] = {kind: [0, 0] for kind in KINDS}
    missed: Counter[str] = Counter()
    lost = [number for number in planted.clean if number not in left]
    for fault in planted.faults:
        if fault.must == GONE:
            good = fault.id not in left
        elif fault.must == RESTORED:
            good = left.get(fault.id, "").split() == fault.text.split()
        else:
            good = (fault.id in left) + (fault.twin in left) == 1
        found[fault.kind][0] += good
        found[fault.kind][1] += 1
        if not good:
            missed[f"{fault.kind}: {fault.how}"] += 1
    return found, missed, lost


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("foreign", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--row", action="store_true")
    options = parser.parse_args()
    texts = [story.text for story in open_stories([str(options.train)]).stories]
    valid = [story.text for story in open_stories([str(options.validation)]).stories]
    rows = open_stories([str(options.foreign)], column="story").stories
    foreign = [story.text for story in islice(rows, 500)]
    with TemporaryDirectory() as name:  # what is cut or doubled in TRAIN itself is no clean story
        as_it_is = plant(texts, valid, foreign, 0.0, 0)
        own_left, own_report = clean_planted(as_it_is, options.validation, Path(name))
    faulty = set(range(len(texts))) - set(own_left)
    result: dict[str, Any] = {"train": options.train.name, "stories": len(texts), "share": options.share}
    result["removed_without_planting"] = {
        f"{stage['stage']}: {reason['why']}": reason["stories"]
        for stage in own_report["stages"]
        for reason in stage["reasons"]
        if reason["action"] == "removed"
    }
    total, missed, lost = {kind: [0, 0] for kind in KINDS}, Counter[str](), 0
    clean = 0
    for seed in range(options.seeds):
        planted = plant(texts, valid, foreign, options.share, seed, faulty)
        with TemporaryDirectory() as name:
            left, _ = clean_planted(planted, options.validation, Path(name))
        found, ways, gone = judge(planted, left)
        missed += ways
        lost += len(gone)
        clean += len(planted.clean)
        for kind in KINDS:
            total[kind] = [a + b for a, b in zip(total[kind], found[kind], strict=True)]
    result["seeds"] = options.seeds
    result["found_share"] = {kind: found / count for kind, (found, count) in total.items()}
    result["planted_each"] = total[KINDS[0]][1]
    result["missed"] = dict(missed)
    result["clean_stories"], result["clean_lost"] = clean, lost
    result["clean_lost_share"] = lost / clean
    result["lost_share_with_own_faults"] = (lost + len(faulty) * options.seeds) / (
        clean + len(faulty) * options.seeds
    )
    print(json.dumps(result, indent=2))
    if options.row:
        ROW.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
