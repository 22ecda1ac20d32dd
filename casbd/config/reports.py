"""The section `reports`: what is mailed by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from casbd.documents import Document
from casbd.documents.mail_addresses import MailAddress
from casbd.errors import Mistake
from casbd.plugins import Options


def _somebody(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if not addresses:
        raise ValueError("should name somebody, such as [ciso@example.com]")
    return addresses


class Monthly(Options):
    """to: who gets the report of each month, on the first day of the next one."""

    to: Annotated[tuple[MailAddress, ...], AfterValidator(_somebody)]


class Reports(Options):
    """monthly: None mails nothing; `casbd report monthly` makes one at any time."""

    monthly: Monthly | None = None


def unsent(document: Document, reports: Reports) -> Iterator[Mistake]:
    """What goes nowhere, as no mail does."""
    if reports.monthly is not None and document.data.get("mail") is None:
        hint = "mail: {host: ..., from: ...}"
        yield document.mistake(("reports", "monthly"), "no report is mailed without the section `mail`", hint)
