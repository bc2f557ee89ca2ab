"""Tokens per second of `lilliput export --to html` pages in a headless Chromium, opened from the disk.

    python benchmarks/browser_speed.py MODEL [MODEL ...] [--stories 20] [-o FILE]

Each model becomes a page; its Tell button is pressed for one story after another, of seeds 1, 2 and so on, by
the page's own settings. Time is from the click until the page says that the story has ended, so drawing it is
in it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from lilliput.app.shipped import find_model
from lilliput.app.web_exports import export_html
from lilliput.rundir import write_text

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "deploy"))
from chromium import Browser, find_chromium, run_chromium

_TELL = """new Promise((resolve) => {
  const ids = ["seed", "tell", "stop", "status"];
  const [seed, tell, stop, status] = ids.map((id) => document.getElementById(id));
  seed.value = "%d";
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!stop.hidden) return;
    watch.disconnect();
    resolve({ ms: performance.now() - began, status: status.textContent });
  });
  watch.observe(stop, { attributeFilter: ["hidden"] });
  tell.click();
})"""


def measure_page(browser: Browser, path: Path, stories: int) -> dict[str, Any]:
    """Tell `stories` stories on a page."""
    browser.open(path)
    browser.wait_for("document.documentElement.dataset.checked")
    is_right = browser.evaluate("document.documentElement.dataset.checked") == "true"
    tokens, seconds, computed = [], [], []
    for seed in range(1, stories + 1):
        told = browser.evaluate(_TELL % seed)
        words = told["status"].replace(",", "").split()  # "267 tokens · 9000 tokens/s · seed 1"
        tokens.append(int(words[0]))
        computed.append(int(words[3]))
        seconds.append(told["ms"] / 1000)
    rates = [count / took for count, took in zip(tokens, seconds, strict=True)]
    return {
        "tokens_per_second": round(sum(tokens) / sum(seconds)),
        "of_the_median_story": round(statistics.median(rates)),
        "of_the_slowest_story": round(min(rates)),
        "of_the_first_story": round(rates[0]),
        "computing_alone_in_the_median_story": round(statistics.median(computed)),
        "tokens": sum(tokens),
        "stories": stories,
        "logits_equal_to_the_reference": is_right,
        "page_bytes": path.stat().st_size,
    }


def measure(models: list[str], stories: int) -> dict[str, Any]:
    """A row of all models."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("needs Chromium (Debian: apt install chromium, or its path in LILLIPUT_CHROMIUM)")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for model in models:
            page = Path(name) / f"{Path(model).resolve().name}.html"
            export_html(find_model(Path(model)), page, None, None)
            with run_chromium(chromium) as browser:  # a fresh one each: nothing is compiled yet
                version = browser.evaluate("navigator.userAgent").split("Chrome/")[1].split()[0]
                rows.append({"model": page.stem, **measure_page(browser, page, stories)})
    return {"name": "browser_speed", "chromium": version, "models": rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--stories", type=int, default=20)
    parser.add_argument("-o", type=Path, help="a file for the row")
    wish = parser.parse_args()
    row = json.dumps(measure(wish.models, wish.stories), indent=1)
    print(row)
    if wish.o:
        write_text(wish.o, row + "\n")
