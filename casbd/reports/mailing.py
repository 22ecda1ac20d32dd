"""The monthly report as a mail: what is most important in it, and the whole page as an attachment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.message import EmailMessage

from casbd.reports.document import Document, Figures, Steps
from casbd.reports.html import html
from casbd.reports.monthly import MonthlyReport
from casbd.reports.words import document
from casbd.wire.mail_message import automatic_mail
from casbd.wire.plain_text import single_line


def mail(report: MonthlyReport, sender: str, to: Sequence[str], at: int) -> EmailMessage:
    """The mail; that of the same month to the same people has the same `Message-ID`. at: its date (ms).

    Programs for mail show no SVG, so the charts are in the attachment alone.
    """
    whole = document(report)
    footer = f"The whole report is attached. {whole.footer}"
    short = Document(whole.title, whole.lead, whole.sections[:1], footer)
    message = automatic_mail(f"report {report.month}", sender, to, f"[casbd] {whole.title}", at)
    message.set_content("\n".join(_lines(short)) + "\n")
    message.add_alternative(html(short), subtype="html")
    message.add_attachment(html(whole), subtype="html", filename=f"casbd-{report.month}.html")
    return message


def _lines(short: Document) -> Iterator[str]:
    """The same as plain text: numbers, and steps."""
    yield from (single_line(short.title), "", single_line(short.lead), "")
    for block in short.sections[0].blocks:
        if isinstance(block, Figures):
            for one in block.figures:
                note = f" ({single_line(one.note)})" if one.note else ""
                yield f"  {single_line(one.label)}: {single_line(one.value)}{note}"
        elif isinstance(block, Steps):
            for place, step in enumerate(block.steps, 1):
                yield from ("", f"{place}. {single_line(step.what)} {single_line(step.why)}", f"   {single_line(step.do)}")
    yield from ("", single_line(short.footer))
