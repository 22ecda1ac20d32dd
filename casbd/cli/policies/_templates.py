"""`--template`: which there are."""

from __future__ import annotations

from collections.abc import Iterable

from casbd.cli._known import require


def require_template(template: str, names: Iterable[str]) -> None:
    """Wrong use where there is no such template."""
    require("--template", "template", template, names, "(`casbd policies templates` lists them)")
