"""Names that options ask for: one that is nobody's is wrong use, as an empty list would look like an answer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import click

from casbd.cli._common import cell
from casbd.documents.wording import nearest
from casbd.errors import Mistakes
from casbd.store.database import Store
from casbd.store.state import raised_alerts

OWN = "casbd."
"""Begins the ids of what raises alerts about casbd itself."""
_FEW = 20
"""So many names can be listed in one line."""
_CALLED = {"app": "app", "user_groups": "user group"}
"""The fields whose values options name, and what they are called."""


def require(option: str, what: str, name: str, known: Iterable[str], where: str) -> None:
    """Go on if the name is known, without regard to case; else wrong use, with the nearest one.

    known: names, or patterns of fnmatch. where: in which places it was looked for.
    """
    patterns = {*known}
    if any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns):
        return
    plain = [pattern for pattern in patterns if "*" not in pattern]
    hint = nearest(name, plain)
    hint = f"; {hint}" if hint.startswith("did") or 0 < len(plain) <= _FEW else ""
    raise click.BadParameter(cell(f"there is no {what} {name} {where}{hint}"), param_hint=option)


def require_policy(configuration: Path, store: Store, policy_id: str) -> None:
    """Go on if the policy is configured, or an alert is (or could be) of it."""
    if policy_id.casefold().startswith(OWN) or raised_alerts.any_of_policy(store.connection, policy_id):
        return
    from casbd.config import reading
    from casbd.policies import loading  # long to load, and seldom asked

    configured: list[str] = []
    with suppress(Mistakes):  # rules or a configuration that are broken hold nobody from looking at alerts
        configured = [path.stem for path in loading.rule_files(reading.read(configuration)[0].rules)]
    require("--policy", "policy", policy_id, configured, "in the rules, nor an alert of one")


def require_value(configuration: Path, store: Store, option: str, field: str, value: str) -> None:
    """Go on if the log or an alert has the value, or the configuration or a format knows it: then there is just nothing of it."""
    from casbd.activity_log import ActivityLog, Wanted

    logged = ActivityLog(store).counts(Wanted([], lambda: 0), [field])
    known = {one for (one,) in logged if one is not None}
    if field == "app":
        known |= {alert.app for alert in raised_alerts.find(store.connection) if alert.app}
    with suppress(Mistakes):
        known |= _configured(configuration, field)
    require(option, _CALLED[field], value, known, "in the activity log, nor in the configuration")


def _configured(configuration: Path, field: str) -> frozenset[str]:
    """What inputs and lists may put into a field. Raises Mistakes."""
    from casbd.config import reading
    from casbd.daemon.known_words import known_words
    from casbd.plugins import Grouping, registry

    settings, _ = reading.read(configuration)
    kinds = registry.load_all("enrichers").items()
    grouping = [cls(settings.enrichers[name]) for name, cls in kinds if issubclass(cls, Grouping)] if field == "user_groups" else []
    return known_words(settings, grouping).get(field, frozenset())
