"""`casbd users reset-priority`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log.people import Place
from casbd.cli._namesakes import namesake_options
from casbd.cli.users import _changed
from casbd.store.state import priority


@click.command("reset-priority")
@click.argument("user")
@namesake_options
@click.pass_obj
def reset_priority(configuration: Path, user: str, place: Place) -> None:
    """Set a user's investigation priority to 0: what has added to it until now counts no more, what comes later does.

    Alerts stay as they are. It is noted in the audit trail. Exit code 1 if nobody knows the user.
    """
    _changed.of_user(configuration, user, place, "users reset-priority", priority.forgive, "of {0} alert{1} nothing counts any more")
