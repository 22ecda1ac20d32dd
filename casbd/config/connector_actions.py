"""Which actions may be asked of each configured connector."""

from __future__ import annotations

from casbd.config.settings import Settings
from casbd.model.governance import ACTIONS
from casbd.plugins import registry


def connector_actions(settings: Settings) -> dict[str, frozenset[str]] | None:
    """By a connector's name, what its plugin knows, or what its option `actions` says it takes; for `*` casbd's own actions.

    None where a connector is not known, as it is written wrong.
    """
    if not settings.all_connectors:
        return None
    actions = {}
    for connector in settings.connectors:
        listed = {*getattr(connector.options, "actions", registry.load("connectors", connector.type).actions)}
        actions[connector.name] = frozenset(listed - {"*"} | ({*ACTIONS} if "*" in listed else set()))
    return actions
