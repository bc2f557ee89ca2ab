"""The report as one HTML page that needs nothing else: pictures are SVG, samples are text."""

from collections.abc import Sequence
from html import escape
from typing import Any

_STYLE = """
:root{--paper:#fbfaf7;--ink:#23211d;--soft:#6d675c;--line:#ddd7ca;--removed:#b5472f;--mended:#3b7a57;
--flagged:#c08a1e;--before:#b9b2a3}
@media (prefers-color-scheme:dark){:root{--paper:#1b1a18;--ink:#ece7dc;--soft:#a59e90;--line:#3a372f;
--removed:#e2765d;--mended:#69b88b;--flagged:#e0b04a;--before:#5d584d}}
*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem 1.2rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;
margin:2.4rem 0 .6rem}p.soft,figcaption,small{color:var(--soft)}.big{display:flex;flex-wrap:wrap;
gap:.8rem 2.4rem;margin:1.4rem 0}.big b{display:block;font-size:1.7rem;line-height:1.2;
font-variant-numeric:tabular-nums}figure{margin:0;overflow-x:auto}
svg{display:block;min-width:34rem;width:100%;height:auto}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .soft{fill:var(--soft)}
.removed{fill:var(--removed);color:var(--removed)}
.mended{fill:var(--mended);color:var(--mended)}.flagged{fill:var(--flagged);color:var(--flagged)}
.before{fill:var(--before);color:var(--before)}details{border-top:1px solid var(--line);padding:.5rem 0}
summary{cursor:pointer;display:flex;gap:.8rem;align-items:baseline}summary b{min-width:6rem;text-align:right;
font-variant-numeric:tabular-nums}blockquote{margin:.5rem 0 .5rem 6.8rem;padding:.4rem .8rem;
border-left:3px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere;font-size:.92rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.2rem}dt{color:var(--soft)}dd{margin:0;
overflow-wrap:anywhere}code{font-size:.9em}@media (max-width:40rem){blockquote{margin-left:0}}
"""
_ACTIONS = ("removed", "mended", "flagged")


def make_page(report: dict[str, Any]) -> str:
    """The page of a report that `make_report` made."""
    share = 100 * report["removed"] / max(1, report["stories_in"])
    big = [
        (f"{report['stories_in']:,}", "stories read"),
        (f"{report['stories_out']:,}", "stories kept"),
        (f"{report['removed']:,}", f"removed, {share:.2f}%"),
        (f"{_total(report, 'mended'):,}", "repairs"),
        (f"{_total(report, 'flagged'):,}", "flags"),
        (_megabytes(report["bytes_out"]), f"kept of {_megabytes(report['bytes_in'])}"),
    ]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Cleaning report</title><style>{_STYLE}</style><h1>Cleaning report</h1>",
        f"<p class=soft>{escape(report['read_as'])}</p><div class=big>",
        *(f"<div><b>{value}</b>{escape(label)}</div>" for value, label in big),
        "</div>",
        _validation(report.get("validation")),
        "<h2>What was found</h2>",
        _stages_picture(report["stages"]),
        "<h2>Words in a story</h2>",
        _lengths_picture(report["words_per_story"]),
        "<h2>Reasons, with samples</h2>",
        *(_reason(stage, reason) for stage in report["stages"] for reason in stage["reasons"]),
        "<h2>How it was judged</h2>",
        _facts(report),
        "</html>\n",
    ]
    return "".join(parts)


def _validation(found: dict[str, Any] | None) -> str:
    if found is None:
        return "<p class=soft>No validation set was named, so leaks were not looked for.</p>"
    share = 100 * found["share_found"]
    return (
        f"<p><b>{found['found_in_data']:,}</b> of {found['stories']:,} validation stories ({share:.2f}%) "
        "lay in the data, whole or in part; the stories that hold them are removed.</p>"
    )


def _stages_picture(stages: Sequence[dict[str, Any]]) -> str:
    """A bar a stage, in parts; the axis is the square root, so that few and many can both be seen."""
    most = max([1, *(max(stage[action] for action in _ACTIONS) for stage in stages)])
    rows, y = [], 8
    for stage in stages:
        rows.append(f"<text x=190 y={y + 13} text-anchor=end>{escape(stage['says'])}</text>")
        shown = [action for action in _ACTIONS if stage[action]]
        if not shown:
            rows.append(f"<text class=soft x=200 y={y + 13}>none</text>")
        for action in shown:
            width = max(2.0, 480 * (stage[action] / most) ** 0.5)
            label = f"{stage[action]:,} {action}"
            rows.append(
                f"<rect class={action} x=200 y={y} width={width:.1f} height=17 rx=2 />"
                f"<text x={206 + width:.1f} y={y + 13}>{label}</text>"
            )
            y += 21
        y += 5 if shown else 26
    return (
        f"<figure><svg viewBox='0 0 820 {y}' role=img aria-label='Stories removed, mended and flagged "
        f"by each stage'>{''.join(rows)}</svg><figcaption>Stories by stage, in the order of the stages. "
        "Lengths go with the square root of the count.</figcaption></figure>"
    )


def _lengths_picture(bins: Sequence[dict[str, int]]) -> str:
    filled = [place for place, entry in enumerate(bins) if entry["before"] or entry["after"]]
    if not filled:
        return "<p class=soft>No story.</p>"
    shown = bins[filled[0] : filled[-1] + 1]
    most = max(max(entry["before"], entry["after"]) for entry in shown)
    wide = 780 / len(shown)
    bars = []
    for place, entry in enumerate(shown):
        x = 20 + place * wide
        for name, inset in (("before", 0.06), ("mended", 0.22)):
            count = entry["before" if name == "before" else "after"]
            high = 150 * count / most
            bars.append(
                f"<rect class={name} x={x + inset * wide:.1f} y={160 - high:.1f} "
                f"width={wide * (1 - 2 * inset):.1f} height={high:.1f}><title>{count:,} stories of "
                f"{entry['from']:,} words or more, {'read' if name == 'before' else 'kept'}</title></rect>"
            )
        bars.append(f"<text class=soft x={x:.1f} y=178>{entry['from']:,}</text>")
    return (
        "<figure><svg viewBox='0 0 820 190' role=img aria-label='Stories by number of words, read and kept'>"
        f"<path d='M20 160H800' stroke='currentColor' opacity=.3 />{''.join(bars)}</svg><figcaption>"
        "<span class=before>■</span> read, <span class=mended>■</span> kept; each column begins at the "
        "number under it.</figcaption></figure>"
    )


def _reason(stage: dict[str, Any], reason: dict[str, Any]) -> str:
    samples = "".join(map(_sample, reason["samples"]))
    return (
        f"<details><summary><b class={reason['action']}>{reason['stories']:,}</b>"
        f"<span>{escape(stage['says'])}: {escape(reason['why'])} <small>{reason['action']} by "
        f"<code>{stage['stage']}</code></small></span></summary>{samples}</details>"
    )


def _sample(sample: dict[str, Any]) -> str:
    head = f"<small>story {sample['story']:,}"
    if "like" in sample:
        head += f", similar by {sample['similarity']:.2f} to story {sample['like']:,}, which stays"
    if "labels" in sample:
        head += ": " + escape(", ".join(f"{name} = {value}" for name, value in sample["labels"].items()))
    body = "</small>\n" + _visible(sample.get("text", ""))
    if "before" in sample:
        body = f"</small>\n{_visible(sample['before'])}\n<small>became</small>\n{_visible(sample['after'])}"
    if "like_text" in sample:
        body += f"\n<small>story {sample['like']:,}</small>\n{_visible(sample['like_text'])}"
    return f"<blockquote>{head}{body}</blockquote>"


def _visible(text: str) -> str:
    shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in text)
    return escape(shown) if shown.strip() else "<small>(nothing)</small>"


def _facts(report: dict[str, Any]) -> str:
    corpus = report["corpus"]
    facts = {
        "scripts of the corpus": ", ".join(corpus["scripts"]).lower() or "none",
        "common words in the middle story": f"{100 * corpus['share_of_common_words']:.1f}%",
        "stories with an end mark (sample)": f"{100 * corpus['share_with_an_end_mark']:.1f}%",
        "stories with a beginning (sample)": f"{100 * corpus['share_with_a_beginning']:.1f}%",
        "sha256 of the clean file": report["sha256"],
        "lilliput": report["version"],
    }
    for group, values in report["settings"].items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            facts[f"{group}.{name}".rstrip(".")] = shown or "found in the data"
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items()) + "</dl>"


def _total(report: dict[str, Any], action: str) -> int:
    return sum(int(stage[action]) for stage in report["stages"])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} KB"
