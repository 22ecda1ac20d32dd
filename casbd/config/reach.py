"""Whose accounts a connector takes: those of an app and instance, or every address of a directory's domains."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from casbd.documents.name_patterns import domain_pattern
from casbd.plugins import Options


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_several)]


class Reach(Options):
    """app, instance: as activities have them in `app` and `app_instance`; one or a list, `*` is any characters.

    domains: every address of these is taken, whatever app its user was seen in; `*.contoso.com` is all below contoso.com. Where nothing
    is said the connector takes every address, and no other name: it would not be known in which app that is somebody.
    """

    app: Names = ()
    instance: Names = ()
    domains: Annotated[tuple[Annotated[str, AfterValidator(domain_pattern)], ...], BeforeValidator(_several)] = ()
