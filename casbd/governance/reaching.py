"""Whether a command is about an account that its connector takes: two tenants' `bob` are two people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from casbd.config.reach import Reach
from casbd.config.settings import Settings
from casbd.documents import Document, nearest
from casbd.documents.name_patterns import NamePatterns
from casbd.errors import Mistake
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import is_address, spelling
from casbd.policies.policy import Policy


def out_of_reach(command: GovernanceCommand, reach: Reach) -> str:
    """Why the connector of a command, which takes such accounts, does not take its target; empty where it does."""
    name = spelling(command.target)
    everywhere = is_address(name)
    if everywhere and NamePatterns(reach.domains).matching(name.rpartition("@")[2]):
        return ""
    if not (reach.app or reach.instance or reach.domains):
        message = f"{command.target} is somebody only within {_place(command)}, and the connector {command.connector} does not say"
        return "" if everywhere else f"{message} whose accounts it takes (app, instance, domains)"
    # An address is the same person in each instance; any other name must be in one that the connector names.
    of_app = _meets(reach.app, command.app) if reach.app else bool(reach.instance)
    of_instance = _meets(reach.instance, command.app_instance) if reach.instance else everywhere or command.app_instance is None
    if of_app and of_instance:
        return ""
    return f"{command.target} was seen in {_place(command)}, and the connector {command.connector} takes {_taken(reach)}"


def _meets(patterns: tuple[str, ...], value: str | None) -> bool:
    return value is not None and NamePatterns(patterns).matching(value) is not None


def _place(command: GovernanceCommand) -> str:
    instance = f" ({command.app_instance})" if command.app_instance else ""
    return f"{command.app or 'an unknown app'}{instance}"


def _taken(reach: Reach) -> str:
    """`AWS, instance 1111, or addresses of contoso.com`."""
    where = [*reach.app, *(f"instance {one}" for one in reach.instance)]
    if reach.app and not reach.instance:
        where.append("no instance by its name")
    addresses = f"addresses of {', '.join(reach.domains)}" if reach.domains else ""
    return ", or ".join(filter(None, (", ".join(where), addresses)))


def doubtful_reach(document: Document, settings: Settings, policies: Iterable[Policy], apps: Collection[str] | None) -> Iterator[Mistake]:
    """Warnings: apps that no format writes, so that nothing is ever sent for them; and, where there are several tenants, connectors that
    policies ask and that do not say whose accounts they take.

    apps: patterns of fnmatch; None where any may come.
    """
    in_use = {connector for policy in policies if policy.enabled for _, connector in policy.governance}
    instances = {entry.spec.instance for entry in settings.inputs}
    places = {name: index for index, name in enumerate(_names(document))}
    for connector in settings.connectors:
        if connector.name not in places:
            continue  # it is built in: mail goes to an address, whoever's tenant that is
        where = ("connectors", places[connector.name])
        for app in connector.reach.app:
            if apps is not None and not any(_alike(app.casefold(), known.casefold()) for known in apps):
                message = f"no activity has the app `{app}`: the connector {connector.name} gets no command for it"
                yield document.mistake((*where, "app"), message, nearest(app, apps), at_key=False)
        if connector.reach == Reach() and connector.name in in_use and len(instances) > 1:
            message = f"the connector {connector.name} takes everybody's address, of {len(instances)} instances of inputs"
            yield document.mistake(where, message, "app, instance or domains say whose accounts it takes")


def _names(document: Document) -> list[str]:
    listed = document.data.get("connectors")
    return [str(item.get("name")) if isinstance(item, dict) else "" for item in listed] if isinstance(listed, list) else []


def _alike(one: str, other: str) -> bool:
    return fnmatchcase(one, other) or fnmatchcase(other, one)
