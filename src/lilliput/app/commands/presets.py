"""`lilliput presets`: the named plans."""

from typing import Annotated

import typer

from lilliput.app import options
from lilliput.app.output import print_json, print_table


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this one whole, as the plan file it is.")] = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput presets
      lilliput presets pocket --json

    List the named plans that `lilliput train` takes, or show one.
    """
    from lilliput.models.count import count_parameters
    from lilliput.presets import PRESETS, find_plan

    if name is not None:
        print_json(find_plan(name).model_dump())
        return
    rows = []
    for preset, make in PRESETS.items():
        plan = make()
        count = count_parameters(plan.model)
        rows.append(
            {
                "name": preset,
                "family": plan.model.family,
                "parameters": count.parameters,
                "parameters_without_embeddings": count.parameters_without_embeddings,
                "vocab_size": plan.model.vocab_size,
                "context": plan.model.context,
            }
        )
    if as_json:
        print_json(rows)
    else:
        headings = ["name", "family", "parameters", "without embeddings", "ids", "context"]
        print_table(headings, [list(row.values()) for row in rows])
