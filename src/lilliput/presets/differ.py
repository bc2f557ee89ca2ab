"""Presets as differences from one another."""

from typing import Any

from lilliput.training.plan import Plan


def differ(base: Plan, name: str, *, model: dict[str, Any] | None = None, **train: Any) -> Plan:
    """`base` under another name, with other values of `model` and, by keyword, of `train`; all checked."""
    return base.with_changes({"name": name, "model": model or {}, "train": train}, name)
