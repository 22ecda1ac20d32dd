"""What changed in rules and configuration, with the difference, and by whom as far as that is known."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

from casbd.policies.policy import Policy
from casbd.pseudonyms import Pseudonyms
from casbd.records.timestamps import iso
from casbd.reports.month import Month
from casbd.reports.monthly import Change, LastChange
from casbd.store.database import Store
from casbd.store.state import audit, file_versions
from casbd.store.state.audit import Entry
from casbd.store.state.file_versions import Changed, Version
from casbd.wire.plain_text import cut

MOST = 50
"""Changes that a report lists; lines of a difference that it shows."""
LONGEST_LINE, MOST_LINES = 160, 1_000


def changes(store: Store, shown: Pseudonyms, month: Month) -> list[Change]:
    """Those of a month, the newest first."""
    entries = [entry for entry in audit.listed(store.connection, month.plus(-1).since, month.until) if entry.who != audit.DAEMON]
    found: list[Change] = []
    for one in file_versions.changes(store.connection, month.since, month.until):
        version = one.version
        found.append(
            Change(
                at=iso(version.at),
                kind=version.kind,
                name=version.name,
                what=version.what,
                while_stopped=version.while_stopped,
                by=_by(one, entries),
                diff=shown.text(difference(one.text_before, version.text)),
            )
        )
        if len(found) == MOST:
            break
    return found


def _by(one: Changed, entries: Sequence[Entry]) -> str:
    """The person who did it by a command, as the audit trail says; else whose the file is: an editor leaves no name."""
    version = one.version
    for entry in reversed(entries):
        if (one.at_before or 0) < entry.at <= version.at and version.name in (entry.target, entry.detail.get("file")):
            return f"{entry.who} (casbd {entry.action})"
    return f"an editor, in a file of {version.owner}" if version.owner else "not known"


def difference(before: str | None, after: str | None) -> str:
    """Two texts as a unified diff without its head, cut where it is long; empty where no text is known of either."""
    if before is None and after is None:
        return ""
    old, new = ([cut(line, LONGEST_LINE) for line in (text or "").splitlines()[:MOST_LINES]] for text in (before, after))
    lines = [*unified_diff(old, new, lineterm="", n=1)][2:]
    more = [f"... and {len(lines) - MOST:,} more lines"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *more])


def last_configuration_change(store: Store) -> str | None:
    """When a section of the configuration was last changed, as far as casbd has seen."""
    seen = [one.at for one in file_versions.latest(store.connection, "configuration") if one.what != "first"]
    return iso(max(seen)) if seen else None


def last_changes(store: Store, policies: Sequence[Policy]) -> dict[str, LastChange]:
    """Of each policy whose file was looked at, by its id: since when its file says what it says."""
    ids = {policy.id for policy in policies}
    return {one.name: _last(one) for one in file_versions.latest(store.connection, "policy") if one.name in ids}


def _last(version: Version) -> LastChange:
    """A file that was there when casbd began to look says itself when it was written."""
    at = version.modified if version.what == "first" and version.modified is not None else version.at
    return LastChange(version.name, iso(at), version.what)
