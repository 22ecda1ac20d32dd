"""`casbd privacy`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("privacy", cls=Commands, package=__name__)
def privacy() -> None:
    """Tell a person what is known about them, and forget it.

    A person is found by the user's name, and by the ids and full names that only this user's activities have: in their own activities,
    in those of others, in alerts, commands, counted activities, rejects and messages that wait; also where names are escaped, as in
    URLs, JSON or HTML. Not where they are inside base64, compressed, encrypted or pictures, or cut in two. Where several have a
    name, which is no address, --app and --instance say who is meant; what does not say of which app it is (rejects, the audit
    trail) counts as theirs.
    """
