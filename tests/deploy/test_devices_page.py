"""docs/devices.md says what was measured."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_costs_is_the_row_that_was_saved():
    spec = importlib.util.spec_from_file_location("device_costs", ROOT / "benchmarks/device_costs.py")
    assert spec
    assert spec.loader
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    row = json.loads((ROOT / "benchmarks/rows/device_costs.json").read_text())
    assert bench.as_table(row) in (ROOT / "docs/devices.md").read_text(encoding="utf-8"), (
        "put what benchmarks/device_costs.py --table prints into docs/devices.md"
    )
    assert len({made["logits_hash"] for made in row["rows"]}) == 1
