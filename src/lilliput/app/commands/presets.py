"""`lilliput presets`: the named plans."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import print_groups, print_json

if TYPE_CHECKING:
    from lilliput.training.plan import Plan


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this one whole, as the plan file it is.")] = None,
    as_json: options.Json = False,
) -> None:
    """\b
    Examples:
      lilliput presets
      lilliput presets pocket --json

    List the named plans that `lilliput train` takes, by who made them, or show one.
    """
    from lilliput.presets import GROUPS, find_plan

    if name is not None:
        plan = find_plan(name)
        if as_json:
            print_json(plan.model_dump())
        else:
            print(plan.as_toml(), end="")
        return
    rows = {title: [_row(make()) for make in group] for title, group in GROUPS.items()}
    if as_json:
        print_json([{**row, "group": title} for title, group in rows.items() for row in group])
    else:
        headings = ["name", "family", "parameters", "w/o embeddings", "ids", "context"]
        print_groups(
            headings, {title: [list(row.values()) for row in group] for title, group in rows.items()}
        )


def _row(plan: "Plan") -> dict[str, Any]:
    from lilliput.models.count import count_parameters

    count = count_parameters(plan.model)
    return {
        "name": plan.name,
        "family": plan.model.family,
        "parameters": count.parameters,
        "parameters_without_embeddings": count.parameters_without_embeddings,
        "vocab_size": plan.model.vocab_size,
        "context": plan.model.context,
    }
