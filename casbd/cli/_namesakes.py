"""`--app` and `--instance` beside a user's name: which one is meant of those who are called so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


_OPTIONS = (
    click.option("--instance", "of_instance", help="The one of this instance (tenant, account) of an app."),
    click.option("--app", "of_app", help="Of several with this name, which is no address, the one of this app."),
)


def namesake_options(function: F) -> F:
    """`--app` and `--instance`, as one `place`; an address is one person in all of them."""

    @wraps(function)
    def with_place(*arguments: Any, of_app: str | None, of_instance: str | None, **others: Any) -> Any:
        return function(*arguments, place=(of_app, of_instance), **others)

    decorated: Any = with_place
    for option in _OPTIONS:
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
