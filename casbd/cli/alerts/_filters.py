"""The options that say which alerts are asked for, shared by the commands that take them.

@filter_options("open")
@click.pass_obj
def list_alerts(configuration: Path, /, chosen: Chosen) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import msgspec

from casbd.cli._common import Time, cell, check_span
from casbd.cli._known import require_policy, require_value
from casbd.cli._screen import real
from casbd.model.alert import SEVERITIES, SYSTEM, Category
from casbd.pseudonyms import Pseudonyms
from casbd.records import addresses
from casbd.store.database import Store
from casbd.store.state import raised_alerts
from casbd.store.state.alert_filters import STATES, AlertFilters

F = TypeVar("F", bound=Callable[..., Any])
NOBODY = "-"
"""Whose alerts are nobody's."""
_OPTIONS = (
    click.option("--severity", type=click.Choice(SEVERITIES)),
    click.option("--category", type=click.Choice([*get_args(Category), SYSTEM], case_sensitive=False)),
    click.option("--app"),
    click.option("--user", help="The name, or a part of it; where pseudonyms are shown, the whole of one."),
    click.option("--policy", "policy_id", help="A policy's id."),
    click.option("--ip", "ip_address", help="An IP address."),
    click.option("--assigned", "assigned_to", metavar="WHO", help="Whose they are; - is nobody's."),
    click.option("--incident", "incident_id", metavar="ID", help="Those of an incident; the beginning of its id is enough."),
    click.option("--held-back", is_flag=True, help="Only those that were stored without being sent (daily_limit, suppress)."),
    click.option("--from", "since", type=Time(), help="Whose last activity is not before this time."),
    click.option("--to", "until", type=Time(end=True), help="Whose first activity is not after this time; a day alone is included."),
)
_NAMES = frozenset({name for name in AlertFilters.__struct_fields__ if name not in ("status", "name_part")})


def filter_options(state: str) -> Callable[[F], F]:
    """All of them, as one parameter `filters`. state: what is meant where `--status` is left out."""
    status = click.option("--status", "state", type=click.Choice(STATES), default=state, show_default=True)

    def decorated(function: F) -> F:
        @wraps(function)
        def called(*arguments: Any, **options: Any) -> Any:
            filters = AlertFilters(**{name: options.pop(name) for name in _NAMES})
            check_span(filters.since, filters.until)
            return function(*arguments, filters=filters, **options)

        for option in (*reversed(_OPTIONS), status):
            called = option(called)
        return called  # type: ignore[return-value]

    return decorated


def checked(filters: AlertFilters, configuration: Path, store: Store, shown: Pseudonyms) -> AlertFilters:
    """The same with real names, and a part of a user's name as such. Wrong use where a policy or an app is nobody's."""
    if filters.policy_id is not None:
        require_policy(configuration, store, filters.policy_id)
    app = filters.app
    if app is not None and next(raised_alerts.find(store.connection, app=app), None) is None:
        require_value(configuration, store, "--app", "app", app)
    changes: dict[str, str | None] = {"assigned_to": "" if filters.assigned_to == NOBODY else filters.assigned_to}
    if filters.user is not None and "user" not in shown.fields:  # by parts of names one could find out whose a pseudonym is
        changes |= {"user": None, "name_part": filters.user}
    elif filters.user is not None:
        changes["user"] = real(store, shown, filters.user)
    if filters.ip_address is not None:
        changes["ip_address"] = _address(real(store, shown, filters.ip_address))
    return msgspec.structs.replace(filters, **changes)


def _address(text: str) -> str:
    ip = addresses.parse(text).ip
    if ip is None:
        raise click.BadParameter(f"{cell(text)} is no IP address; write 192.0.2.1 or 2001:db8::1", param_hint="--ip")
    return ip
