"""A process that runs command lines in children of its own, so that each begins without an import.

A line of JSON on stdin is the arguments of one; its answer is two lines: the child's process id, and how it
ended (waitpid's status).
"""

import asyncio  # noqa: F401
import json
import os
import sys

import openai  # noqa: F401

import lilliput.stories.writing.write  # noqa: F401
from lilliput.app.cli import run

for line in sys.stdin:
    arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(arguments.pop(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
        os.dup2(1, 2)
        os._exit(run(arguments))
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
