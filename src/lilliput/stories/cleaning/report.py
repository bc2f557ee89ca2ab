"""The report of a cleaning: plain values, for JSON and for the page."""

from collections.abc import Sequence
from typing import Any

import lilliput
from lilliput.stories.cleaning.stages import SAYS, Known
from lilliput.stories.cleaning.tally import FLAGGED, LENGTH_EDGES, MENDED, REMOVED, Tally


def make_report(names: Sequence[str], known: Known, tally: Tally, leaked: set[int]) -> dict[str, Any]:
    """Counts, shares, samples and settings; `leaked`: the validation stories something was found of."""
    report: dict[str, Any] = {
        "name": "data_clean",
        "version": lilliput.__version__,
        "stories_in": tally.stories_in,
        "stories_out": tally.stories_out,
        "bytes_in": tally.bytes_in,
        "bytes_out": tally.bytes_out,
        "removed": tally.stories_in - tally.stories_out,
        "stages": [_stage(name, tally) for name in names],
        "words_per_story": [
            {
                "from": edge,
                "before": tally.lengths_in.get(str(edge), 0),
                "after": tally.lengths_out.get(str(edge), 0),
            }
            for edge in LENGTH_EDGES
        ],
        "corpus": {
            "scripts": list(known.corpus.scripts),
            "share_of_common_words": known.corpus.common_share,
            "share_with_an_end_mark": known.corpus.ends_share,
            "share_with_a_beginning": known.corpus.begins_share,
        },
        "settings": known.config.model_dump(),
    }
    if known.leaks is not None and "leak" in names:
        stories = known.leaks.stories
        report["validation"] = {
            "stories": stories,
            "found_in_data": len(leaked),
            "share_found": len(leaked) / stories if stories else 0.0,
        }
    return report


def _stage(name: str, tally: Tally) -> dict[str, Any]:
    return {
        "stage": name,
        "says": SAYS[name],
        **{action: tally.total(name, action) for action in (REMOVED, MENDED, FLAGGED)},
        "bytes_removed": tally.bytes_removed.get(name, 0),
        "reasons": [
            {"why": why, "action": action, "stories": count, "samples": _samples(tally, name, why)}
            for action, reasons in tally.counts.get(name, {}).items()
            for why, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    }


def _samples(tally: Tally, name: str, why: str) -> list[dict[str, Any]]:
    shown = tally.samples.get(name, {}).get(why, [])
    return [{key: value for key, value in sample.items() if key != "rank"} for sample in shown]
