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
        plan = find_plan(name)
        if as_json:
            print_json(plan.model_dump())
        else:
            print(plan.as_toml(), end="")
        return
    rows = []
    for preset, make in PRESETS.items():
        model = make().model
        count = count_parameters(model)
        rows.append(
            {
                "name": preset,
                "family": model.family,
                "parameters": count.parameters,
                "parameters_without_embeddings": count.parameters_without_embeddings,
                "vocab_size": model.vocab_size,
                "context": model.context,
            }
        )
    if as_json:
        print_json(rows)
    else:
        headings = ["name", "family", "parameters", "without embeddings", "ids", "context"]
        print_table(headings, [list(row.values()) for row in rows])
