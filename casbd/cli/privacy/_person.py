"""The one person whom a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from casbd.activity_log.people import Place
from casbd.cli._common import cell
from casbd.model.identity import canonical
from casbd.personal_data import privacy


def place_fields(place: Place) -> dict[str, str]:
    """What `--app` and `--instance` said, for the audit trail."""
    return {name: value for name, value in zip(("app", "instance"), place, strict=True) if value is not None}


@contextmanager
def one_person(user: str) -> Iterator[None]:
    """Wrong use where several people have the name and no option says which, or where it is no name."""
    if not canonical(user):
        raise click.BadParameter("an empty name is nobody's", param_hint="USER")
    try:
        yield
    except privacy.SeveralPeople as error:
        message = f"several are called {cell(user)}: {cell(str(error))}; --app and --instance say which"
        raise click.BadParameter(message, param_hint="USER") from None
