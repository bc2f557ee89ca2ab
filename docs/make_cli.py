"""Write docs/cli.md from the commands' own help. `python docs/make_cli.py` (a test compares)."""

import os
import subprocess
import sys
from pathlib import Path

COMMANDS = [
    [], ["story"], ["tell"], ["serve"], ["data"], ["data", "fetch"], ["data", "make"], ["data", "info"],
    ["data", "instruct"], ["data", "write"],
    ["data", "clean"],
    ["tokenizer"], ["tokenizer", "train"], ["tokenizer", "measure"], ["train"], ["evaluate"],
    ["quantize"], ["import"], ["export"], ["play"], ["presets"], ["info"], ["bench"],
]  # fmt: skip

HEAD = """\
# The command line

Made by `make docs` from the commands' own help; a test keeps it true. Results go to stdout, everything about
the work to stderr. Exit status: 0 done, 2 a mistake that one line on stderr explains, 130 stopped by Ctrl-C
(a training run saves itself and ends with 0).
"""


def help_of(command: list[str]) -> str:
    """What `lilliput COMMAND --help` prints on a terminal of 90 columns."""
    environment = {**os.environ, "COLUMNS": "90", "TERMINAL_WIDTH": "90", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "lilliput", *command, "--help"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().split("\n"))


def page() -> str:
    """All of docs/cli.md."""
    parts = [HEAD]
    for command in COMMANDS:
        parts.append(f"\n## {' '.join(['lilliput', *command])}\n\n```\n{help_of(command)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(page(), encoding="utf-8")
