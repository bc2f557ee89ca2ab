"""docs/integer-arithmetic.md says what was measured."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_losses_in_the_page_are_those_of_the_row():
    page = (ROOT / "docs/integer-arithmetic.md").read_text(encoding="utf-8")
    saved = json.loads((ROOT / "benchmarks/rows/quantize_losses.json").read_text(encoding="utf-8"))
    rows = {row["integers"]: row for row in saved["rows"]}
    whole = rows["stories260K-int8"]
    assert f"| float32, C engine | {whole['float_nats_per_token']:.4f} | |" in page
    assert f"| {whole['nats_per_token']:.4f} | {whole['lost_nats_per_token']:.4f} |" in page
    pocket = rows["pocket-int8"]
    assert f"| int8 | {pocket['lost_nats_per_token']:.4f} | | | {pocket['weight_bytes']:,} |" in page
    assert f"the first had {rows['int4_110']['lost_nats_per_token']:.4f}, and" in page
    assert f"| **{rows['i4n']['lost_nats_per_token']:.4f}** | 110 million" in page
