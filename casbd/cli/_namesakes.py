"""`--app` and `--instance` beside a user's name: which one is meant of those who are called so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def namesake_options(function: F) -> F:
    """`--app` and `--instance`; an address is one person in all of them."""
    function = click.option("--instance", help="The one of this instance (tenant, account) of an app.")(function)
    return click.option("--app", help="Of several with this name (no address) the one of this app.")(function)
