"""A monthly report as the content of a file."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from casbd.reports.html import html
from casbd.reports.markdown import markdown
from casbd.reports.monthly import MonthlyReport
from casbd.reports.words import document
from casbd.wire import json_lines

FORMS: dict[str, Callable[[MonthlyReport], bytes]] = {
    ".html": lambda report: _bytes(html(document(report))),
    ".md": lambda report: _bytes(markdown(document(report))),
    ".json": lambda report: json_lines.line(msgspec.to_builtins(report)) + b"\n",
}
"""By how the file's name ends."""


def written(report: MonthlyReport, ending: str) -> bytes:
    """The content of a file whose name ends so, one of FORMS."""
    return FORMS[ending](report)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
