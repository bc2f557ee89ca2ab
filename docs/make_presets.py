"""Write docs/presets.md from the presets themselves. `python docs/make_presets.py` (a test compares)."""

import inspect
import sys
from pathlib import Path

from lilliput.models.count import count_parameters
from lilliput.presets import GROUPS, Preset

HEAD = """\
# Presets

Made by `make docs` from the presets' own docstrings; a test keeps it true, others assert every count and
run a step of each. `lilliput presets` lists them, `lilliput presets NAME` prints one as the plan file it
is, `lilliput train NAME` trains it, and `--set` or a plan file with `base = "NAME"` changes it. Batches,
rates, schedules and budgets are the published ones where they are published; `--minutes` or `--tokens`
gives another end. A batch here is counted in targets, and whole stories are its rows.

Without `--set tokenizer=FILE` a run trains its own vocabulary on its stories, of 259 to 50,257 ids: presets
with another number of ids need the file, or another `--set model.vocab_size`. Where a system has what no
family of `transformers` has (no norms, a bias of the output, LayerNorm with grouped keys), the nearest
shape is here and its difference is said, since a model of ours is a folder that `transformers` loads.
"""
COLUMNS = """\
| name | family | parameters | without embeddings | ids | context | |
| --- | --- | ---: | ---: | ---: | ---: | --- |
"""


def page() -> str:
    """All of docs/presets.md."""
    parts, told = [HEAD], set()
    for title, group in GROUPS.items():
        module = sys.modules[group[0].__module__]
        parts.append(f"\n## {title}\n\n")
        if module.__name__ not in told:
            parts.append(f"{inspect.cleandoc(module.__doc__ or '')}\n\n")
            told.add(module.__name__)
        parts.append(COLUMNS)
        parts += [_row(preset) for preset in group]
    return "".join(parts)


def _row(preset: Preset) -> str:
    model = preset().model
    count = count_parameters(model)
    numbers = (count.parameters, count.parameters_without_embeddings, model.vocab_size, model.context)
    cells = [f"`{preset.__name__}`", model.family, *(f"{number:,}" for number in numbers)]
    return f"| {' | '.join([*cells, ' '.join((preset.__doc__ or '').split())])} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("presets.md").write_text(page(), encoding="utf-8")
