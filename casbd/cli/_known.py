"""Names that arguments of lists ask for: one that is nobody's is told, where an empty list would look like an answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell
from casbd.documents import nearest
from casbd.errors import Mistakes
from casbd.store import alerts
from casbd.store.database import Store

OWN = "casbd."
"""Begins the ids of what raises alerts about casbd itself."""


def require(what: str, given: str, known: Iterable[str], where: str) -> None:
    """Go on if the name is known, without regard to case; else the end of the program. where: in which places it was looked for."""
    names = [*known]
    if given.casefold() in {name.casefold() for name in names}:
        return
    hint = nearest(given, names)
    hint = f"; {hint}" if hint.startswith("did") else ""
    click.echo(f"casbd: there is no {what} {cell(given)} {where}{cell(hint)}", err=True)
    sys.exit(EXIT_NO)


def require_policy(configuration: Path, store: Store, policy_id: str) -> None:
    """Go on if the policy is configured, or an alert is (or could be) of it."""
    if policy_id.casefold().startswith(OWN) or alerts.any_of_policy(store.connection, policy_id):
        return
    from casbd import config, policies  # long to load, and seldom asked

    configured: list[str] = []
    with suppress(Mistakes):  # rules or a configuration that are broken hold nobody from looking at alerts
        configured = [path.stem for path in policies.rule_files(config.read(configuration)[0].rules)]
    require("policy", policy_id, configured, "in the rules, nor an alert of one")
