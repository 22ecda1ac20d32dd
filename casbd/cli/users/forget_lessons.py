"""`casbd users forget-lessons`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log.people import Place
from casbd.cli._namesakes import namesake_options
from casbd.cli.users import _changed
from casbd.store.state import priority


@click.command("forget-lessons")
@click.argument("user")
@namesake_options
@click.pass_obj
def forget_lessons(configuration: Path, user: str, place: Place) -> None:
    """Forget what closing a user's alerts as false positives has taught: alerts like them add as much again as those of others.

    The alerts stay closed. It is noted in the audit trail. Exit code 1 if nobody knows the user.
    """
    _changed.of_user(configuration, user, place, "users forget-lessons", priority.forget_lessons, "forgotten what {0} alert{1} taught")
