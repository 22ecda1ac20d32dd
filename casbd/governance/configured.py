"""The rails of a configuration, from its settings and what its plugins know."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from casbd.config.settings import Settings
from casbd.documents.name_patterns import NamePatterns
from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Connector, Enricher, Grouping, Previewing
from casbd.policies.policy import Policy
from casbd.wire.plain_text import cut, single_line

log = logging.getLogger(__name__)

LONGEST_TEXT = 2000
"""Characters that are kept of what a connector says."""


def bounded(text: str) -> str:
    """What a connector says, as it is kept: one line, not too long."""
    return cut(single_line(text), LONGEST_TEXT)


def rails_of(
    settings: Settings, enrichers: Iterable[Enricher], policies: Iterable[Policy] | None, connectors: Mapping[str, Connector]
) -> Rails:
    """The rails. policies: those of today; None where nobody asks about them. connectors: those that can be asked what they would send."""
    knowing = [enricher for enricher in enrichers if isinstance(enricher, Grouping)]
    return Rails(
        settings.governance,
        lambda user: [group for one in knowing for group in one.groups_of(user)],
        policies,
        {connector.name: connector.reach for connector in settings.connectors},
        administrators=_administrators(knowing, settings.governance.administrators_groups),
        preview=lambda command: _preview(connectors.get(command.connector), command),
    )


def _administrators(knowing: Sequence[Grouping], patterns: Sequence[str]) -> list[str]:
    groups = NamePatterns(patterns)
    return [name for one in knowing for group in one.groups() if groups.matching(group) for name in one.members_of(group)]


def _preview(connector: Connector | None, command: GovernanceCommand) -> str:
    if not isinstance(connector, Previewing):
        return ""
    try:
        return bounded(connector.preview(command))
    except Exception:  # a bug in a connector: nothing is to be sent, and the alert must be stored all the same
        log.exception("a connector broke over saying what it would send: please report it", extra={"connector": command.connector})
        return ""
