"""What a person asks for, with no policy: by the same rails."""

from __future__ import annotations

import sqlite3

from casbd.alerting.raising import identity
from casbd.governance import deciding
from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.store.state import governance_log, outbox


def ask(
    connection: sqlite3.Connection,
    action: str,
    target: str,
    connector: str,
    who: str,
    rails: Rails,
    now: int,
    *,
    app: str | None = None,
    app_instance: str | None = None,
    reason: str = "",
) -> GovernanceCommand:
    """A command of a person's, in the governance log and, where nothing speaks against it, queued.

    app, app_instance: where the target is somebody, unless it is an address. In the mode approve it waits for approval like any other.
    """
    same = sum(1 for _ in governance_log.of_target(connection, target))
    wanted = GovernanceCommand(
        command_id=identity("run", action, target, connector, str(now), str(same)),
        action=action,
        connector=connector,
        target=target,
        status="blocked",
        reason=reason or f"asked for by {who}",
        created=now,
        app=app,
        app_instance=app_instance,
        who=who,
    )
    command = deciding.settled(connection, wanted, rails, now)
    if command.status == "queued":
        outbox.add(connection, outbox.connector_destination(connector), command)
    return command
